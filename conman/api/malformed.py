"""Which field of a request is no text, where bytes could not be read as the message that they should be.

protobuf says that they are none, and not where: so they are read again as fields without names. It must
never be asked about a request that could be read.
"""

from collections.abc import Iterator
from typing import cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.unknown_fields import UnknownFieldSet

_LENGTH_DELIMITED = 2


def field_at_fault(kind: type[Message], raw: bytes) -> str:
    """As `name` or `filter.ids`; "" where the bytes are no message at all."""
    try:
        fields = UnknownFieldSet(Empty.FromString(raw))
    except DecodeError:
        return ""
    of_bytes = ((f.field_number, f.data) for f in fields if f.wire_type == _LENGTH_DELIMITED)
    return next(_faults(kind, of_bytes), "")


def _faults(kind: type[Message], fields: Iterator[tuple[int, bytes]]) -> Iterator[str]:
    known = cast("Descriptor", kind.DESCRIPTOR).fields_by_number
    for number, data in fields:
        field = known.get(number)
        if field is not None and not _is_sound(field, data):
            yield _path(field, data)


def _is_sound(field: FieldDescriptor, data: bytes) -> bool:
    try:
        if field.type == FieldDescriptor.TYPE_STRING:
            _ = data.decode()
        if field.message_type is not None:
            _ = GetMessageClass(field.message_type).FromString(data)
    except (UnicodeDecodeError, DecodeError):
        return False
    return True


def _path(field: FieldDescriptor, data: bytes) -> str:
    kind = field.message_type
    if kind is None or kind.GetOptions().map_entry:
        return field.name
    return f"{field.name}.{field_at_fault(GetMessageClass(kind), data)}".rstrip(".")
