"""Who bears a mark: the environment of a process, as it was at its exec; and who has none, or none yet.

A fence reads some file of every process there is, so each is read at the least price. It must never take a
process for nobody's whose files cannot be read: it only says that no mark was seen.
"""

import os

_CHUNK = 64 * 1024

GONE = (FileNotFoundError, PermissionError, ProcessLookupError)


def bears(pid: int, marks: frozenset[bytes]) -> bool:
    """Whether the environment of a process, as it was at its exec, holds one of `NAME=value`."""
    return is_marked(environment_of(pid), marks)


def environment_of(pid: int) -> bytes:
    try:
        return read(f"/proc/{pid}/environ")
    except GONE:
        return b""


def is_marked(environment: bytes, marks: frozenset[bytes]) -> bool:
    # Looked for before it is taken apart: almost nobody bears a mark.
    return any(mark in environment for mark in marks) and not marks.isdisjoint(
        environment.split(b"\0")
    )


def are_executing(pids: set[int]) -> bool:
    """Whether one of them, seen without an environment, is a program: it may just get its own.

    The kernel (fs/binfmt_elf.c) closes what is to be closed on exec, a lock perhaps, and only then
    gives a program first its arguments, then its environment. Kernel threads and the dead run nothing.
    """
    return any(_is_program(pid) for pid in pids)


def _is_program(pid: int) -> bool:
    try:
        os.readlink(f"/proc/{pid}/exe")
    except GONE:
        return False
    return True


def has_arguments(pid: int) -> bool:
    try:
        return bool(read(f"/proc/{pid}/cmdline"))
    except GONE:
        return True


def read(path: str) -> bytes:
    """As open().read(), at half the price."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        data = part = os.read(fd, _CHUNK)
        while len(part) == _CHUNK:
            part = os.read(fd, _CHUNK)
            data += part
        return data
    finally:
        os.close(fd)


def is_our_child(pid: int) -> bool:
    try:
        return int(read(f"/proc/{pid}/stat").rpartition(b")")[2].split()[1]) == os.getpid()
    except GONE:
        return False
