"""Records what goes into the machine and what comes out, and replays it: the proof that it is deterministic.

A file holds any number of lives: `boot` begins one, `in` is an input, written before it is fed, `out` what
came out. So the input that killed a machine is there too. It must never hold a daemon up: nothing is made
durable; but a record that cannot be written ends the daemon, which was asked for it.

    python -m conman.engine.recorder FILE       replays; agreed, or what differs
"""

import os
import sys
from collections.abc import Iterator, Sequence

from conman.core.machine import Machine
from conman.core.outputs import Output
from conman.engine.codec import parse, render
from conman.engine.inputs import Boot, Input, feed

BOOT, INPUT, OUTPUT = "boot", "in", "out"


class Recorder:
    """Appends to a file that only its owner may read."""

    def __init__(self, path: str) -> None:
        self._file = open(path, "ab", buffering=0, opener=_private)  # noqa: SIM115 - closed by close
        if _is_torn(path):
            self._write("")

    def note_input(self, given: Input) -> None:
        self._write(f"{BOOT if isinstance(given, Boot) else INPUT} {render(given)}")

    def note_outputs(self, outputs: Sequence[Output]) -> None:
        self._write(f"{OUTPUT} {render(tuple(outputs))}")

    def close(self) -> None:
        self._file.close()

    def _write(self, line: str) -> None:
        left = memoryview(f"{line}\n".encode())
        while left:
            left = left[self._file.write(left) or 0 :]


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _is_torn(path: str) -> bool:
    """Whether the last life ended in the middle of a line."""
    with open(path, "rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return False
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"


def replay(path: str) -> list[str]:
    """What a fresh machine does otherwise, a sentence each; empty: it does the same, byte for byte."""
    with open(path, encoding="ascii") as file:
        lines = [line.rstrip("\n") for line in file]
    return list(_mismatches(lines))


def _mismatches(lines: Sequence[str]) -> Iterator[str]:
    machine: Machine | None = None
    told = ""
    for number, line in enumerate(lines, 1):
        try:
            kind, text = _split(line)
            if kind == OUTPUT:
                yield from _differences(number, text, told, is_last=_is_last(lines, number))
            elif line:
                given = parse(text)
                machine = Machine(given.setting) if isinstance(given, Boot) else machine
                told = _fed(machine, given)
        except ValueError as error:
            # A kill may tear the last line of a life; anywhere else the record is damaged.
            if not _is_last(lines, number):
                yield f"line {number} cannot be read: {error}"


def _split(line: str) -> tuple[str, str]:
    kind, _, text = line.partition(" ")
    if kind not in (BOOT, INPUT, OUTPUT, ""):
        raise ValueError(f"{kind!r} is no kind of line")
    return kind, text


def _fed(machine: Machine | None, given: Input) -> str:
    """What comes out. A machine that dies of its input says how, as no recorded one could."""
    if machine is None:
        raise ValueError("an input before any boot")
    try:
        outputs = feed(machine, given)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the difference
        return f"{type(error).__name__}: {error}"
    return render(tuple(outputs))


def _differences(number: int, recorded: str, replayed: str, *, is_last: bool) -> Iterator[str]:
    if recorded != replayed and not (is_last and replayed.startswith(recorded)):
        yield f"line {number}: recorded {recorded}, replayed {replayed}"


def _is_last(lines: Sequence[str], number: int) -> bool:
    """Whether a life ends with line `number` (counted from 1)."""
    following = next((line for line in lines[number:] if line), BOOT)
    return following.partition(" ")[0] == BOOT


def main() -> int:
    if len(sys.argv) != 2:
        sys.stderr.write("usage: python -m conman.engine.recorder FILE\n")
        return 2
    differences = replay(sys.argv[1])
    for difference in differences:
        sys.stdout.write(f"mismatch: {difference}\n")
    if not differences:
        sys.stdout.write("agreed: a fresh machine gives the same outputs\n")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
