"""The way to a shim: its socket, a token, and its word that it serves.

It must never hold more than one token's worth: what breaks here is asked for again, from the start.
"""

import socket
from contextlib import suppress
from typing import TYPE_CHECKING

from conman.ctl.failure import CommandFailed
from conman.ctl.pump import Link, cut_off
from conman.shim import frames, protocol

if TYPE_CHECKING:
    from conman.wire.v1 import conman_pb2 as wire

#: A shim answers in milliseconds; its token is good for 30 s.
_PATIENCE_S = 30.0


class NotServed(CommandFailed):
    """By a shim that has just died, or has just taken over: who asks for another token may get on."""


def accepted(opened: "wire.OpenStreamResponse") -> Link:
    """A connection that is served."""
    connection = _connect(opened.socket_path)
    try:
        return _greeted(connection, opened)
    except OSError as error:
        connection.close()
        raise NotServed(f"the session broke as it began: {error.strerror or error}") from error
    except BaseException:
        connection.close()
        raise


def _connect(path: str) -> socket.socket:
    try:
        return protocol.connect_stream(path)
    except FileNotFoundError as error:
        why = (
            f"there is no {path}, where the streams should be: the container has just ended,"
            " or conmand's socket here leads to another host: use conmanctl there"
        )
        raise NotServed(why) from error
    except PermissionError as error:
        raise CommandFailed(
            f"the streams at {path} are not yours: only conmand's own user may use them, and root"
        ) from error
    except OSError as error:
        raise NotServed(
            f"nobody serves the streams at {path}: {error.strerror}; conman mends that within"
            " seconds, try again"
        ) from error


def _greeted(connection: socket.socket, opened: "wire.OpenStreamResponse") -> Link:
    connection.settimeout(_PATIENCE_S)
    # Who does not want us may have said why, and gone.
    with suppress(BrokenPipeError):
        connection.sendall(frames.encode(frames.TOKEN, opened.token.encode()))
    decoder, told = frames.Decoder(), list[tuple[bytes, bytes]]()
    while not told:
        data = connection.recv(frames.LIMIT)
        if not data:
            raise NotServed("the session ended as it began: its shim has died; try again")
        told += decoder.feed(data)
    kind, payload = told.pop(0)
    fields = frames.decode_fields(payload)
    if kind != frames.ACCEPTED:
        refused = cut_off(fields)
        failure = NotServed if refused.reason == "BadToken" else CommandFailed
        raise failure(f"the session is refused: {refused.message}")
    return Link(connection, decoder, told, opened.tty)
