"""Waits until a file holds something, told by inotify of each change: no sleeping, no missed change."""

import ctypes
import os
import select
import time
from collections.abc import Callable

from scenarios.stages.daemon import PATIENCE_S

_IN_MODIFY, _IN_CREATE, _IN_MOVED_TO, _IN_CLOSE_WRITE = 0x2, 0x100, 0x80, 0x8
_CHANGES = _IN_MODIFY | _IN_CREATE | _IN_MOVED_TO | _IN_CLOSE_WRITE


def await_content(
    path: str, is_there: Callable[[bytes], bool], patience_s: float = PATIENCE_S
) -> bytes:
    """What the file holds, once `is_there` says so of it; its directory must exist."""
    deadline = time.monotonic() + patience_s
    libc = ctypes.CDLL(None, use_errno=True)
    events = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    assert events >= 0
    try:
        directory = os.fsencode(os.path.dirname(path))
        assert libc.inotify_add_watch(events, directory, _CHANGES) >= 0
        while not is_there(content := _read(path)):
            left = deadline - time.monotonic()
            assert left > 0, f"{path} holds {content[-200:]!r}"
            if select.select([events], [], [], left)[0]:
                os.read(events, 65536)
    finally:
        os.close(events)
    return content


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""
