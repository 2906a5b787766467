"""What `conmanctl` runs: a process that is as short as it can be.

It exists because start-up and exit are most of what a command costs. It must never import
anything but this package before the collector is off.
"""

import gc
import os
import sys
from typing import NoReturn


def main() -> NoReturn:
    """One command line, then the end of the process with its exit code.

    A short life makes few cycles, so nothing is collected; and nothing is taken down:
    grpc and the interpreter need 20 to 30 ms for that, and the kernel does it as well.
    """
    gc.disable()
    _fill_gaps()
    from contextlib import suppress

    exit_code = 130
    try:
        from conman.ctl.cli import run

        exit_code = run(sys.argv[1:])
    except KeyboardInterrupt:
        pass
    with suppress(OSError):
        sys.stderr.flush()
    os._exit(exit_code)


def _fill_gaps() -> None:
    """A standard stream that was closed (`>&-`) is /dev/null, else the next socket had its number."""
    for fd in (0, 1, 2):
        try:
            os.fstat(fd)
        except OSError:
            # The lowest number that is free is this one.
            os.open(os.devnull, os.O_RDWR)
    # Python has None in its place.
    sys.stdin = sys.stdin or os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8", closefd=False)
