"""The object that strikes a process before its n-th call: what it is told, what it tells, and whether it sees all.

`make` builds it (points.c and what is beside it). Nothing is swept with an object that misses a call of those that it is to see.
"""

import errno
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

OBJECT = Path(sys.prefix, "lib/syscall_points.so")
_PATIENCE_S = 30

#: Every call that counts, made once below the directory that it is given. What it does there is of no interest.
_EACH = """
import ctypes, os, signal, socket, sys
top, c = sys.argv[1], ctypes.CDLL(None)
os.chdir(top)
open_, at, new = os.open, os.open(".", os.O_RDONLY), os.O_WRONLY | os.O_CREAT
for name in ("open", "open64"):
    getattr(c, name)(name.encode(), new, 0o600)
for name in ("openat", "openat64"):
    getattr(c, name)(at, name.encode(), new, 0o600)
fd = os.open("open", os.O_RDWR)
c.write(fd, b"x", 1); c.pwrite(fd, b"x", 1, 0); c.pwrite64(fd, b"x", 1, 0); os.writev(fd, [b"x"])
c.fsync(fd); c.fdatasync(fd); c.syncfs(fd); c.ftruncate(fd, 0); c.ftruncate64(fd, 0)
c.fchmod(fd, 0o600); c.fchown(fd, -1, -1); c.chmod(b"open", 0o600); c.chown(b"open", -1, -1)
c.fchmodat(at, b"open", 0o600, 0); c.lchown(b"open", -1, -1); c.fchownat(at, b"open", -1, -1, 0)
c.utimensat(at, b"open", None, 0); c.futimens(fd, None); c.lsetxattr(b"open", b"none", b"", 0, 0)
c.sendfile(fd, fd, None, 0); c.sendfile64(fd, fd, None, 0); os.open(f"/proc/self/fd/{fd}", os.O_WRONLY | os.O_TRUNC)
c.mkdir(b"d", 0o700); c.mkdirat(at, b"e", 0o700); c.mkfifo(b"f", 0o600); c.mkfifoat(at, b"g", 0o600)
c.mknod(b"v", 0o100600, 0)
c.rmdir(b"d"); c.unlink(b"f"); c.unlinkat(at, b"g", 0)
c.rename(b"open", b"o"); c.renameat(at, b"o", at, b"p"); c.renameat2(at, b"p", at, b"q", 0)
c.rename(b"q", b"/nowhere/q"); c.renameat(at, b"q", at, b"/nowhere/q"); c.renameat2(at, b"q", at, b"/nowhere/q", 0)
c.link(b"q", b"r"); c.linkat(at, b"q", at, b"s", 0); c.symlink(b"q", b"t"); c.symlinkat(b"q", at, b"u")
c.mount(b"none", b"nowhere", b"none", 0, None); c.umount(b"nowhere"); c.umount2(b"nowhere", 0)
one, other = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
one.bind(top + "/socket"); other.connect(top + "/socket")
c.send(other.fileno(), b"x", 1, 0); other.sendto(b"x", top + "/socket"); other.sendmsg([b"x"])
listener, first = (socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(2))
listener.bind(f"/proc/self/fd/{at}/short"); listener.listen(); way = os.open(top, os.O_PATH)
first.connect(f"/proc/self/fd/{way}/short"); second, _ = listener.accept(); os.close(at); os.close(way)
for end in (first, second):
    end.send(b"x"); end.sendmsg([b"x"])
c.setns(-1, 0); c.unshare(0); c.kill(os.getpid(), 0)
signal.pidfd_send_signal(os.pidfd_open(os.getpid()), 0)
os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)
os.waitpid(os.posix_spawnp("true", ["true"], {}), 0)
os._exit(0) if os.fork() == 0 else os.wait()
"""
_SEEN = (
    *("open", "open", "open", "openat", "openat"),
    *("write", "pwrite", "pwrite", "writev", "fsync", "fdatasync", "syncfs"),
    *("ftruncate", "ftruncate", "fchmod", "fchown", "chmod", "chown"),
    *(
        "fchmodat",
        "lchown",
        "fchownat",
        "utimensat",
        "futimens",
        "lsetxattr",
        "sendfile",
        "sendfile",
    ),
    *("mkdir", "mkdirat", "mkfifo", "mkfifoat", "mknod", "rmdir", "unlink", "unlinkat"),
    *("rename", "renameat", "renameat2") * 2,
    *("link", "linkat", "symlink", "symlinkat", "mount", "umount", "umount2"),
    *("bind", "connect") * 2,
    *("send", "sendmsg") * 3,
    "sendto",
    *("setns", "unshare", "kill", "pidfd_send_signal", "posix_spawn", "posix_spawn", "fork"),
)


@dataclass(frozen=True, slots=True)
class Passed:
    """`point`: COMM@N, or COMM#K@N. `what`: a path, or "" for a call that is about a process."""

    point: str
    call: str
    what: str

    @property
    def comm(self) -> str:
        return comm(self.point)


def comm(point: str) -> str:
    """Of the threads that pass it, of whichever process of theirs."""
    return point.rpartition("@")[0].partition("#")[0]


def environ(
    under: Sequence[str],
    *,
    log: str = "",
    strike: str = "",
    error: str = "",
    fill: str = "",
    once: str = "",
    processes: str = "",
) -> dict[str, str]:
    """For the process that is to be counted, and all that it starts; as `points.c` says. `error`: its name."""
    told = {
        "LD_PRELOAD": str(OBJECT),
        "SYSCALL_POINTS_UNDER": ":".join(under),
        "SYSCALL_POINTS_LOG": log,
        "SYSCALL_POINTS_STRIKE": strike,
        "SYSCALL_POINTS_ERROR": str(getattr(errno, error)) if error else "",
        "SYSCALL_POINTS_FILL": fill,
        "SYSCALL_POINTS_ONCE": once,
        "SYSCALL_POINTS_PROCESSES": processes,
    }
    return {name: text for name, text in told.items() if text}


def passed(log: Path) -> list[Passed]:
    """In their order; a thread's name may have blanks."""
    if not log.exists():
        return []
    return [_passed(line) for line in log.read_text().splitlines()]


def _passed(line: str) -> Passed:
    threads, _, rest = line.partition("@")
    number, call, what = rest.split(" ", 2)
    return Passed(f"{threads}@{number}", call, what)


def missing() -> str:
    """Why it cannot be used here, and what to do; "": it can."""
    if not OBJECT.exists():
        return "the object that counts system calls is not built: make syscall-points"
    unseen = _unseen()
    return f"the object that counts system calls does not see {', '.join(unseen)}" if unseen else ""


def _unseen() -> list[str]:
    from tempfile import TemporaryDirectory  # noqa: PLC0415 - for this alone

    with TemporaryDirectory(prefix="cp", dir="/tmp") as top:
        log = Path(f"{top}.log")
        try:
            words = (sys.executable, "-ISEc", _EACH, top)
            told = environ([top], log=str(log))
            subprocess.run(words, env=os.environ | told, check=True, timeout=_PATIENCE_S)
            seen = [one.call for one in passed(log)]
        finally:
            log.unlink(missing_ok=True)
    return [call for call in sorted({*_SEEN}) if seen.count(call) < _SEEN.count(call)]
