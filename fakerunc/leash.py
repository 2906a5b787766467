"""How the end of PID 1 becomes everybody's: a pipe that init holds open, watched by the kernel itself.

In a real pid namespace the kernel kills who is left. Here whoever `exec` has put into a container reads
that pipe, and asks for SIGKILL when its last writer has gone (F_SETSIG, fcntl(2)): it works on a stopped
process too, and needs no one who looks. It must never be passed on to init's own children.
"""

import fcntl
import os
import select
import signal

# High, so that a closerange() from 3 up to it keeps it; the same number on both ends.
FD = 256


def offer() -> None:
    """In init, for as long as it lives, whatever it executes."""
    reading, writing = os.pipe()
    os.dup2(writing, FD, inheritable=True)
    os.close(reading)
    os.close(writing)


def accept(init: int) -> bool:
    """In the leader of a process group: all of it dies with `init`, a pid. False: it is dead already."""
    try:
        reading = os.open(f"/proc/{init}/fd/{FD}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    os.dup2(reading, FD, inheritable=False)
    os.close(reading)
    fcntl.fcntl(FD, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(FD, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(FD, fcntl.F_SETFL, os.O_NONBLOCK | os.O_ASYNC)
    # Who went before the kernel was asked is not told of.
    return not select.select([FD], [], [], 0)[0]
