"""This process with room for only so many more descriptors, as when too many are open; and how many are."""

import os
import resource
from collections.abc import Generator
from contextlib import contextmanager, suppress

#: More than gaps there are between those that are open: few have to be taken.
_MARGIN = 64


@contextmanager
def room_for(descriptors: int) -> Generator[None]:
    """Whoever opens one more has EMFILE."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken: list[int] = []
    # Whoever runs tests may have any number open, and this has to be one that is not reached yet.
    limit = max(map(int, os.listdir("/proc/self/fd"))) + _MARGIN
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    try:
        with suppress(OSError):
            while True:
                taken.append(os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC))
        for _ in range(descriptors):
            os.close(taken.pop())
        yield
    finally:
        for each in taken:
            os.close(each)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def open_now() -> list[str]:
    """What each descriptor is of; the one that looks is not counted."""
    found: list[str] = []
    for descriptor in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):
            found.append(os.readlink(f"/proc/self/fd/{descriptor}"))
    return sorted(found)
