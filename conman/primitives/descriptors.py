"""The limit of open descriptors: conmand and shims raise their own, and what they begin has what conmand was given.

A raised one is handed down by a fork, from a zygote to its shims, and by them to containers, whose programs
may close, or count, as many as they are allowed. It must never be raised before it is known what was given, nor
end anybody: who cannot have his limit goes on with what he has.
"""

import resource
from _collections_abc import Callable

#: The soft limit of before it was raised, once it was.
_given: list[int] = []


def given() -> int:
    """What this process was begun with, or set to by `begin_with`."""
    return _given[0] if _given else resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def allow_descriptors() -> None:
    """As many as the host lets us: a running container costs conmand five, an exec its shim six; 1,024 are few."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if not _given:
        _given.append(soft)
    _set(hard)


def begin_with(soft: int) -> None:
    """What conmand was given, by one that it began with a raised limit: before it raises its own, or forks."""
    _set(soft)


def begun_as_given(spawn: Callable[[], int]) -> int:
    """Begin a child that has the given limit from its first moment on. For who has one thread."""
    before, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    _set(given())
    try:
        return spawn()
    finally:
        _set(before)


def give_back(child: int) -> None:
    """Of a runtime's call that was just begun, and not yet reaped.

    posix_spawn has no way to begin it so, where there are other threads; it is only beginning to.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == given():
        return
    try:
        resource.prlimit(child, resource.RLIMIT_NOFILE, (min(given(), hard), hard))
    except (ProcessLookupError, PermissionError):
        return  # it has ended, or is another user's by now: a program may be so by its own mode


def _set(soft: int) -> None:
    """Refused, also where it is lowered, while the hard limit is above fs.nr_open, which may be lowered at any time."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, hard), hard))
    except (ValueError, OSError):  # a ValueError is Python's for EPERM
        return
