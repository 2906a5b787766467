"""`inspect --format`: which paths there are, as the messages of the API define them; times as people read them.

It must never ask a container what it could have: a field that is not set is one that there is.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from conman.ctl.output import tree
from conman.ctl.template import Template, understood, unknown
from conman.ctl.times import utc

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, FieldDescriptor
    from google.protobuf.message import Message

    from conman.wire.v1 import conman_pb2 as wire

_NOT_YET = "0001-01-01T00:00:00Z"


def checked(text: str, answer: "type[Message]") -> Template:
    """Raises click's UsageError, also for a path that the answer never has."""
    template = understood(text)
    for place in template.places:
        instead = _instead(place.path, cast("Descriptor", answer.DESCRIPTOR))
        if instead is not None:
            raise unknown(place, instead)
    return template


def for_people(answer: "wire.InspectContainerResponse") -> dict[str, object]:
    """As conmand's JSON, with RFC 3339 for its numbers of nanoseconds; docker's first year is not yet."""
    told = tree(answer)
    status = cast("dict[str, object]", told.get("status", {}))
    for name, field in _fields(cast("Descriptor", answer.status.DESCRIPTOR)).items():
        if name in status and field.name.endswith("_at"):
            ns: int = getattr(answer.status, field.name)
            status[name] = utc(ns) if ns else _NOT_YET
    return told


def _instead(path: Sequence[str], message: "Descriptor | None") -> Sequence[str] | None:
    """The names that there are where the path leads nowhere; None: it leads somewhere."""
    if not path:
        return None
    fields = _fields(message)
    field, rest = fields.get(path[0]), path[1:]
    if field is None:
        return tuple(fields)
    if not field.is_repeated:
        return _instead(rest, field.message_type)
    of_values = _of_map(field)
    if rest and of_values is None and not rest[0].isdecimal():
        return ()
    return _instead(rest[1:], (of_values or field).message_type)


def _fields(message: "Descriptor | None") -> "dict[str, FieldDescriptor]":
    """By their names in JSON; of a text or a number there are none."""
    return {field.camelcase_name: field for field in message.fields} if message else {}


def _of_map(field: "FieldDescriptor") -> "FieldDescriptor | None":
    """What its values are; None: it is a list."""
    entry = field.message_type
    if entry is None or not entry.GetOptions().map_entry:
        return None
    return entry.fields_by_name["value"]
