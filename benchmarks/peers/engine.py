"""docker and podman as sides of the bench: the HTTP API that both speak, on a connection that is kept."""

import http.client
import json
import socket
from collections.abc import Mapping
from typing import Any

from benchmarks.peers.image import NAME

_PATIENCE_S = 60
_VERSION = "/v1.40"

#: podman's own defaults are beyond what this process may be allowed to give.
_LIMITS = [{"Name": name, "Soft": 1024, "Hard": 1024} for name in ("nofile", "nproc")]


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_PATIENCE_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(_PATIENCE_S)
        self.sock.connect(self._path)


class Engine:
    """One client."""

    def __init__(self, path: str, parent: str) -> None:
        self._connection, self._parent = _Connection(path), parent
        self._id = ""

    def load(self, archive: bytes) -> None:
        """An image."""
        self._ask("POST", "/images/load", archive, "application/x-tar")

    def begin(self, *command: str) -> None:
        """Create and start."""
        asked = {
            "Image": NAME,
            "Cmd": list(command or ("/bin/sleep", "1000")),
            "HostConfig": {
                "NetworkMode": "host",
                "CgroupParent": self._parent,
                "Ulimits": _LIMITS,
            },
        }
        self._id = self._ask("POST", "/containers/create", json.dumps(asked).encode())["Id"]
        self._ask("POST", f"/containers/{self._id}/start")

    def end(self) -> None:
        self._ask("POST", f"/containers/{self._id}/kill?signal=KILL")
        self._wait()

    def run(self) -> None:
        self.begin("/bin/true")
        if self._wait() != 0:
            raise AssertionError("/bin/true failed")

    def forget(self) -> None:
        self._ask("DELETE", f"/containers/{self._id}?force=true")

    def listed(self) -> list[str]:
        return [each["Id"] for each in self._ask("GET", "/containers/json?all=true")]

    def clear(self) -> None:
        for each in self.listed():
            self._id = each
            self.forget()

    def close(self) -> None:
        self._connection.close()

    def _wait(self) -> int:
        """Podman looks now and then, by itself each 250 ms."""
        return self._ask("POST", f"/containers/{self._id}/wait?interval=1ms")["StatusCode"]

    def _ask(
        self, method: str, path: str, body: bytes = b"", kind: str = "application/json"
    ) -> Any:  # noqa: ANN401 - JSON
        headers: Mapping[str, str] = {"Content-Type": kind}
        self._connection.request(method, _VERSION + path, body, headers)
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise AssertionError(f"{method} {path}: {answer.status} {text.decode()}")
        return (
            json.loads(text) if text.startswith((b"{", b"[")) and path != "/images/load" else None
        )
