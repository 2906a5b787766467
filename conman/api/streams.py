"""What a client may ask of a container's streams: translated, or refused.

The streams themselves never pass here: they are the shim's, on a socket of its own.
"""

from typing import NoReturn

from conman.api import fields
from conman.core import requests
from conman.errors import Code, ConmanError, Refusal
from conman.wire.v1 import conman_pb2 as wire


def open_stream(message: wire.OpenStreamRequest) -> requests.OpenStream:
    """Of which container, and which of its streams."""
    container = fields.reference(message.container_id)
    if not (message.stdin or message.stdout or message.stderr):
        fields.bad("stdout", "no stream is named", "name at least one of stdin, stdout, stderr")
    exec_id = fields.text("exec_id", message.exec_id, limit=fields.REFERENCE_BYTES)
    streams = requests.Streams(message.stdin, message.stdout, message.stderr)
    return requests.OpenStream(container, exec_id, streams)


def opened(reply: requests.StreamOpened) -> wire.OpenStreamResponse:
    return wire.OpenStreamResponse(socket_path=reply.path, token=reply.token, tty=reply.tty)


def refuse_streams(message: wire.CreateContainerRequest) -> None:
    """An input, or a terminal."""
    for field in ("stdin", "stdin_once", "tty"):
        if getattr(message, field):
            _not_served(f"a container with {field}", field)


def _not_served(what: str, field: str) -> NoReturn:
    refusal = Refusal(
        Code.FAILED_PRECONDITION,
        "NotServed",
        f"this conmand cannot serve {what}",
        "leave it out, or take a later conmand",
        field,
    )
    raise ConmanError(refusal)
