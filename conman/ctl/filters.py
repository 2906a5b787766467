"""`--filter KEY=VALUE` in docker's words, as the API's filters.

It must never filter by itself what conmand can.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from conman.wire.v1 import conman_pb2 as wire

_STATES = ("created", "running", "paused", "exited", "unknown")
#: No state of conman's, but docker's word for what has exited and will run again.
_RESTARTING = "restarting"


def pairs(filters: Sequence[str], known: Sequence[str]) -> Mapping[str, list[str]]:
    """The values of each key. Raises click's UsageError for a key that is not known."""
    found: dict[str, list[str]] = {key: [] for key in known}
    for text in filters:
        key, separator, value = text.partition("=")
        if key not in found or not separator or not value:
            keys = ", ".join(f"{each}=" for each in known)
            raise click.UsageError(f"--filter {text}: it is one of {keys} and a value")
        found[key].append(value)
    return found


def container_filter(filters: Sequence[str]) -> "wire.ContainerFilter":
    from conman.wire.v1 import conman_pb2 as wire

    given = pairs(filters, ("id", "name", "label", "status", "exited"))
    return wire.ContainerFilter(
        ids=given["id"],
        names=given["name"],
        labels=given["label"],
        states=[_state(each) for each in given["status"] if each.lower() != _RESTARTING],
        restarting=_RESTARTING in map(str.lower, given["status"]),
        exit_codes=[_code(each) for each in given["exited"]],
    )


def _state(text: str) -> str:
    if text.lower() not in _STATES:
        known = ", ".join((*_STATES, _RESTARTING))
        raise click.UsageError(f"--filter status={text}: it is one of {known}")
    return text.upper()


def _code(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 3):
        raise click.UsageError(f"--filter exited={text}: an exit code is needed")
    return int(text)
