"""The integration suite in a guest, where control groups are v2's alone: over runc, then over crun.

What cannot run there is skipped by the tests themselves, with their reasons. It must never end with 0 when
anything has failed, nor when next to nothing was played.
"""

from xml.etree import ElementTree as ET

from vm.guests import Guest
from vm.installing import SUITE, install_suite
from vm.places import RECIPE
from vm.steps import print_table, step
from vm.trouble import Trouble

RUNTIMES = ("runc", "crun")
#: What has to do with a real runtime, and with what its containers are held by.
FILES = tuple(
    f"tests/integration/test_{name}.py"
    for name in (
        "changes",
        "crun",
        "daemon_check",
        "daemon_life",
        "host_freezer",
        "host_processes",
        "options_runc",
        "shim_cgroup",
        "shim_deaths",
        "shim_runtimes",
    )
)
#: Those that drive a real runtime as well, and are not played there unless they are named: it would take twice as long.
ELSEWHERE = tuple(
    f"tests/integration/test_{name}.py"
    for name in (
        "cp",
        "exec_streams",
        "execs",
        "host_runtime",
        "hung_shims",
        "logs",
        "restarts",
        "run_lost",
        "sessions",
        "sessions_exec",
        "sessions_terminal",
        "stages",
        "streams",
        "usage",
    )
)
#: Of FILES, so many pass at least: there is room for a few that cannot run in there.
LEAST = 100
_SLOWER = 5
_PLAYED = (
    "cd {suite} && REAL_RUNTIME={runtime} SLOWER={slower} .venv/bin/python -m pytest -p no:cacheprovider -v"
    " --timeout 300 -k 'not fakerunc' --junitxml {report} {files}"
)


def play(guest: Guest, files: tuple[str, ...]) -> None:
    """`files`: of the tree; none: FILES. Raises Trouble where anything failed, or too little passed."""
    must_have_runtimes(guest)
    install_suite(guest)
    played = [_played(guest, runtime, files) for runtime in RUNTIMES]
    print_table()
    if wrong := " and ".join(filter(None, played)):
        raise Trouble(f"the suite {wrong}: read what it says above")


def must_have_runtimes(guest: Guest) -> None:
    """Raises Trouble: without one all its tests would be skipped."""
    missing = [one for one in RUNTIMES if guest.attempt(f"command -v {one}").returncode]
    if missing:
        raise Trouble(f"the guest has no {' and no '.join(missing)}: look into {RECIPE}/packages")


def _played(guest: Guest, runtime: str, files: tuple[str, ...]) -> str:
    """What is wrong with it; "": nothing."""
    report = f"{SUITE}/{runtime}.xml"
    words = {"runtime": runtime, "report": report, "files": " ".join(files or FILES)}
    with step(f"suite over {runtime}"):
        if guest.follow(_PLAYED.format(suite=SUITE, slower=_SLOWER, **words)):
            return f"fails over {runtime}"
    passed, least = _passed(guest.run(f"cat {report}")), 1 if files else LEAST
    return "" if passed >= least else f"passes {passed} tests over {runtime}, of {least} at least"


def _passed(report: str) -> int:
    """Of a report as pytest writes it."""
    every = ET.fromstring(report).iter("testcase")  # noqa: S314 - our own guest's
    return sum(not {"skipped", "failure", "error"} & {about.tag for about in one} for one in every)
