"""conmand as a side of the bench: a daemon of its own, and a client in this process on its socket."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
from place import BIN, PATIENCE_S, environment

from conman.wire.v1 import conman_pb2 as pb
from conman.wire.v1.conman_pb2_grpc import ConmanStub


class Conmand:
    """`begin`, `end`, `run` and `exec` are what is measured; they are blocking calls, as a client makes them."""

    def __init__(self, top: Path, runtime: str = "runc", flags: tuple[str, ...] = ()) -> None:
        self.top, self.place = top, top / f"conmand-{runtime}"
        self.place.mkdir(exist_ok=True)
        self.runtime, self.flags = runtime, flags
        self.process: subprocess.Popen[str] | None = None
        self.channel = grpc.insecure_channel(f"unix:{self.place}/r/conmand.sock")
        self.stub = ConmanStub(self.channel)
        self.container_id = ""
        self.instance = ""

    def start(self) -> None:
        """Until its first right answer."""
        places = ("--data-dir", f"{self.place}/d", "--run-dir", f"{self.place}/r")
        with (self.place / "log").open("a") as log:
            self.process = subprocess.Popen(
                [f"{BIN}/conmand", *places, "--runtime", self.runtime, *self.flags],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=environment(),
            )
        if self.process.stdout is None or not self.process.stdout.readline():
            raise AssertionError((self.place / "log").read_text())
        self.instance = self.stub.Version(pb.VersionRequest()).instance

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def begin(self, *command: str, restart_policy: str = "no") -> None:
        """Create and start."""
        program, *args = command or ("/bin/sleep", "1000")
        made = self.stub.CreateContainer(
            pb.CreateContainerRequest(
                request_id=drawn(),
                name=f"b{drawn()}",
                command=program,
                args=args,
                rootfs_path=f"{self.top}/rootfs",
                restart_policy=pb.RestartPolicy(name=restart_policy),
            ),
            timeout=PATIENCE_S,
        )
        self.container_id = made.container_id
        asked = pb.StartContainerRequest(request_id=drawn(), container_id=self.container_id)
        self.stub.StartContainer(asked, timeout=PATIENCE_S)

    def end(self) -> None:
        asked = pb.StopContainerRequest(
            request_id=drawn(), container_id=self.container_id, timeout_ms=0
        )
        self.stub.StopContainer(asked, timeout=PATIENCE_S)

    def run(self) -> None:
        """A program to its end, its exit code known."""
        self.begin("/bin/true")
        asked = pb.WaitContainerRequest(container_id=self.container_id)
        ended = self.stub.WaitContainer(asked, timeout=PATIENCE_S).status
        if ended.exit_code != 0:
            raise AssertionError(ended)

    def exec(self) -> None:
        """A further program to its end, its exit code known."""
        made = self.stub.CreateExec(
            pb.CreateExecRequest(
                request_id=drawn(),
                container_id=self.container_id,
                command="/bin/true",
                start=True,
            ),
            timeout=PATIENCE_S,
        )
        asked = pb.WaitExecRequest(container_id=self.container_id, exec_id=made.exec_id)
        ended = self.stub.WaitExec(asked, timeout=PATIENCE_S).exec
        if ended.exit_code != 0:
            raise AssertionError(ended)

    def forget(self) -> None:
        self.remove(self.container_id)

    def remove(self, container_id: str) -> None:
        asked = pb.RemoveContainerRequest(request_id=drawn(), container_id=container_id, force=True)
        self.stub.RemoveContainer(asked, timeout=PATIENCE_S)

    def version(self) -> None:
        self.stub.Version(pb.VersionRequest())

    def listed(self) -> list[str]:
        listed = self.stub.ListContainers(pb.ListContainersRequest(), timeout=PATIENCE_S)
        return [each.id for each in listed.containers]

    def restarts(self) -> list[tuple[str, int]]:
        """Of each its state, and how often it was restarted."""
        asked = [pb.ContainerStatusRequest(container_id=each) for each in self.listed()]
        found = [self.stub.ContainerStatus(each, timeout=PATIENCE_S).status for each in asked]
        return [(pb.ContainerState.Name(each.state), each.restart_count) for each in found]

    def config(self) -> dict[str, Any]:
        """What it gives to its runtime."""
        self.begin()
        text = (self.place / "d/containers" / self.container_id / "bundle/config.json").read_text()
        self.forget()
        made: dict[str, Any] = json.loads(text)
        return made

    def clear(self) -> None:
        """Remove every container, and end it."""
        try:
            if self.process is not None and self.process.poll() is None:
                for each in self.listed():
                    self.remove(each)
        finally:
            self.channel.close()
            self._end(signal.SIGTERM)

    def _end(self, number: int) -> None:
        if self.process is not None and self.process.stdout is not None:
            self.process.send_signal(number)
            self.process.wait(PATIENCE_S)
            self.process.stdout.close()
            self.process = None


@contextmanager
def conmand(top: Path, runtime: str = "runc", flags: tuple[str, ...] = ()) -> Iterator[Conmand]:
    made = Conmand(top, runtime, flags)
    try:
        made.start()
        yield made
    finally:
        made.clear()


def drawn() -> str:
    return os.urandom(16).hex()
