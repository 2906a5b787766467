"""A conmand in a scratch directory, clients for it, and what the host says of both.

What is left on the host is asked of the host alone: nothing of conman is imported but the wire. Whatever
happens, nothing stays: containers, processes, mounts, cgroups, files.
"""

import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import grpc

from benchmarks.loads.report import Report
from conman.wire.v1 import conman_pb2 as wire
from conman.wire.v1.conman_pb2_grpc import ConmanStub
from scenarios.stages.census import Place, Thing, census, daemons
from scenarios.stages.clearing import clear_place

BIN = Path(sys.executable).parent
PATIENCE_S = 120
PROGRAM = ("/bin/sleep", "100000")


class Died(Exception):
    """conmand has ended in the middle of a part; str() is the end of its log."""


class Conmand:
    """The daemon as a process; `errors` is its log."""

    def __init__(self, top: Path, runtime: str) -> None:
        self.data, self.run, self.rootfs = top / "d", top / "r", top / "rootfs"
        self.errors, self.runtime = top / "log", runtime
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> float:
        """Seconds until it says that it is here, which is when recovery has ended."""
        began = time.perf_counter()
        places = ("--data-dir", str(self.data), "--run-dir", str(self.run))
        ours = {key: value for key, value in os.environ.items() if not key.startswith("CONMAN_")}
        with self.errors.open("a") as errors:
            self.process = subprocess.Popen(
                [f"{BIN}/conmand", *places, "--runtime", self.runtime],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=ours,
            )
        if not _first_line(self.process):
            raise RuntimeError(f"conmand does not start: {self.last_words()}")
        return time.perf_counter() - began

    def end(self, number: int) -> None:
        if self.process is None or self.process.stdout is None:
            return
        self.process.send_signal(number)
        self.process.wait(PATIENCE_S)
        self.process.stdout.close()
        self.process = None

    def last_words(self) -> str:
        return self.errors.read_text()[-2000:]

    @property
    def has_died(self) -> bool:
        """By itself, not by us."""
        return self.process is not None and self.process.poll() is not None

    @property
    def pid(self) -> int:
        if self.process is None:
            raise RuntimeError("conmand does not run")
        return self.process.pid

    @property
    def place(self) -> Place:
        return Place(self.data, self.run, (self.data / "instance").read_text().strip())

    @contextmanager
    def client(self) -> Iterator["Client"]:
        """On a connection of its own."""
        alone = (("grpc.use_local_subchannel_pool", 1),)
        with grpc.insecure_channel(f"unix:{self.run}/conmand.sock", options=alone) as channel:
            yield Client(ConmanStub(channel), self.rootfs)


class Client:
    """What the load asks for; an error is grpc's own."""

    def __init__(self, stub: ConmanStub, rootfs: Path) -> None:
        self._stub, self._rootfs = stub, rootfs

    def create(self, name: str, program: tuple[str, ...] = PROGRAM) -> str:
        command, *args = program
        asked = wire.CreateContainerRequest(
            request_id=drawn(),
            name=name,
            command=command,
            args=args,
            rootfs_path=str(self._rootfs),
        )
        return self._stub.CreateContainer(asked, timeout=PATIENCE_S).container_id

    def start(self, container: str) -> None:
        asked = wire.StartContainerRequest(request_id=drawn(), container_id=container)
        self._stub.StartContainer(asked, timeout=PATIENCE_S)

    def stop(self, container: str, timeout_ms: int = 0) -> None:
        asked = wire.StopContainerRequest(
            request_id=drawn(), container_id=container, timeout_ms=timeout_ms
        )
        self._stub.StopContainer(asked, timeout=PATIENCE_S)

    def remove(self, container: str) -> None:
        asked = wire.RemoveContainerRequest(request_id=drawn(), container_id=container, force=True)
        self._stub.RemoveContainer(asked, timeout=PATIENCE_S)

    def states(self) -> dict[str, str]:
        """By id."""
        listed = self._stub.ListContainers(wire.ListContainersRequest(), timeout=PATIENCE_S)
        return {each.id: wire.ContainerState.Name(each.state) for each in listed.containers}

    def version(self) -> str:
        return self._stub.Version(wire.VersionRequest(), timeout=PATIENCE_S).version


def _first_line(process: "subprocess.Popen[str]") -> str:
    """Empty when it ends, or says nothing."""
    if process.stdout is None or not select.select([process.stdout], [], [], PATIENCE_S)[0]:
        return ""
    return process.stdout.readline()


def drawn() -> str:
    return os.urandom(16).hex()


@contextmanager
def stage(runtime: str, report: Report) -> Iterator[Conmand]:
    """A conmand that runs; afterwards it is ended, and what is left on the host is a problem each.

    Died, where the part failed because its conmand did.
    """
    top = Path(tempfile.mkdtemp(prefix="cl", dir="/tmp"))
    conmand = Conmand(top, runtime)
    try:
        make_rootfs(conmand.rootfs)
        conmand.start()
        try:
            yield conmand
            hold(conmand, report)
        except (grpc.RpcError, ProcessLookupError) as error:
            if conmand.has_died:
                raise Died(conmand.last_words()) from error
            raise
        finally:
            _leave_nothing(conmand, report)
    finally:
        conmand.end(signal.SIGKILL)
        shutil.rmtree(top)


def hold(conmand: Conmand, report: Report) -> None:
    """That all is gone, and the daemon as it should be: before it ends."""
    with conmand.client() as client:
        report.must(not client.states(), "containers are still listed")
    for thing in left(conmand):
        report.problem(f"left: {thing.kind}")
    report.must("Traceback" not in conmand.errors.read_text(), "a traceback in conmand's log")


def _leave_nothing(conmand: Conmand, report: Report) -> None:
    place = conmand.place
    conmand.end(signal.SIGTERM)
    if left(conmand):
        clear_place(place)
    for path in daemons(place):
        report.problem(f"left after conmand's end: the cgroup {path}")
    clear_place(place)


def left(conmand: Conmand) -> list[Thing]:
    return [thing for thing in census(conmand.place) if thing.owner]


def make_rootfs(rootfs: Path) -> None:
    (rootfs / "bin").mkdir(parents=True)
    busybox = shutil.which("busybox")
    if busybox is None:
        (rootfs / "bin/sleep").touch(0o755)
        return
    shutil.copy(busybox, rootfs / "bin/busybox")
    (rootfs / "bin/sleep").symlink_to("busybox")


def at_once(clients: int, conmand: Conmand, work: Callable[[int, Client], None]) -> None:
    """Each with a connection and a thread of its own. Interrupted, all are: conmand is ended for it."""

    def one(number: int) -> None:
        with conmand.client() as client:
            work(number, client)

    with ThreadPoolExecutor(clients) as pool:
        try:
            for done in [pool.submit(one, number) for number in range(clients)]:
                done.result()
        except KeyboardInterrupt:
            conmand.end(signal.SIGKILL)
            raise


@contextmanager
def told_to(report: Report, what: str) -> Iterator[None]:
    """A refused call is a problem; the client goes on."""
    try:
        yield
    except grpc.RpcError as error:
        report.problem(f"{what}: {said(error)}")


def said(error: grpc.RpcError) -> str:
    return f"{error.code().name}: {error.details()}"[:300]


def dealt(items: Iterable[str], hands: int) -> list[list[str]]:
    every = list(items)
    return [every[hand::hands] for hand in range(hands)]
