"""What is left of one conmand is ended and removed by hand, whatever state it is in: after a failure, and when the
power goes.

A dead daemon's zygote does what it was asked before it ends: it would enter, hence make, a cgroup that was
removed meanwhile, or fork one more shim. So it is ended first, and all is asked again until nobody lives. It must
never end or remove anything but this daemon's.
"""

import errno
import os
import select
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic

from scenarios.stages.census import Place, census, daemons
from scenarios.stages.daemon import MARK, PATIENCE_S, Daemon

_LIVE = ("run", "shim", "call", "member")
_LOOK_S = 0.02


def clear(daemon: Daemon) -> None:
    """With no daemon alive. Raises AssertionError for who does not die, OSError for what does not go."""
    for pid in begun_by(daemon):
        _end(pid)
    if daemon.has_been_used:
        clear_place(daemon.place)


def clear_place(place: Place) -> None:
    """With no process alive that may still make anything there."""
    while living := [int(one.what) for one in census(place) if one.kind in _LIVE]:
        _thaw(place)
        for pid in living:
            _end(pid)
    for thing in census(place):
        if thing.kind == "mount":
            subprocess.run(["umount", "--lazy", thing.what], check=True)
    for parent in daemons(place):
        for path in (*Path(parent).glob("*/"), Path(parent)):
            _remove(path)


def left_by(daemon: Daemon) -> list[str]:
    """With its daemon ended, and no container left: who lives on even so, given time, and which cgroups of its own."""
    ends = monotonic() + PATIENCE_S
    while (living := [*begun_by(daemon)]) and monotonic() < ends:
        _await_end(living[0], ends - monotonic())
    named = [f"process {pid} ({_comm(pid)})" for pid in living]
    return [*named, *daemons(daemon.place)]


def _comm(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return "it has ended just now"


def begun_by(daemon: Daemon) -> Iterator[int]:
    """Whoever has its environment, whichever of its lives that was: a zygote has no other mark."""
    mark = f"{MARK}={daemon.top}".encode()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        # It has ended, or is another user's: then it is none of ours.
        with suppress(OSError):
            if mark in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                yield int(pid)


def _thaw(place: Place) -> None:
    """A frozen process does not die."""
    for thing in census(place):
        if thing.kind == "cgroup":
            for name, word in (("freezer.state", "THAWED"), ("cgroup.freeze", "0")):
                if (file := Path(thing.what, name)).exists():
                    file.write_text(word)


def _end(pid: int) -> None:
    with suppress(ProcessLookupError):
        handle = os.pidfd_open(pid)
        try:
            signal.pidfd_send_signal(handle, signal.SIGKILL)
            assert _has_ended(handle, PATIENCE_S), f"process {pid} does not die"
        finally:
            os.close(handle)


def _await_end(pid: int, seconds: float) -> None:
    with suppress(ProcessLookupError):
        handle = os.pidfd_open(pid)
        try:
            _has_ended(handle, seconds)
        finally:
            os.close(handle)


def _has_ended(handle: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def _remove(cgroup: Path) -> None:
    """For a moment after its last member's end the kernel says that it is busy."""
    ends = monotonic() + PATIENCE_S
    while True:
        try:
            cgroup.rmdir()
            return
        except FileNotFoundError:
            return
        except OSError as error:
            if error.errno != errno.EBUSY or monotonic() > ends:
                raise
        threading.Event().wait(_LOOK_S)
