"""The real host as a stage for the contract suite, and for the host's own tests.

What it starts it ends, by pidfd; what it mounts or makes in cgroups it removes, whatever a test did.
"""

import errno
import fcntl
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Never

from conman.core.layout import Layout
from conman.host import cgroups
from conman.host.performer import Performer
from conman.primitives import marks, processes
from conman.primitives import steps as s
from conman.primitives.mounts import cgroup_mounts, mounts

INSTANCE = f"{os.getpid():08x}"
PATIENCE_S = 10


class NoShims:
    """Shims have their own tests."""

    def begin(self, _step: s.BeginShim) -> s.Result:
        """Nobody can be asked."""
        return s.Done()

    def spawn(self, step: s.SpawnShim) -> Never:
        raise AssertionError(step)

    def call(self, step: s.CallShim) -> Never:
        raise AssertionError(step)


@dataclass
class RealHost:
    """`perform` does a step; the rest sets the stage or looks at it."""

    top: str
    layout: Layout
    performer: Performer
    children: dict[int, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def perform(self, step: s.Step) -> s.Result:
        return self.performer.perform(step)

    @property
    def boot_id(self) -> str:
        return processes.boot_id()

    def start(self, *argv: str, marker: str = "", lock: str = "", cgroup: str = "") -> s.ProcessId:
        """A process that lives until it is ended, with a mark, holding a lock, in a cgroup."""
        name, _, value = marker.partition("=")
        held = self._held(lock)
        child = subprocess.Popen(
            argv or ("sleep", "600"),
            env={"PATH": os.environ["PATH"], **({name: value} if marker else {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=held,
            start_new_session=True,
        )
        self.children[child.pid] = child
        if marker:
            _await_environment(child.pid, marker)
        for descriptor in held:
            os.close(descriptor)
        if cgroup:
            self.join(cgroup, child.pid)
        return self.identify(child.pid)

    def identify(self, pid: int) -> s.ProcessId:
        started = processes.start_time(pid)
        assert started is not None
        return s.ProcessId(self.boot_id, pid, started)

    def lives(self, process: s.ProcessId) -> bool:
        return processes.lives(process)

    def reap(self, process: s.ProcessId) -> int:
        """Wait for its end; the exit code as subprocess has it."""
        return self.children[process.pid].wait(timeout=10)

    def join(self, cgroup: str, pid: int) -> None:
        for mount in cgroup_mounts():
            directory = f"{mount.point}{cgroup}"
            os.makedirs(directory, exist_ok=True)
            if "cpuset" in mount.options:
                self._inherit_cpuset(mount.point, cgroup)
            _write(f"{directory}/cgroup.procs", str(pid))

    def cgroup_directories(self, cgroup: str) -> list[str]:
        found = (f"{mount.point}{cgroup}" for mount in cgroup_mounts())
        return [directory for directory in found if os.path.isdir(directory)]

    def mounted(self, path: str) -> int:
        """How many mounts are at or below a path."""
        below = f"{os.path.realpath(path)}/"
        return sum(f"{mount.point}/".startswith(below) for mount in mounts())

    def close(self) -> None:
        cgroups.thaw(f"/conman-{INSTANCE}")
        for child in self.children.values():
            # Not reaped yet, so the group of its number is still its own.
            if child.returncode is None:
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        self.performer.perform(s.Unmount(self.top))
        for mount in cgroup_mounts():
            for directory, _, _ in os.walk(f"{mount.point}/conman-{INSTANCE}", topdown=False):
                os.rmdir(directory)
        assert isinstance(self.performer.perform(s.RemoveTree(self.top)), s.Done)

    def _held(self, lock: str) -> tuple[int, ...]:
        if not lock:
            return ()
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return (descriptor,)

    def _inherit_cpuset(self, root: str, cgroup: str) -> None:
        at = root
        for name in cgroup.strip("/").split("/"):
            for control in ("cpuset.cpus", "cpuset.mems"):
                with open(f"{at}/{control}", encoding="ascii") as above:
                    _write(f"{at}/{name}/{control}", above.read().strip())
            at = f"{at}/{name}"


@contextmanager
def real_host() -> Iterator[RealHost]:
    top = os.path.realpath(tempfile.mkdtemp(prefix="c", dir="/tmp"))
    layout = Layout(f"{top}/d", f"{top}/r", INSTANCE, processes.boot_id(), os.geteuid() == 0)
    for name in ("d", "r", "d/containers", "d/trash", "r/calls", "r/shims", "r/runtime"):
        os.mkdir(f"{top}/{name}")
    host = RealHost(top, layout, Performer(layout, NoShims()))
    try:
        yield host
    finally:
        host.close()


def kill(process: s.ProcessId) -> None:
    handle = processes.pidfd(process.pid)
    if handle is not None:
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        os.close(handle)


def _write(path: str, text: str) -> None:
    try:
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
    except OSError as error:
        if error.errno != errno.EEXIST:
            raise


def _await_environment(pid: int, marker: str) -> None:
    """Popen returns when exec has closed its pipe: a moment before there is an environment."""
    deadline = time.monotonic() + PATIENCE_S
    ended = os.WEXITED | os.WNOHANG | os.WNOWAIT
    while not marks.bears(pid, frozenset({marker.encode()})):
        assert time.monotonic() < deadline
        if os.waitid(os.P_PID, pid, ended) is not None:
            return
