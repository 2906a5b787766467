"""How conmand ends as a process: with an exit code, at once, and never with a traceback for a ^C."""

import subprocess
import sys

import pytest

PATIENCE_S = 20.0

INTERRUPTED = """
from conman.daemon.serving import end_with
def act():
    raise KeyboardInterrupt
end_with(act)
"""

#: A worker of the loop's that never comes back, as one that reads of a disk that has died.
STUCK = """
import asyncio, threading
from conman.daemon.serving import end_with, run
began = threading.Event()
def read():
    began.set()
    threading.Event().wait()
async def life():
    reading = asyncio.get_running_loop().run_in_executor(None, read)
    began.wait()
    return 7
end_with(lambda: run(life()))
"""


@pytest.mark.parametrize(
    ("program", "code"), [(INTERRUPTED, 130), (STUCK, 7)], ids=["interrupted", "stuck"]
)
def test_it_ends_at_once_with_its_code(program: str, code: int) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, timeout=PATIENCE_S, check=False
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (code, b"", b"")
