"""The annotation `fakerunc.exit`: how a container's stand-in is to behave, whatever its program is.

    fakerunc.exit = after:100ms,code:3      ends by itself, with this exit code (default 0)
                    after:1s,signal:SEGV    by this signal
                    after:1s,oom            by SIGKILL, and `events` tells of an OOM
                    fork:3                  with three children, which end with it
                    ignore:TERM             deaf to this signal; may be given many times

Without `after`, code, signal or oom it lives until TERM, INT or QUIT that it does not ignore. It must
never execute anything.
"""

import os
import signal
import time
from dataclasses import dataclass
from typing import NoReturn

from fakerunc import signals
from fakerunc.options import seconds

ANNOTATION = "fakerunc.exit"
VARIABLE = "FAKERUNC_EXIT"
OOM_FILE = "FAKERUNC_OOM"


class BadScript(Exception):
    """str() names the word that says nothing, and what there is."""


@dataclass(frozen=True, slots=True)
class ExitScript:
    """`after` None: it does not end by itself; `death` a signal, 0 for an exit with `code`."""

    after: float | None = None
    code: int = 0
    death: int = 0
    oom: bool = False
    children: int = 0
    ignored: tuple[int, ...] = ()


def parse(text: str) -> ExitScript:
    after: float | None = None
    code = death = children = 0
    ignored: list[int] = []
    words = [word.strip() for word in text.split(",")]
    for word in words:
        name, _, value = word.partition(":")
        number = signals.NUMBERS.get(value.upper().removeprefix("SIG"), 0)
        match name:
            case "after" if (time_ := seconds(value)) is not None and time_ >= 0:
                after = time_
            case "code" if value.isdecimal() and int(value) < 256:
                code = int(value)
            case "fork" if value.isdecimal():
                children = int(value)
            case "signal" if number:
                death = number
            case "ignore" if number:
                ignored.append(number)
            case "oom" if word == "oom":
                death = signals.KILL
            case _:
                there_are = "after:TIME, code:N, signal:NAME, oom, fork:N, ignore:NAME"
                raise BadScript(f"{ANNOTATION}: {word!r} says nothing; there are {there_are}")
    ends = {word.partition(":")[0] for word in words} & {"code", "signal", "oom"}
    after = 0.0 if after is None and ends else after
    return ExitScript(after, code, death, "oom" in ends, children, tuple(ignored))


def play(script: ExitScript, oom_file: str) -> NoReturn:
    """Becomes what the script says."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, _leave)
    for number in set(script.ignored) - signals.UNSTOPPABLE:
        signal.signal(number, signal.SIG_IGN)
    for _ in range(script.children):
        _fork()
    if script.after is None:
        while True:
            signal.pause()
    time.sleep(script.after)
    if script.oom:
        with open(oom_file, "a", encoding="ascii") as count:
            count.write("x")
    if script.death:
        if script.death not in signals.UNSTOPPABLE:
            signal.signal(script.death, signal.SIG_DFL)
        os.kill(os.getpid(), script.death)
    os._exit(script.code)


def _fork() -> None:
    # Only here: the shell's imports are slow, and so are those of what ends a child.
    from fakerunc.shell import die_with  # noqa: PLC0415

    parent = os.getpid()
    if os.fork() == 0:
        die_with(parent)
        while True:
            signal.pause()


def _leave(_number: int, _frame: object) -> None:
    os._exit(0)
