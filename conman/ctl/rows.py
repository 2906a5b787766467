"""A container as one row for people, in docker's words: what `ps` shows."""

import shlex
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from conman.ctl.table import Column, cut, look_of_stdout, table
from conman.ctl.times import ago, lasted, shown

if TYPE_CHECKING:
    from conman.wire.v1 import conman_pb2 as wire

SHORT_ID = 12
_SHORT_COMMAND = 20
#: What --format may name, and what heads it in a table, as docker has it.
TITLES = {
    "ID": "CONTAINER ID",
    "Names": "NAMES",
    "Name": "NAME",
    "Command": "COMMAND",
    "CreatedAt": "CREATED AT",
    "RunningFor": "CREATED",
    "Status": "STATUS",
    "State": "STATE",
    "Runtime": "RUNTIME",
    "Labels": "LABELS",
}
_COLUMNS = (
    Column("CONTAINER ID"),
    Column("COMMAND", 10),
    Column("CREATED", 8, late=True),
    Column("STATUS", 8, late=True),
    Column("NAMES", 8),
)


def status(one: "wire.ContainerSummary", now: int) -> str:
    """As "Up 3 minutes", "Exited (0) 5 seconds ago", "Restarting (1) 2 seconds ago", "Unknown (LookFailed)"."""
    detail = one.detail
    match one.state:
        case 1:
            return "Created"
        case 2:
            return f"Up {lasted(now - detail.started_at)}"
        case 5:
            return f"Up {lasted(now - detail.started_at)} (Paused)"
        case 3 if detail.next_restart_at:
            return f"Restarting ({detail.exit_code}) {ago(detail.finished_at, now)}"
        case 3:
            return f"Exited ({detail.exit_code}) {ago(detail.finished_at, now)}"
        case _:
            return f"Unknown ({one.reason})" if one.reason else "Unknown"


def colour(one: "wire.ContainerSummary") -> str:
    match one.state:
        case 2:
            return "green"
        case 5:
            return "yellow"
        case 3:
            return "red" if one.detail.exit_code else ""
        case 1:
            return ""
        case _:
            return "red"


def _state(one: "wire.ContainerSummary") -> str:
    if one.state == 3 and one.detail.next_restart_at:
        return "restarting"
    return {1: "created", 2: "running", 3: "exited", 5: "paused"}.get(one.state, "unknown")


def command(one: "wire.ContainerSummary") -> str:
    """As it would be typed."""
    return shlex.join([one.detail.command, *one.detail.args]) if one.detail.command else ""


def values(one: "wire.ContainerSummary", now: int, *, whole: bool) -> dict[str, str]:
    """By the names of TITLES. `whole`: ids and commands are not shortened."""
    typed = command(one)
    short = cut(typed, _SHORT_COMMAND, look_of_stdout().ellipsis)
    labels = ",".join(f"{key}={one.detail.labels[key]}" for key in sorted(one.detail.labels))
    return {
        "ID": one.id if whole else one.id[:SHORT_ID],
        "Names": one.name,
        "Name": one.name,
        "Command": f'"{typed if whole else short}"',
        "CreatedAt": shown(one.created_at),
        "RunningFor": ago(one.created_at, now),
        "Status": status(one, now),
        "State": _state(one),
        "Runtime": one.detail.runtime,
        "Labels": labels,
    }


def container_table(
    containers: "Iterable[wire.ContainerSummary]", now: int, *, whole: bool = False
) -> list[str]:
    """Header and rows, as stdout takes them."""
    listed: Sequence[wire.ContainerSummary] = list(containers)
    rows = [
        [each["ID"], each["Command"], each["RunningFor"], each["Status"], each["Names"]]
        for each in (values(one, now, whole=whole) for one in listed)
    ]
    look = look_of_stdout()
    return table(_COLUMNS, rows, look, [colour(one) for one in listed])
