"""How a process of a pool begins: what it inherits is not its own.

It must never end by a ^C, which the first process answers, and never collect what it was forked with: a
finalizer that waits for a thread waits for ever, for threads are not inherited.
"""

import gc
import signal


def begin() -> None:
    """The first thing that a forked worker does."""
    gc.freeze()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
