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
    exit_code = 130
    try:
        from conman.ctl.cli import run

        exit_code = run(sys.argv[1:])
    except KeyboardInterrupt:
        pass
    sys.stderr.flush()
    os._exit(exit_code)
