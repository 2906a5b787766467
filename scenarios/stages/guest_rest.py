"""In a guest: whether it is as its rows say, asked of its own processes and files, whatever its conmand says.

    python -m scenarios.stages.guest_rest STORY     the violation that is seen, or nothing
    python -m scenarios.stages.guest_rest           what is left when everything was removed, line by line

It looks again and again, as long as a host may take to come to rest, and ends at once with what no rest can mend:
what is durable, with no intent open. It must never ask the daemon.
"""

import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic

from scenarios.stages.daemon import Daemon
from scenarios.stages.real_host import RealHost
from scenarios.stages.real_rest import at_rest
from scenarios.stories.single_client import STORIES
from scenarios.violation import Violation

_REST_S = 120.0
_LOOK_S = 0.5
#: A lost file, an end's code, times: nobody is at work any more who could change them.
_FOR_GOOD = {"I9", "I11", "I13"}


def main(words: list[str]) -> None:
    with tempfile.TemporaryDirectory() as top:
        daemon = Daemon(Path(top))
        daemon.data, daemon.run = Path("/var/lib/conman"), Path("/run/conman")
        host = RealHost(daemon, "runc")
        if seen := rested(lambda: _looked_at(host, words)):
            print(seen)


def _looked_at(host: RealHost, words: list[str]) -> str:
    """What is left. Raises Violation."""
    if not words:
        return "\n".join(host.found(()))
    [story] = [one for one in STORIES if one.name == words[0]]
    at_rest(host, story, rebooted=True)
    return ""


def rested(look: Callable[[], str]) -> str:
    """What is seen when there is nothing more to wait for; "" for a host at rest as it must be."""
    ends = monotonic() + _REST_S
    while True:
        seen, is_for_good = _seen(look)
        if not seen or is_for_good or monotonic() > ends:
            return seen
        threading.Event().wait(_LOOK_S)


def _seen(look: Callable[[], str]) -> tuple[str, bool]:
    """And whether it stays so, however long one waits."""
    try:
        return look(), False
    except Violation as violation:
        return str(violation), violation.invariant in _FOR_GOOD


if __name__ == "__main__":
    main(sys.argv[1:])
