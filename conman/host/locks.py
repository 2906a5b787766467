"""Which files are locked right now, by whomever: asked of the kernel, without taking a lock.

Trying a lock would hold it for a moment, and somebody else could find it held. It must never do that.
"""

import os


def is_held(path: str) -> bool:
    """Whether anybody holds a flock on this file; False where there is no file.

    By inode alone: the device that /proc/locks names is not always stat's (overlays, btrfs).
    """
    try:
        inode = os.stat(path).st_ino
    except FileNotFoundError:
        return False
    with open("/proc/locks", encoding="ascii") as file:
        return any(_is_flock_on(line.split(), inode) for line in file)


def _is_flock_on(fields: list[str], inode: int) -> bool:
    """`1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF`; a waiter has `->` behind its number."""
    return fields[1] == "FLOCK" and fields[5].rpartition(":")[2] == str(inode)
