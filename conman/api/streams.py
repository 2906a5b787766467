"""What a client may ask of a container's streams: translated, or refused.

The streams themselves never pass here: they are the shim's, on a socket of its own.
"""

from conman.api import fields
from conman.core import requests
from conman.core.spec import Stdio
from conman.wire.v1 import conman_pb2 as wire


def open_stream(message: wire.OpenStreamRequest) -> requests.OpenStream:
    """Of which container, and which of its streams."""
    container = fields.reference(message.container_id)
    if not (message.stdin or message.stdout or message.stderr):
        fields.bad("stdout", "no stream is named", "name at least one of stdin, stdout, stderr")
    exec_id = fields.text("exec_id", message.exec_id, limit=fields.REFERENCE_BYTES)
    streams = requests.Streams(message.stdin, message.stdout, message.stderr)
    size = fields.console_size(message)
    return requests.OpenStream(container, exec_id, streams, console_size=size)


def opened(reply: requests.StreamOpened) -> wire.OpenStreamResponse:
    return wire.OpenStreamResponse(socket_path=reply.path, token=reply.token, tty=reply.tty)


def stdio(message: wire.CreateContainerRequest) -> Stdio:
    """Whether a container has an input, for how long, and whether it has a terminal."""
    if message.stdin_once and not message.stdin:
        fields.bad("stdin_once", "there is no input that could end once", "give stdin, too")
    return Stdio(message.stdin, message.stdin_once, message.tty)
