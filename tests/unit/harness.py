"""`python -m scenarios` as a process of its own.

It forks workers: not in here, where other tests have left threads.
"""

import subprocess
import sys


def harness(*words: str) -> "subprocess.CompletedProcess[str]":
    """Its exit code and what it said."""
    argv = (sys.executable, "-W", "error", "-m", "scenarios", *words)
    return subprocess.run(argv, capture_output=True, text=True, check=False)
