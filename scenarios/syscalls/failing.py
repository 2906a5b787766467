"""Which of a story's system calls can fail with which error of a disk, and where a disk can be full.

DATA is on a disk, RUN in memory: there only space can be missing. It must never choose what no disk answers with (open(2), write(2),
mkdir(2), bind(2), rename(2), unlink(2), fsync(2)).
"""

import re
from collections.abc import Iterator

from scenarios.stages.deaths import DISKS, ERRORS, By, Death
from scenarios.syscalls.preload import Passed

_MAKES = (
    *("open", "openat", "mkdir", "mkdirat", "mkfifo", "mkfifoat", "mknod", "symlink", "symlinkat"),
    *("bind", "lsetxattr"),
)
_LINKS = ("link", "linkat", "rename", "renameat", "renameat2")
_WRITES = ("write", "pwrite", "writev", "sendfile", "ftruncate")
_SYNCS = ("fsync", "fdatasync", "syncfs")
_REMOVES = ("unlink", "unlinkat", "rmdir")
_OWNS = (
    *("chmod", "fchmod", "fchmodat", "chown", "lchown", "fchown", "fchownat"),
    *("utimensat", "futimens"),
)
_ANSWERS = {
    "ENOSPC": {*_MAKES, *_LINKS, *_WRITES, *_SYNCS},
    "EIO": {*_MAKES, *_LINKS, *_WRITES, *_SYNCS, *_REMOVES, *_OWNS},
    "EROFS": {*_MAKES, *_LINKS, *_REMOVES, *_OWNS},
}
#: DATA of a real stage, on a disk of its own or not.
_DATA = re.compile(r"/[^/]+/cs[^/]+/(m/)?d/")
_RUN = re.compile(r"/[^/]+/cs[^/]+/r/")
_IN_MEMORY = ("ENOSPC",)


def errors(passed: list[Passed]) -> list[Death]:
    """Each call with each error, in order."""
    return list(_errors(passed))


def _errors(passed: list[Passed]) -> Iterator[Death]:
    for one in passed:
        for error in _possible(one):
            if one.call in _ANSWERS[error]:
                yield Death(one.point, By.ERROR, what=error)


def _possible(one: Passed) -> tuple[str, ...]:
    if _is_on_disk(one):
        return ERRORS
    return _IN_MEMORY if _RUN.match(one.what) else ()


def full(passed: list[Passed]) -> list[Death]:
    """Each call that needs space, on each disk, in order."""
    needs = [one for one in passed if _is_on_disk(one) and one.call in _ANSWERS["ENOSPC"]]
    return [Death(one.point, By.FULL, what=disk) for one in needs for disk in DISKS]


def _is_on_disk(one: Passed) -> bool:
    return _DATA.match(one.what) is not None
