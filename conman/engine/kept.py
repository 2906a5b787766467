"""The daemon's side of what a shim's death would end: fetched from the shim that has it, given to the one that wants it.

What is fetched is a socket with a descriptor in its queue (`conman.shim.keep`, whose words these are). It must
never be read here: only a shim knows what is in it. It must never be waited for without a bound.
"""

import os
import socket

KEEP = "keep.sock"
HAS, WANTS = b"h", b"w"

#: A shim answers at once, or hangs.
_PATIENCE_S = 2.0


def exchanged(directory: str, ours: int) -> int:
    """Give `ours` (-1: there is none) to a shim that wants it; else what it has, which is the caller's. -1: nothing.

    A shim that is dead, or hangs, has nothing.
    """
    inside = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
            connection.settimeout(_PATIENCE_S)
            # A socket's path is limited to 107 bytes, a directory's is not.
            connection.connect(f"/proc/self/fd/{inside}/{KEEP}")
            return _exchanged(connection, ours)
    except (ConnectionError, FileNotFoundError, TimeoutError):
        return -1
    finally:
        os.close(inside)


def _exchanged(connection: socket.socket, ours: int) -> int:
    said, descriptors, _, _ = socket.recv_fds(connection, 1, 1)
    if said == HAS and descriptors:
        os.set_inheritable(descriptors[0], False)  # noqa: FBT003 - os' own signature
        return descriptors[0]
    if said == WANTS and ours >= 0:
        socket.send_fds(connection, [HAS], [ours])
    return -1
