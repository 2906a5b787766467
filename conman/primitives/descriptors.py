"""The limit of open descriptors: conmand raises its own, and what it begins has the one that conmand was given.

A raised one is handed down by a fork, from a zygote to its shims, and by them to containers, whose programs
may close, or count, as many as they are allowed. It must be loaded before the limit is raised.
"""

import resource
from contextlib import suppress

_GIVEN, _ = resource.getrlimit(resource.RLIMIT_NOFILE)


def allow_descriptors() -> None:
    """As many as the host lets us: a running container costs five, and the usual 1,024 are few."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def give_back(child: int) -> None:
    """Of a child that was just begun, and not yet reaped. posix_spawn has no way to begin it so.

    A zygote and a shim do nothing before they are asked; a runtime's call is only beginning to.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != _GIVEN:
        # It has ended, or is another user's by now: a program may be so by its own mode.
        with suppress(ProcessLookupError, PermissionError):
            resource.prlimit(child, resource.RLIMIT_NOFILE, (min(_GIVEN, hard), hard))
