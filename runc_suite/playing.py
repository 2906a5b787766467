"""One file of runc's tests under bats: on a terminal of its own, in its own pid and mount namespaces.

What a file leaves, or is in the midst of when its time is over, ends with its first process; mounts go
with their namespace. It must never leave a process, a mount, a control group or a file.
"""

import glob
import os
import pty
import select
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from runc_suite import tap

#: A test of a fake may wait for what never comes. runc's longest takes 7 s.
TEST_LIMIT_S = 30
FILE_LIMIT_S = 300
_LOOK_S = 1
_INSIDE = ("unshare", "--fork", "--pid", "--mount-proc", "--kill-child=KILL", "bats", "--tap")
# What the tests put above their own control groups: on a hybrid host they forget it in the second hierarchy.
_CGROUPS = (
    "/sys/fs/cgroup/runc-cgroups-integration-test",
    "/sys/fs/cgroup/*/runc-cgroups-integration-test",
)


@dataclass(frozen=True, slots=True)
class Played:
    """What became of one file: `seconds` it took, and all that it printed."""

    results: list[tap.Result]
    output: str
    seconds: float

    def count(self, outcome: str) -> int:
        return sum(result.outcome == outcome for result in self.results)


def play(file: Path, runtime: Path, programs: Path, stop: threading.Event) -> Played:
    """`programs`: a directory whose programs are found first. `stop`: it ends early, as if its time were over."""
    began = time.monotonic()
    with _scratch() as scratch:
        environment = {
            "HOME": "/root",
            "LANG": "C.UTF-8",
            "PATH": f"{programs}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "RUNC": str(runtime),
            "TERM": "dumb",
            "TMPDIR": str(scratch),
        }
        output = _on_terminal((*_INSIDE, file.name), file.parent, environment, stop)
        _remove_containers(scratch, runtime)
    return Played(
        tap.results(output, tap.names(file.read_text())), output, time.monotonic() - began
    )


@contextmanager
def _scratch() -> Generator[Path]:
    """Short: bats and the tests add 60 bytes to a socket's path."""
    place = Path(tempfile.mkdtemp(prefix="rs", dir="/tmp"))
    place.chmod(0o711)  # containers in user namespaces come through
    try:
        yield place
    finally:
        shutil.rmtree(place)


def _on_terminal(
    words: tuple[str, ...], directory: Path, environment: dict[str, str], stop: threading.Event
) -> str:
    """What a command says on a terminal that is its own, until it ends or its time does.

    While it says nothing the runtime, its environment's RUNC, is hung up: a test that waits goes on.
    """
    pid, master = pty.fork()
    if pid == 0:
        try:
            os.chdir(directory)
            os.execvpe(words[0], words, environment)  # noqa: S606 - no shell is wanted
        finally:
            os._exit(127)
    try:
        return _heard(pid, master, environment, stop)
    finally:
        # Its child, the first of its namespace, dies with it, and so does everybody else in there.
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(master)


def _heard(pid: int, master: int, environment: dict[str, str], stop: threading.Event) -> str:
    said = b""
    began = last = time.monotonic()
    while (now := time.monotonic()) < began + FILE_LIMIT_S and not stop.is_set():
        if select.select([master], [], [], _LOOK_S)[0]:
            try:
                said += os.read(master, 65536)
            except OSError:  # EIO: nobody has it open any more
                break
            last = now
        elif now > last + TEST_LIMIT_S:
            _hang_up(pid, environment["RUNC"], f"TMPDIR={environment['TMPDIR']}")
            last = now
    return said.decode(errors="replace")


def _hang_up(first: int, runtime: str, ours: str) -> None:
    """Kills below `first` the runtime's calls, and who has not the entry `ours` in its environment: containers.

    bats has a limit for tests too, but what it sends a runtime in the foreground hands on.
    """
    for pid in list(_below(first)):
        with suppress(OSError):
            line = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            if runtime.encode() in line or ours.encode() not in environment:
                os.kill(pid, signal.SIGKILL)


def _below(pid: int) -> Iterator[int]:
    """All descendants: in the namespace orphans are its first process's children."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return
    for child in map(int, children.split()):
        yield from _below(child)
        yield child


def _remove_containers(scratch: Path, runtime: Path) -> None:
    """Those of a file that did not come to its end. Their processes are gone, their cgroups are not."""
    for state in scratch.glob("bats-run-*/runc.*/state/*"):
        words = (runtime, "--root", state.parent, "delete", "--force", state.name)
        subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def remove_cgroups() -> None:
    """What the tests made for themselves and left; not while any of them runs."""
    for top in (path for pattern in _CGROUPS for path in glob.glob(pattern)):
        for folder, _, _ in os.walk(top, topdown=False):
            os.rmdir(folder)
