"""A root, a bundle and a runtime to call: fakerunc's integration tests on real processes.

Whoever uses a Lab is the subreaper of its stand-ins, so that their ends can be awaited and read. It
must never leave a process, and never touch one that is not its root's.
"""

import ctypes
import json
import os
import re
import select
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

FAKE = (sys.executable, "-m", "fakerunc")
REAL = ("runc",)
_SOURCES = Path(__file__).resolve().parents[2]
_PATIENCE_S = 20
_PR_SET_CHILD_SUBREAPER = 36


class Said(NamedTuple):
    """What one call answered."""

    code: int
    out: str
    err: str


@dataclass
class Lab:
    """`place` is a short scratch directory; `cgroup` is what config.json asks for."""

    place: Path
    runtime: tuple[str, ...] = FAKE
    cgroup: str = "conman-lab/c1"
    env: dict[str, str] = field(default_factory=dict)
    stdout: int | None = None
    passed: tuple[int, ...] = ()
    calls: int = 0
    state_file: str = "state.json"
    state_pid: str = "init_process_pid"  # its key in it

    @property
    def root(self) -> Path:
        return self.place / "root"

    @property
    def bundle(self) -> Path:
        return self.place / "bundle"

    @property
    def pid_file(self) -> Path:
        return self.place / "init.pid"

    def prepare(self, *args: str, **changes: object) -> None:
        """A bundle whose program is `args`; `changes` replace parts of config.json, None removes."""
        programs = self.bundle / "rootfs/bin"
        programs.mkdir(parents=True, exist_ok=True)
        for name in ("sh", "sleep", "echo", "true", "false", "cat", "yes", "env", "server"):
            (programs / name).touch(mode=0o755)
        namespaces = [{"type": kind} for kind in ("pid", "ipc", "uts", "mount", "network")]
        path = "PATH=/usr/bin:/bin"
        config: dict[str, object] = {
            "ociVersion": "1.0.2",
            "process": {"args": list(args), "env": [path, "CONMAN_RUN=i/c-1"], "cwd": "/"},
            "root": {"path": "rootfs"},
            "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
            "linux": {"namespaces": namespaces, "cgroupsPath": f"/{self.cgroup}"},
        } | changes
        kept = {key: part for key, part in config.items() if part is not None}
        (self.bundle / "config.json").write_text(json.dumps(kept))

    def call(self, *args: str, globals_: tuple[str, ...] = (), **env: str) -> Said:
        """One call; its stdout and stderr are files of its own: stand-ins inherit them, and live on."""
        self.calls += 1
        out, err = self.place / f"out-{self.calls}", self.place / f"err-{self.calls}"
        argv = [*self.runtime, "--root", str(self.root), *globals_, *args]
        with out.open("w") as stdout, err.open("w") as stderr:
            done = subprocess.run(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=stdout if self.stdout is None else self.stdout,
                stderr=stderr,
                cwd=_SOURCES,
                env=os.environ | self.env | env,
                pass_fds=self.passed,
                umask=0o022,
                timeout=_PATIENCE_S,
                check=False,
            )
        return Said(done.returncode, out.read_text(), err.read_text())

    def create(self, **env: str) -> Said:
        arguments = ("create", "--bundle", str(self.bundle), "--pid-file", str(self.pid_file), "c1")
        return self.call(*arguments, **env)

    def running_aloud(self, *args: str, **changes: object) -> tuple[int, int]:
        """The pid of a started init and a pipe's end at which its output can be read."""
        hears, self.stdout = os.pipe()
        try:
            pid = self.created(*args, **changes)
        finally:
            os.close(self.stdout)
            self.stdout = None
        assert self.call("start", "c1") == (0, "", "")
        return pid, hears

    def status(self) -> str:
        return str(json.loads(self.call("state", "c1").out)["status"])

    def pid(self) -> int:
        return int(self.pid_file.read_text())

    def created(self, *args: str, **changes: object) -> int:
        """The pid of a created init."""
        self.prepare(*args, **changes)
        said = self.create()
        assert said == (0, "", ""), said
        return self.pid()

    def running(self, *args: str, **changes: object) -> int:
        pid = self.created(*args, **changes)
        said = self.call("start", "c1")
        assert said == (0, "", ""), said
        return pid

    def files(self) -> list[str]:
        folder = self.root / "c1"
        return sorted(re.sub(r"state-\d+", "state-N", p.name) for p in folder.glob("*"))

    def modes(self) -> list[str]:
        """Kind and permissions of the root, the state directory, and what is in it."""
        paths = [self.root, self.root / "c1", *sorted((self.root / "c1").glob("*"))]
        return [stat.filemode(path.stat().st_mode) for path in paths if path.exists()]

    def cgroups(self) -> int:
        """How many cgroup directories the container has, or has left behind."""
        return len(list((self.root / ".cgroups" / self.cgroup).glob("*")))

    def members(self) -> list[int]:
        marker = f"FAKERUNC_CONTAINER={self.root}/".encode()
        return [pid for pid in processes() if marker in environment(pid)]

    def clean(self) -> None:
        """Ends the stand-ins of this root, and reaps what of them is ours by then."""
        for pid in self.members():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            wait_gone(pid)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def processes() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def environment(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


def command_line(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_text().split("\0")[:-1]


def exit_of(pid: int) -> int:
    """Waits for an adopted stand-in: its exit code, or the negative number of its signal."""
    fd = os.pidfd_open(pid)
    try:
        assert select.select([fd], [], [], _PATIENCE_S)[0], f"{pid} lives on: {command_line(pid)}"
    finally:
        os.close(fd)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def heard(fd: int, word: bytes) -> None:
    """Waits until the container has said `word` on a line of its own."""
    said = b""
    while word + b"\n" not in said:
        assert select.select([fd], [], [], _PATIENCE_S)[0], f"only {said!r} was said"
        chunk = os.read(fd, 4096)
        assert chunk, f"only {said!r} was said, then nobody was left to speak"
        said += chunk
    os.close(fd)


def wait_gone(pid: int) -> None:
    """Waits until a process that is not ours to reap has ended."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        assert select.select([fd], [], [], _PATIENCE_S)[0], f"{pid} lives on"
    finally:
        os.close(fd)


@contextmanager
def subreaper() -> Iterator[None]:
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


@contextmanager
def lab(place: Path, runtime: tuple[str, ...] = FAKE) -> Iterator[Lab]:
    """A Lab of one's own, with nothing left of it afterwards."""
    with subreaper():
        one = Lab(place, runtime)
        try:
            yield one
        finally:
            one.clean()
            shutil.rmtree(place, ignore_errors=True)
