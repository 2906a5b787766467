"""In a guest: whether it is as its rows say, asked of its own processes and files, whatever its conmand says.

    python -m scenarios.stages.guest_rest STORY     the violation that is seen, or nothing
    python -m scenarios.stages.guest_rest           what is left when everything was removed, line by line

It looks again and again, as long as a host may take to come to rest. It must never ask the daemon.
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


def main(words: list[str]) -> None:
    with tempfile.TemporaryDirectory() as top:
        daemon = Daemon(Path(top))
        daemon.data, daemon.run = Path("/var/lib/conman"), Path("/run/conman")
        host = RealHost(daemon, "runc")
        if seen := _rested(lambda: _seen(host, words)):
            print(seen)


def _seen(host: RealHost, words: list[str]) -> str:
    if not words:
        return "\n".join(host.found(()))
    [story] = [one for one in STORIES if one.name == words[0]]
    try:
        at_rest(host, story, rebooted=True)
    except Violation as violation:
        return str(violation)
    return ""


def _rested(look: Callable[[], str]) -> str:
    ends = monotonic() + _REST_S
    while (seen := look()) and monotonic() < ends:
        threading.Event().wait(_LOOK_S)
    return seen


if __name__ == "__main__":
    main(sys.argv[1:])
