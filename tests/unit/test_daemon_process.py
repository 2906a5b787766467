"""What conmand's process is before it starts anything: what it was given stays with it."""

import os
import subprocess
import sys

_PROGRAM = """
import os, sys
from conman.daemon.process import prepare_process
prepare_process()
print([os.get_inheritable(int(fd)) for fd in sys.argv[1:]], os.getcwd())
"""


def test_descriptors_of_whoever_started_us_are_not_handed_on() -> None:
    given, other = os.pipe()
    try:
        told = subprocess.run(
            [sys.executable, "-c", _PROGRAM, "0", "1", "2", str(given)],
            pass_fds=(given,),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
        )
    finally:
        os.close(given)
        os.close(other)
    assert told.stdout == "[True, True, True, False] /\n"
