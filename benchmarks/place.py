"""Where a bench happens: one scratch directory, a root file system of one program, and looks into /proc.

It must leave no file; what runs in it is ended by whoever started it.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

BIN = Path(sys.executable).parent
CGROUPS = Path("/sys/fs/cgroup")
PATIENCE_S = 30

#: Before each call that is measured cold: a runtime depends on what the kernel did in the 20 ms before.
IDLE_S = 0.1

PROGRAMS = ("sleep", "true", "sh", "yes", "head", "dd")


@contextmanager
def scratch() -> Iterator[Path]:
    """With a root file system of one program."""
    top = Path(tempfile.mkdtemp(prefix="cm", dir="/tmp"))
    try:
        (top / "rootfs/bin").mkdir(parents=True)
        shutil.copy(str(shutil.which("busybox")), top / "rootfs/bin/busybox")
        for name in PROGRAMS:
            (top / "rootfs/bin" / name).symlink_to("busybox")
        yield top
    finally:
        shutil.rmtree(top)


def warm_up() -> None:
    """Move ourselves to where we are: the kernel's cgroup lock is quick for the next 20 ms."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        hierarchy = CGROUPS / names.removeprefix("name=") if names else CGROUPS
        procs = Path(f"{hierarchy}{path}/cgroup.procs")
        if procs.exists():
            procs.write_text(str(os.getpid()))
            return
    raise AssertionError("this process is in no cgroup that can be written to")


def environment() -> dict[str, str]:
    """For a conman as it is when installed: no settings of ours, and bytecode is kept between its starts."""
    dropped = ("CONMAN_", "PYTHONDONTWRITEBYTECODE")
    return {key: value for key, value in os.environ.items() if not key.startswith(dropped)}


def run(words: list[str]) -> None:
    subprocess.run(
        words, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=environment()
    )


def python(words: str) -> None:
    run([sys.executable, "-c", words])


def marked(mark: str) -> Iterator[int]:
    """Processes with this in their environment."""
    for name in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):
            if mark.encode() in Path(f"/proc/{name}/environ").read_bytes():
                yield int(name)


def proportional(pid: int) -> float:
    """Its share of memory, in MiB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
