"""A shim that says what a test tells it to say, on a stream socket of the test's own.

It exists so that conmanctl's sessions are tried without a container. It serves one session after the other,
each by the next of `scripts`, and keeps what each was told.
"""

import json
import socket
import threading
from collections.abc import Callable

from conman.shim import frames

PATIENCE_S = 30.0
TOKEN = "ab" * 16


class Served:
    """One session, as its shim sees it."""

    def __init__(self, connection: socket.socket) -> None:
        connection.settimeout(PATIENCE_S)
        self.connection = connection
        self._decoder, self._told = frames.Decoder(), list[tuple[bytes, bytes]]()

    def next(self) -> tuple[bytes, bytes]:
        """What it is told next; kind "" once the client has gone."""
        while not self._told:
            try:
                data = self.connection.recv(1 << 16)
            except ConnectionResetError:
                data = b""
            if not data:
                return b"", b""
            self._told += self._decoder.feed(data)
        return self._told.pop(0)

    def say(self, kind: bytes, payload: bytes = b"") -> None:
        self.connection.sendall(frames.encode(kind, payload))

    def say_fields(self, kind: bytes, **fields: object) -> None:
        self.say(kind, json.dumps(fields).encode())

    def accept(self, *, tty: bool = False) -> None:
        assert self.next() == (frames.TOKEN, TOKEN.encode())
        self.say_fields(frames.ACCEPTED, tty=tty)

    def exit(self, code: int, signal: int = 0) -> None:
        self.say_fields(frames.EXIT, code=code, signal=signal)

    def typed(self) -> bytes:
        """All input up to its end."""
        data = b""
        while (told := self.next())[0] == frames.INPUT:
            data += told[1]
        assert told[0] in (frames.INPUT_END, b""), told
        return data


Script = Callable[[Served], None]


class StubShim:
    """Listens at `path` until it is closed; `failures`: of scripts."""

    def __init__(self, path: str, *scripts: Script) -> None:
        self.path = path
        self.failures: list[BaseException] = []
        self._scripts = list(scripts)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(path)
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        for script in self._scripts:
            try:
                connection, _ = self._listener.accept()
                with connection:
                    script(Served(connection))
            except BaseException as failure:  # noqa: BLE001 - a thread's failure is the test's
                self.failures.append(failure)
                return

    def close(self) -> None:
        """All scripts must have been played, and none have failed."""
        self._thread.join(PATIENCE_S)
        self._listener.close()
        assert not self._thread.is_alive()
        assert not self.failures, self.failures
