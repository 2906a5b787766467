"""Whether the tests of the host find a bug that is planted in the real performers.

Strict, as for the simulator: the first test that fails is one that the exhibit names, by an assertion of its own; the change was
reached; and the same tests pass with nothing planted. Each run is a process of its own.
"""

import json
import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from scenarios.museum.exhibit import HostExhibit
from scenarios.museum.finding import SECONDS_AT_MOST, Finding

ROOT = Path(__file__).resolve().parents[2]
#: Of the clock, for tests that hang: the machine may be a busy one.
SILENCE = 300
#: What a test says that finds something, and what pytest's own `raises` does.
_BY_A_TEST = ("AssertionError", "Failed")


def find(exhibit: HostExhibit) -> Finding:
    """Its tests, with the bug in place. In the finding `lives` are the tests that ran, `violated` the one that failed."""
    began = _seconds()
    told, crash = run(exhibit.file, exhibit.name)
    finding = Finding(
        exhibit.name,
        str(told.get("failed", "")),
        (exhibit.file,),
        str(told.get("what", "")),
        int(told.get("reached", 0)),
        int(told.get("ran", 0)),
        0,
        _seconds() - began,
    )
    return replace(finding, why=crash or _why_not(exhibit, finding, str(told.get("how", ""))))


def _why_not(exhibit: HostExhibit, finding: Finding, how: str) -> str:
    if finding.seconds > SECONDS_AT_MOST:
        return f"no test failed in {SECONDS_AT_MOST:.0f} s"
    if not finding.reached:
        return "the change was never reached"
    if not finding.violated:
        return "all tests pass"
    if how not in _BY_A_TEST:
        return finding.what
    if finding.violated not in exhibit.tests:
        return f"it fails {finding.violated}: {finding.what}"
    return ""


def is_clean(file: str) -> str:
    """The same tests with nothing planted: the first that fails."""
    told, crash = run(file)
    return crash or (f"{told['failed']}: {told['what']}" if told["failed"] else "")


def _seconds() -> float:
    """Of a processor, that processes which this one has waited for had."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(*words: str) -> tuple[dict[str, str | int], str]:
    """What `Ran` of `in_tests` came to, by its fields; and what went wrong instead, "" for nothing."""
    argv = [sys.executable, "-m", "scenarios.museum.in_tests", *words]
    try:
        done = subprocess.run(
            argv, cwd=ROOT, capture_output=True, text=True, timeout=SILENCE, check=False
        )
    except subprocess.TimeoutExpired:
        return {}, f"the tests did not end in {SILENCE} s"
    if done.returncode:
        return {}, (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
    return json.loads(done.stdout), ""
