"""In a guest: whether it is as its rows say, asked of its own processes and files, whatever its conmand says.

    python -m scenarios.stages.guest_rest STORY     the violation that is seen, or nothing
    python -m scenarios.stages.guest_rest           what is left when everything was removed, line by line

It looks again and again, as long as a host may take to come to rest, which is to be so twice in a row. It ends at
once with what no rest can mend: what is durable, with no intent open. It must never ask the daemon.
"""

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic

from scenarios.stages.daemon import Daemon
from scenarios.stages.real_host import RealHost
from scenarios.stages.real_rest import Seen, Steady, at_rest
from scenarios.stories.single_client import STORIES
from scenarios.violation import Violation

_REST_S = 120.0
_LOOK_S = 0.5
#: A lost file, an end's code, times: nobody is at work any more who could change them.
_FOR_GOOD = {"I9", "I11", "I13"}


class GuestHost(RealHost):
    """A whole machine is one daemon's, which systemd has started: nobody in there bears a stage's mark."""

    def _begun(self) -> Iterator[int]:
        return map(int, filter(str.isdigit, os.listdir("/proc")))

    def _daemon_pid(self) -> int | None:
        shown = subprocess.run(
            ["systemctl", "show", "--value", "-p", "MainPID", "conman"],
            check=True,
            capture_output=True,
        )
        return int(shown.stdout) or None


def main(words: list[str]) -> None:
    with tempfile.TemporaryDirectory() as top:
        daemon = Daemon(Path(top))
        daemon.data, daemon.run = Path("/var/lib/conman"), Path("/run/conman")
        host = GuestHost(daemon, "runc")
        if (seen := rested(lambda: looked_at(host, *words))) is not None:
            print(seen if words else seen.what)


def looked_at(host: RealHost, story: str = "") -> Seen:
    """No `story`: everything was removed. Raises Violation."""
    if not story:
        if left := host.found(()):
            raise Violation("I7", "\n".join(left))
        return Seen((), ())
    [played] = [one for one in STORIES if one.name == story]
    return at_rest(host, played, rebooted=True)


def rested(look: Callable[[], Seen]) -> Violation | None:
    """Why it is not at rest when there is nothing more to wait for; None: it is, as it must be."""
    ends, steady = monotonic() + _REST_S, Steady()
    while not steady.is_so(look):
        if steady.verdict.invariant in _FOR_GOOD or monotonic() > ends:
            return steady.verdict
        threading.Event().wait(_LOOK_S)
    return None


if __name__ == "__main__":
    main(sys.argv[1:])
