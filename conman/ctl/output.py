"""An answer as protobuf JSON on one line, the way scripts read it.

It exists because json_format prints fields in the order in which they happen to be
set, and costs start-up. It says what json_format says (a test compares the two), in
the order of the fields' numbers. It must never decide what is worth showing: fields
without presence are all printed, absent optional ones are not.
"""

import json
import sys
from binascii import b2a_base64
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from conman.ctl.failure import one_line

if TYPE_CHECKING:
    import click
    from google.protobuf.descriptor import FieldDescriptor
    from google.protobuf.message import Message

#: Where --output is remembered.
OUTPUT = "conman.ctl.settings.output"
_CPPTYPES_64_BIT = frozenset({2, 4})  # FieldDescriptor's INT64 and UINT64


def json_line(message: "Message") -> str:
    """The message as compact JSON, without a line's end."""
    return json.dumps(_message(message), separators=(",", ":"))


def print_answer(message: "Message") -> None:
    """Write one answer to stdout, now: what follows may take long, or fail."""
    sys.stdout.write(json_line(message) + "\n")
    sys.stdout.flush()


def wants_json(ctx: "click.Context") -> bool:
    """As --output says; else `conmanctl container` speaks to scripts, all others to people."""
    said = ctx.meta.get(OUTPUT)
    if said is not None:
        return said == "json"
    return is_for_scripts(ctx)


def is_for_scripts(ctx: "click.Context") -> bool:
    """Whether this is a command of `conmanctl container`."""
    return ctx.parent is not None and ctx.parent.command.name == "container"


def never_json(ctx: "click.Context", because: str) -> None:
    """Raises click's UsageError for an `-o json` that would say nothing."""
    import click

    if ctx.meta.get(OUTPUT) == "json":
        raise click.UsageError(f"-o json is for conmand's answers, and {because}: leave it out")


def say(ctx: "click.Context", message: "Message", words: Callable[[], str]) -> None:
    """One answer: as JSON, or in words for people; "" says nothing."""
    if wants_json(ctx):
        print_answer(message)
        return
    if text := words():
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


def tree(message: "Message") -> dict[str, object]:
    """As `json_line`, not yet text."""
    return _message(message)


def aligned(pairs: Sequence[tuple[str, str]]) -> str:
    """A line each, the values below each other."""
    room = max(len(name) for name, _ in pairs) + 2
    return "\n".join(f"{name:<{room}}{one_line(value)}".rstrip() for name, value in pairs)


def facts(message: "Message") -> str:
    """All fields of a message, a line each."""
    pairs = [
        (name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        for name, value in _message(message).items()
    ]
    return aligned(pairs)


def complain(text: str) -> None:
    """Tell a person on stderr, in one line. Where nobody hears it, all else is as it would be."""
    with suppress(OSError):
        sys.stderr.write(f"conmanctl: {one_line(text)}\n")
        sys.stderr.flush()


def _message(message: "Message") -> dict[str, object]:
    return {
        field.camelcase_name: _field(field, getattr(message, field.name))
        for field in cast("Sequence[FieldDescriptor]", message.DESCRIPTOR.fields)
        if not field.has_presence or message.HasField(field.name)
    }


def _field(field: "FieldDescriptor", value: object) -> object:
    if not field.is_repeated:
        return _single(field, value)
    if isinstance(value, Mapping) and field.message_type is not None:
        of_values = field.message_type.fields_by_name["value"]
        return _map(of_values, cast("Mapping[object, object]", value))
    return [_single(field, item) for item in cast("Sequence[object]", value)]


def _map(of_values: "FieldDescriptor", value: Mapping[object, object]) -> dict[str, object]:
    return {str(key): _single(of_values, value[key]) for key in sorted(value, key=str)}


def _single(field: "FieldDescriptor", value: object) -> object:
    if field.message_type is not None:
        return _message(cast("Message", value))
    if field.enum_type is not None:
        known = field.enum_type.values_by_number.get(cast("int", value))
        return known.name if known else value
    if isinstance(value, bytes):
        return b2a_base64(value, newline=False).decode()
    return str(value) if field.cpp_type in _CPPTYPES_64_BIT else value
