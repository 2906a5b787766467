"""The integration suite in a guest, where control groups are v2's alone: over runc, then over crun.

What cannot run there is skipped by the tests themselves, with their reasons. It must never end with 0 when
anything has failed.
"""

from vm.guests import Guest
from vm.installing import SUITE, install_suite
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
_SLOWER = 5
_PLAYED = (
    "cd {suite} && REAL_RUNTIME={runtime} SLOWER={slower} .venv/bin/python -m pytest -p no:cacheprovider -v"
    " --timeout 300 -k 'not fakerunc' {files}"
)


def play(guest: Guest, files: tuple[str, ...]) -> None:
    """`files`: of the tree; none: FILES. Raises Trouble where anything failed."""
    install_suite(guest)
    failed = [runtime for runtime in RUNTIMES if not _passes(guest, runtime, files or FILES)]
    print_table()
    if failed:
        raise Trouble(f"the suite fails over {' and over '.join(failed)}: read what it says above")


def _passes(guest: Guest, runtime: str, files: tuple[str, ...]) -> bool:
    played = _PLAYED.format(suite=SUITE, runtime=runtime, slower=_SLOWER, files=" ".join(files))
    with step(f"suite over {runtime}"):
        return guest.follow(played) == 0
