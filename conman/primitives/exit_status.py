"""How a process ended that is not our child, asked of the kernel through a pidfd opened while it lived.

PIDFD_GET_INFO with PIDFD_INFO_EXIT (include/uapi/linux/pidfd.h, Linux 6.15): the wait status is told only
once whoever inherited the process has reaped it. It must never guess: where the kernel does not tell, the
answer is None.
"""

import fcntl
import os
import select
import struct

#: The first version of struct pidfd_info: two 64-bit words, eleven ids, the wait status.
_INFO = struct.Struct("=QQ11Ii")
_READ_WRITE, _MAGIC, _NUMBER = 3, 0xFF, 11
_GET_INFO = _READ_WRITE << 30 | _INFO.size << 16 | _MAGIC << 8 | _NUMBER
_HAS_EXIT = 1 << 3


def exit_status(handle: int, patience_s: float) -> tuple[int, int] | None:
    """(code, signal) of an ended process, 128 + n and n for one that died by signal n.

    Waits at most so long for it to be reaped. None: this kernel does not tell, or not yet.
    """
    try:
        status = _told(handle)
        if status is None:
            _await_reaped(handle, patience_s)
            status = _told(handle)
    except OSError:
        return None  # ENOTTY, EINVAL: an older kernel; ESRCH: reaped, and it keeps nothing
    if status is None:
        return None
    code = os.waitstatus_to_exitcode(status)
    return (128 - code, -code) if code < 0 else (code, 0)


def _told(handle: int) -> int | None:
    asked = bytearray(_INFO.size)
    struct.pack_into("=Q", asked, 0, _HAS_EXIT)
    fcntl.ioctl(handle, _GET_INFO, asked)
    mask, *_, status = _INFO.unpack(asked)
    return status if mask & _HAS_EXIT else None


def _await_reaped(handle: int, patience_s: float) -> None:
    """A pidfd of a reaped process is hung up; of a zombie it is only readable."""
    poll = select.poll()
    poll.register(handle, 0)
    poll.poll(round(patience_s * 1000))
