"""The file in which a caller finds a pid: written under a hidden name beside it, then renamed.

It must never be seen half written; what was killed in between leaves the hidden name, which is then
in the next one's way, as in runc.
"""

import os
from collections.abc import Mapping


def absolute(flags: Mapping[str, str]) -> str:
    """Before the working directory becomes another; empty where no file is asked for."""
    return os.path.abspath(flags["pid-file"]) if flags.get("pid-file") else ""


def write(path: str, pid: int) -> None:
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_SYNC | os.O_CLOEXEC
    fd = os.open(_hidden(path), flags, 0o666)
    os.write(fd, str(pid).encode())
    os.close(fd)


def write_in_place(path: str, pid: int) -> None:
    """As crun does: it may be seen empty."""
    with open(path, "w", encoding="ascii") as file:
        file.write(str(pid))


def publish(path: str) -> None:
    os.rename(_hidden(path), path)


def _hidden(path: str) -> str:
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name}")
