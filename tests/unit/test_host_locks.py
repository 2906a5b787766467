"""Whether a file is locked, asked of the kernel: by anybody, and never by a try."""

import fcntl
import os
from pathlib import Path

from conman.host.locks import is_held


def test_a_lock_is_seen_while_it_is_held(tmp_path: Path) -> None:
    path = str(tmp_path / "alive")
    assert is_held(path) is False
    handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    assert is_held(path) is False
    fcntl.flock(handle, fcntl.LOCK_EX)
    assert is_held(path) is True
    os.close(handle)
    assert is_held(path) is False
