"""What a reader of events is told next: pure rules over pages of the store.

Numbers are the store's, and grow by one. A reader has seen all up to its own number and goes on after it, so
nothing is missed or told twice, over any number of daemons. It must never pass over what is no longer kept.
"""

from itertools import takewhile

from conman.core.model import Event
from conman.errors import Code, Refusal
from conman.frozen import frozen

KINDS = (
    "created",
    "started",
    "restarted",
    "exited",
    "oom",
    "paused",
    "unpaused",
    "updated",
    "renamed",
    "removed",
    "collected",
    "exec_created",
    "exec_started",
    "exec_exited",
)


@frozen
class Numbered:
    """A committed event; `event` None: its row cannot be read."""

    sequence: int
    event: Event | None


@frozen
class Page:
    """Some events after the number that was asked for, in order, and what the store keeps.

    `oldest`: the first number that is kept, or the next to come. `newest`: the last that was given.
    """

    events: tuple[Numbered, ...]
    oldest: int
    newest: int


@frozen
class Wanted:
    """Which events: of any of these containers (id, its beginning, or name), of any of these kinds."""

    containers: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()

    def holds(self, event: Event) -> bool:
        if self.kinds and event.kind not in self.kinds:
            return False
        return not self.containers or any(
            event.name == text or event.container_id.startswith(text) for text in self.containers
        )


def after(seen: int, page: Page) -> tuple[Numbered, ...] | Refusal:
    """What a reader who has seen `seen` is told of this page; 0: whoever takes what there is."""
    if seen > page.newest:
        return _out_of_range(
            f"there is no event {seen} yet: the newest is {page.newest}",
            f"go on after {page.newest}, or ask without since",
        )
    if 0 < seen < page.oldest - 1:
        return _out_of_range(
            f"what followed event {seen} is no longer kept: the oldest is {page.oldest}",
            f"list the containers, then go on after {page.oldest - 1}",
        )
    readable = tuple(takewhile(lambda one: one.event is not None, page.events))
    return _unreadable(page.events[0].sequence) if page.events and not readable else readable


def _out_of_range(what: str, hint: str) -> Refusal:
    return Refusal(Code.OUT_OF_RANGE, "EventsNotKept", what, hint, "since")


def _unreadable(sequence: int) -> Refusal:
    return Refusal(
        Code.INTERNAL,
        "EventUnreadable",
        f"event {sequence} cannot be read in the store",
        f"go on after {sequence}",
        "since",
    )
