"""What a client may ask of a container's streams: translated, or refused.

The streams themselves never pass here: they are the shim's, on a socket of its own.
"""

from typing import NoReturn

from conman.api import fields
from conman.errors import Code, ConmanError, Refusal
from conman.wire.v1 import conman_pb2 as wire


def not_served(what: str, field: str) -> NoReturn:
    """The words are known, and nothing does it yet."""
    refusal = Refusal(
        Code.FAILED_PRECONDITION,
        "NotServed",
        f"this conmand cannot serve {what}",
        "leave it out, or take a later conmand",
        field,
    )
    raise ConmanError(refusal)


def open_stream(message: wire.OpenStreamRequest) -> NoReturn:
    """Of which container, and which of its streams."""
    fields.reference(message.container_id)
    if not (message.stdin or message.stdout or message.stderr):
        fields.bad("stdout", "no stream is named", "name at least one of stdin, stdout, stderr")
    not_served("streams", "container_id")


def refuse_streams(message: wire.CreateContainerRequest) -> None:
    """An input, or a terminal."""
    for field in ("stdin", "stdin_once", "tty"):
        if getattr(message, field):
            not_served(f"a container with {field}", field)
