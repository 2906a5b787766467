"""A key that is typed, to its echo on the screen: through conmanctl and a shim, to a terminal in a container."""

import os
import select
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conmand import Conmand, conmand, drawn
from figures import Figure, clocked, spread
from place import BIN, PATIENCE_S, environment

KEYS = 100
#: A person does not type faster; and nothing of the last key is under way any more.
_PAUSE_S = 0.01


def sessions(top: Path, n: int) -> list[Figure]:
    """The slowest but one of a hundred keys, of `n` hundreds."""
    with conmand(top) as ours, _terminal(ours) as screen:
        _typed(screen)
        worst = [_slowest_but_one(screen) for _ in range(n)]
    return [Figure(f"a key to its echo, 99th of {KEYS}", spread(worst), budget=5.0)]


def _slowest_but_one(screen: int) -> float:
    times: list[float] = []
    for _ in range(KEYS):
        time.sleep(_PAUSE_S)
        times.append(clocked(lambda: _typed(screen)))
    return sorted(times)[-2]


def _typed(screen: int) -> None:
    os.write(screen, b"x")
    if not select.select([screen], [], [], PATIENCE_S)[0] or os.read(screen, 100) != b"x":
        raise AssertionError("a key was not echoed")


@contextmanager
def _terminal(ours: Conmand) -> Iterator[int]:
    """Its keyboard and screen, once the program is there: it has no echo but that of its own terminal."""
    screen, inner = os.openpty()
    name = f"s{drawn()}"
    words = ["run", "-it", "--name", name, "--rootfs", f"{ours.top}/rootfs", "/bin/sh", "-c"]
    process = subprocess.Popen(
        [
            f"{BIN}/conmanctl",
            "--address",
            f"{ours.place}/r/conmand.sock",
            *words,
            "echo r; sleep 1d",
        ],
        stdin=inner,
        stdout=inner,
        stderr=inner,
        env=environment(),
    )
    os.close(inner)
    try:
        shown = b""
        while not shown.endswith(b"r\r\n"):
            shown += os.read(screen, 100)
        yield screen
    finally:
        process.kill()
        process.wait()
        os.close(screen)
