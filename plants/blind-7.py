"""An end that was observed while an operation was under way is settled after what waits already.

`_settle_if_ended` queues the settle behind the requests, not before them. A `start` among them is
judged by a row that says RUNNING: nothing to do, OK.

A user suffers: a watchdog sees that the program has ended and starts it again, while conmand is just
updating the container. `start` answers OK, and afterwards the container is EXITED: nothing was started.

Expected: I8 (an answer that contradicts what the daemon had been told). Guessed story: none that I know
of; it takes two requests at once on one container and an end in between, `pause-or-exit` perhaps.
"""

from conman.core.turns import Kind, Work
from scenarios.museum.exhibit import Replaced


def settle_if_ended(_, self, object_id):
    """The original, without `first`."""
    row = self.ledger.containers.get(object_id)
    if row is None or row.init is None:
        self._ended = {end for end in self._ended if end[0] != object_id}
    elif (object_id, row.run) in self._ended:
        self._enqueue(Work(Kind.SETTLE, object_id))


PATCHES = (Replaced("conman.core.machine.Machine._settle_if_ended", settle_if_ended),)
