"""Events as a stream: pages of the source, as protobuf, at the reader's own speed.

It must never hold more than one page, whatever a reader does: he is waited for, the daemon is not.
"""

from collections.abc import AsyncIterator
from typing import Protocol

from conman.api import fields
from conman.api.status import wire_text
from conman.core import events
from conman.core.model import Event
from conman.errors import ConmanError, Refusal
from conman.wire.v1 import conman_pb2 as wire

PAGE = 200


class Source(Protocol):
    """`conman.daemon.feed.Feed`, as far as it is needed here."""

    @property
    def newest(self) -> int: ...
    async def read(self, seen: int, limit: int) -> events.Page: ...
    async def beyond(self, seen: int) -> None: ...


def wanted(message: wire.EventsRequest) -> events.Wanted:
    """Raises ConmanError for what no event can be."""
    if message.since < 0:
        fields.bad("since", f"there is no event {message.since}", "give 0 or more")
    fields.few("containers", len(message.containers))
    fields.few("kinds", len(message.kinds))
    for kind in message.kinds:
        if kind not in events.KINDS:
            known = ", ".join(events.KINDS)
            fields.bad("kinds", f"no event is of kind {fields.shown(kind)}", f"take of {known}")
    containers = tuple(fields.reference(each, "containers") for each in message.containers)
    return events.Wanted(containers, tuple(message.kinds))


def stream(message: wire.EventsRequest, source: Source) -> AsyncIterator[wire.Event]:
    """From this moment on, however late the first is asked for. Raises ConmanError for bad input.

    The stream raises it for what is no longer kept, and UNAVAILABLE when conmand ends.
    """
    now = source.newest
    seen = message.since if message.HasField("since") else now
    return _stream(wanted(message), seen, None if message.follow else now, source)


async def _stream(
    chosen: events.Wanted, seen: int, until: int | None, source: Source
) -> AsyncIterator[wire.Event]:
    while True:
        told = events.after(seen, await source.read(seen, PAGE))
        if isinstance(told, Refusal):
            raise ConmanError(told)
        for one in told:
            if one.event is not None and chosen.holds(one.event):
                yield _event(one.sequence, one.event)
        seen = told[-1].sequence if told else seen
        if until is not None and (not told or seen >= until):
            return
        if not told:
            await source.beyond(seen)


def _event(sequence: int, event: Event) -> wire.Event:
    return wire.Event(
        sequence=sequence,
        at=event.at,
        container_id=wire_text(event.container_id),
        name=wire_text(event.name),
        kind=event.kind,
        run=event.run,
        exit_code=event.exit_code,
        exec_id=event.exec_id,
    )
