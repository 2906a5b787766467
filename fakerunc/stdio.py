"""The three descriptors that every program has, and words on two of them, written as a Go program writes.

At once, and past a descriptor that takes none: who calls reads the exit code then. It must never end in a
traceback, and never keep words back for the end of the process, where nobody can say that they were lost.
"""

import os
import signal


def complete() -> None:
    """What the caller closed is the null device: else the next file would be taken for it."""
    for fd in range(3):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest that is free: this one
            os.set_inheritable(fd, True)  # noqa: FBT003 - takes no name


def write(fd: int, text: str) -> OSError | None:
    """Why it could not be written, or None. A pipe that nobody reads ends the process, as Go's does."""
    before = signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    left = text.encode("utf-8", "surrogateescape")
    try:
        while left:
            left = left[os.write(fd, left) :]
    except OSError as failure:
        return failure
    finally:
        # Whose process this is may have other pipes.
        signal.signal(signal.SIGPIPE, before)
    return None
