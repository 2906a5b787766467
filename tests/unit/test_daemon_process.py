"""What conmand's process is before it starts anything: what it was given stays with it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

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


_CLOSED = """
import os, sys
for closed in map(int, sys.argv[2:]):
    os.close(closed)
os.execv(sys.executable, [sys.executable, "-c", '''
import os, sys
from conman.daemon.process import prepare_process
prepare_process()
sys.stdout.write("x"), sys.stdout.flush(), sys.stderr.write("x")
with open(sys.argv[1], "w") as told:
    told.write(f"{[os.get_inheritable(n) for n in range(3)]} {os.readlink('/proc/self/fd/' + sys.argv[2])}")
''', sys.argv[1], sys.argv[2]])
"""


@pytest.mark.parametrize("closed", [("0",), ("1",), ("2",), ("2", "1", "0")])
def test_what_was_closed_of_the_first_three_is_filled(
    closed: tuple[str, ...], tmp_path: Path
) -> None:
    told = tmp_path / "told"
    told.touch()
    command = [sys.executable, "-c", _CLOSED, str(told), *closed]
    subprocess.run(command, check=True, stdin=subprocess.PIPE, capture_output=True)
    assert told.read_text() == "[True, True, True] /dev/null"
