"""What an exec writes as fast as it can, through shim and conmanctl into a pipe: against that pipe alone.

From the first byte to the last: how long either takes to begin is another line's. A byte that is missing is an
error, not a figure.
"""

import os
import subprocess
import time
from pathlib import Path

from conmand import Conmand, conmand
from figures import Figure, spread
from place import BIN, environment

GIBIBYTES = 1
_BLOCK = 64 * 1024
_BYTES = GIBIBYTES * 1024**3
_WRITES = ("if=/dev/zero", f"bs={_BLOCK}", f"count={_BYTES // _BLOCK}")
#: Half of the throughput.
_BUDGET = 2.0


def outputs(top: Path, n: int) -> list[Figure]:
    with conmand(top) as ours:
        ours.begin()
        times = [(_of_an_exec(ours), _of_a_pipe(top)) for _ in range(n + 1)][1:]
    execs, pipes = (spread(list(side)) for side in zip(*times, strict=True))
    what = f"{GIBIBYTES} GiB of an exec, into a pipe"
    return [Figure(what, execs, "a plain pipe", pipes, _BUDGET)]


def _of_an_exec(ours: Conmand) -> float:
    where = ("--address", f"{ours.place}/r/conmand.sock")
    return _read(f"{BIN}/conmanctl", *where, "exec", ours.container_id, "/bin/dd", *_WRITES)


def _of_a_pipe(top: Path) -> float:
    return _read(f"{top}/rootfs/bin/dd", *_WRITES)


def _read(*words: str) -> float:
    """How long its output took, in ms."""
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment()
    ) as writer:
        if writer.stdout is None:
            raise AssertionError(words)
        source, room = writer.stdout.fileno(), [bytearray(_BLOCK)]
        read = os.readv(source, room)
        began = time.perf_counter_ns()
        while count := os.readv(source, room):
            read += count
        took = (time.perf_counter_ns() - began) / 1e6
    if (writer.returncode, read) != (0, _BYTES):
        raise AssertionError(f"{read} bytes of {_BYTES}, exit code {writer.returncode}")
    return took
