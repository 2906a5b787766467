"""containerd as a side of the bench: its gRPC API, on a connection that is kept.

The few fields that are needed are written and read by hand. Containers get no output (conman's have a log).
"""

import json
import os
import time
from collections.abc import Iterator
from typing import Any

import grpc

NAMESPACE = "bench"
_SNAPSHOTTER = "overlayfs"
_SPEC = "types.containerd.io/opencontainers/runtime-spec/1/Spec"
_KILL = 9
_PATIENCE_S = 60

Wire = dict[int, int | str | bytes | list[bytes]]


class Containerd:
    """One client. `chain`: the image's; `config`: a runtime specification."""

    def __init__(self, socket: str, chain: str, config: dict[str, Any], parent: str) -> None:
        self._chain, self._config, self._parent = chain, config, parent
        alone = (("grpc.use_local_subchannel_pool", 1),)
        self._channel = grpc.insecure_channel(f"unix:{socket}", options=alone)
        self._id = ""

    def create(self, *command: str) -> str:
        self._id = f"b{os.urandom(8).hex()}"
        config = json.dumps(self._spec(command or ("/bin/sleep", "1000"))).encode()
        spec = encoded({1: _SPEC, 2: config})
        # Until a container owns it, the collector must leave it alone.
        kept = encoded({1: "containerd.io/gc.root", 2: time.strftime("%Y-%m-%dT%H:%M:%SZ")})
        snapshot: Wire = {1: _SNAPSHOTTER, 2: self._id, 3: self._chain, 4: kept}
        mounts = self._call("snapshots.v1.Snapshots/Prepare", snapshot).get(1, [])
        made: Wire = {
            1: self._id,
            4: encoded({1: "io.containerd.runc.v2"}),
            5: spec,
            6: _SNAPSHOTTER,
            7: self._id,
        }
        self._call("containers.v1.Containers/Create", {1: encoded(made)})
        self._call("tasks.v1.Tasks/Create", {1: self._id, 3: mounts})
        return self._id

    def begin(self, *command: str) -> None:
        """Create and start."""
        self._call("tasks.v1.Tasks/Start", {1: self.create(*command)})

    def end(self) -> None:
        self._call("tasks.v1.Tasks/Kill", {1: self._id, 3: _KILL})
        self._wait()
        self._call("tasks.v1.Tasks/Delete", {1: self._id})

    def run(self) -> None:
        self.begin("/bin/true")
        if self._wait() != 0:
            raise AssertionError("/bin/true failed")
        self._call("tasks.v1.Tasks/Delete", {1: self._id})

    def forget(self) -> None:
        self._call("containers.v1.Containers/Delete", {1: self._id})
        self._call("snapshots.v1.Snapshots/Remove", {1: _SNAPSHOTTER, 2: self._id})

    def listed(self) -> list[str]:
        """All, with the states of those that run: two calls, as its clients make them."""
        tasks = self._call("tasks.v1.Tasks/List", {})
        every = self._call("containers.v1.Containers/List", {})
        if len(tasks.get(1, [])) != len(every.get(1, [])):
            raise AssertionError("not all run")
        return [decoded(each)[1][0].decode() for each in every.get(1, [])]

    def clear(self) -> None:
        for task in self._call("tasks.v1.Tasks/List", {}).get(1, []):
            self._id = decoded(task)[2][0].decode()
            self.end()
        for container in self._call("containers.v1.Containers/List", {}).get(1, []):
            self._id = decoded(container)[1][0].decode()
            self.forget()

    def close(self) -> None:
        self._channel.close()

    def _wait(self) -> int:
        """Its exit status, which is left out when it is 0."""
        told = self._call("tasks.v1.Tasks/Wait", {1: self._id}).get(1, [b"\0"])
        return int.from_bytes(told[0], "little")

    def _spec(self, command: tuple[str, ...]) -> dict[str, Any]:
        return {
            **self._config,
            "root": {**self._config["root"], "path": "rootfs"},
            "process": {**self._config["process"], "args": list(command)},
            "linux": {**self._config["linux"], "cgroupsPath": f"{self._parent}/{self._id}"},
        }

    def _call(self, method: str, fields: Wire) -> dict[int, list[bytes]]:
        ask = self._channel.unary_unary(f"/containerd.services.{method}")
        about = (("containerd-namespace", NAMESPACE),)
        return decoded(ask(encoded(fields), metadata=about, timeout=_PATIENCE_S))


def encoded(fields: Wire) -> bytes:
    """A message: numbers, text, bytes, and lists of messages."""
    return b"".join(b"".join(_parts(number, value)) for number, value in fields.items())


def _parts(number: int, value: int | str | bytes | list[bytes]) -> Iterator[bytes]:
    match value:
        case int():
            yield _varint(number << 3) + _varint(value)
        case list():
            for each in value:
                yield from _parts(number, each)
        case _:
            data = value.encode() if isinstance(value, str) else value
            yield _varint(number << 3 | 2) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def decoded(data: bytes) -> dict[int, list[bytes]]:
    """By field's number; a number comes as its bytes, the lowest first."""
    found: dict[int, list[bytes]] = {}
    at = 0
    while at < len(data):
        key, at = _number(data, at)
        size, at = _number(data, at)
        if key & 7 == 2:
            value, at = data[at : at + size], at + size
        elif key & 7 == 0:
            value = size.to_bytes(8, "little")
        else:
            raise AssertionError(f"a field of kind {key & 7} was not expected")
        found.setdefault(key >> 3, []).append(value)
    return found


def _number(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        shift, at = shift + 7, at + 1
        if data[at - 1] < 128:
            return value, at
