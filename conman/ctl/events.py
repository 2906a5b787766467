"""`conmanctl events`: what happens to containers, while it happens.

It must never lose an event: it goes on after the last number that it has seen, whatever becomes of conmand.
"""

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from conman.ctl import filters as reading
from conman.ctl.client import Client
from conman.ctl.failure import one_line
from conman.ctl.lazy import Verb
from conman.ctl.output import print_answer, wants_json
from conman.ctl.settings import client_of, common_options
from conman.ctl.times import NS, shown, when

if TYPE_CHECKING:
    from conman.wire.v1 import conman_pb2 as wire


@dataclass(frozen=True, slots=True)
class Span:
    """Which events: after number `after` (None: from now on), in [since, until], ns since the epoch."""

    after: int | None
    since: int
    until: int | None
    follow: bool


@click.command(cls=Verb, example="--since 10m --filter event=exited")
@click.option(
    "--since", metavar="WHEN", help="From then on: 10m, 2026-01-31T12:00:00Z, 1769860800."
)
@click.option("--until", metavar="WHEN", help="Up to then; 0s: what has happened.")
@click.option("--after", type=click.IntRange(0), metavar="N", help="From event number N+1 on.")
@click.option(
    "--filter",
    "-f",
    "filters",
    metavar="KEY=VALUE",
    multiple=True,
    help="container=NAME|ID or event=KIND; repeatable.",
)
@click.option("--follow/--no-follow", default=True, help="Go on with what comes [default].")
@common_options
@click.pass_context
def events(
    ctx: click.Context,
    *,
    since: str | None,
    until: str | None,
    after: int | None,
    filters: tuple[str, ...],
    follow: bool,
) -> None:
    """Tell what happens to containers, from now on, until ^C.

    Kinds: created, started, restarted, exited, oom, paused, unpaused, updated, renamed,
    removed, collected, exec_created, exec_started, exec_exited. Goes on through a restart of conmand, and misses none.
    """
    span = _span(since, until, after, follow=follow)
    given = reading.pairs(filters, ("container", "event"))
    client = client_of(ctx, endless=True)
    as_json = wants_json(ctx)
    for event in _told(client, span, given["container"], given["event"]):
        if as_json:
            print_answer(event)
        else:
            sys.stdout.write(f"{line(event)}\n")
            sys.stdout.flush()


def _span(since: str | None, until: str | None, after: int | None, *, follow: bool) -> Span:
    now = time.time_ns()
    try:
        first = when(since, now) if since else 0
        last = when(until, now) if until else None
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    if after is None and (since or not follow):
        after = 0
    return Span(after, first, last, follow and (last is None or last > now))


def _told(
    client: Client, span: Span, containers: list[str], kinds: list[str]
) -> "Iterator[wire.Event]":
    """In order, each once; a time-out of our own ends it."""
    from conman.wire.v1 import conman_pb2 as wire

    seen = span.after if span.after is not None else _newest(client)
    # A filter's numbers have gaps: what the client has seen is all up to the last one it was told.
    request = wire.EventsRequest(since=seen, follow=span.follow, containers=containers, kinds=kinds)
    limit_s = None
    if span.follow and span.until is not None:
        limit_s = (span.until - time.time_ns()) / NS
    for event in client.stream("Events", request, wire.Event, limit_s):
        request.since = event.sequence
        if event.at < span.since:
            continue
        if span.until is not None and event.at > span.until:
            return
        yield event


def _newest(client: Client) -> int:
    """From when on it is told: a stream that breaks before its first event must know."""
    from conman.wire.v1 import conman_pb2 as wire

    return client.call("Info", wire.InfoRequest(), wire.InfoResponse).last_event


def line(event: "wire.Event") -> str:
    """As docker has it: time, kind, id, and what else is known in parentheses."""
    about = [f"name={event.name}"] if event.name else []
    about += [f"run={event.run}"] if event.run else []
    about += [f"execID={event.exec_id}"] if event.exec_id else []
    about += [f"exitCode={event.exit_code}"] if event.HasField("exit_code") else []
    about += [f"sequence={event.sequence}"]
    words = f"container {event.kind} {event.container_id} ({', '.join(about)})"
    return f"{shown(event.at)} {one_line(words)}"
