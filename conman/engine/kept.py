"""The daemon's side of what a shim's death would end: fetched from the shim that has it, given to the one that wants it.

What is fetched is a socket with a descriptor in its queue (`conman.shim.keep`, whose words these are). It must
never be read here: only a shim knows what is in it. It must never be waited for without a bound, nor be
inherited by a program that another thread begins meanwhile.
"""

import array
import errno
import os
import socket

KEEP = "keep.sock"
HAS, WANTS = b"h", b"w"

#: A shim answers at once, or hangs.
_PATIENCE_S = 2.0

#: Room for one descriptor, of four bytes.
_RIGHTS = socket.CMSG_LEN(4)


def exchanged(directory: str, ours: int) -> int:
    """Give `ours` (-1: there is none) to a shim that wants it; else what it has, which is the caller's. -1: nothing.

    A shim that is dead, or hangs, has nothing. Raises OSError where this process has no room for it.
    """
    try:
        inside = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return -1
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
            connection.settimeout(_PATIENCE_S)
            # A socket's path is limited to 107 bytes, a directory's is not.
            connection.connect(f"/proc/self/fd/{inside}/{KEEP}")
            return _exchanged(connection, ours)
    except (BlockingIOError, ConnectionError, FileNotFoundError, TimeoutError):
        return -1
    finally:
        os.close(inside)


def _exchanged(connection: socket.socket, ours: int) -> int:
    # Python 3.11's recv_fds passes no flags on.
    said, rights, flags, _ = connection.recvmsg(1, _RIGHTS, socket.MSG_CMSG_CLOEXEC)
    descriptors = array.array("i", b"".join(data for _, _, data in rights))
    if flags & socket.MSG_CTRUNC:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), KEEP)
    if said == HAS and descriptors:
        return descriptors[0]
    if said == WANTS and ours >= 0:
        socket.send_fds(connection, [HAS], [ours])
    return -1
