"""A real conmand over fakerunc that is sent requests as bytes, two containers that stand there, and a census.

It judges what holds for every answer to anything. It must never make a request good on its way, and never
overlook a container, process or file that no listed container owns.
"""

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status

from conman.wire.v1 import conman_pb2 as wire
from conman.wire.v1.conman_pb2_grpc import ConmanStub
from scenarios.stages.census import census
from tests.integration.any_request import METHODS, Standing
from tests.integration.one_conmand import Conmand

DEADLINE_S = 30
#: A call that waits for what does not come is ended by its client.
WAITING_S = 0.2
WAITING = {"WaitContainer", "Events", "Logs"}
STANDING = {"created": "CREATED", "started": "RUNNING"}


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, and conman's own words about it, if there are."""

    code: str
    details: str = ""
    reason: str = ""
    domain: str = ""
    field: str = ""


class Target:
    """`codes`: how often which status was told."""

    def __init__(self, conmand: Conmand, channel: grpc.Channel) -> None:
        self.conmand, self.channel, self.stub = conmand, channel, ConmanStub(channel)
        self.codes: Counter[str] = Counter()
        self.settle()

    @property
    def standing(self) -> Standing:
        return Standing(str(self.conmand.rootfs), (*STANDING, *self.states()))

    def send(self, method: str, raw: bytes, deadline_s: float = 0) -> Answer:
        """What the bytes mean is for conmand to find out."""
        usual = WAITING_S if method in WAITING else DEADLINE_S
        answer = self._ask(method, raw, deadline_s or usual)
        self.codes[answer.code] += 1
        return answer

    def _ask(self, method: str, raw: bytes, deadline_s: float) -> Answer:
        path = f"/conman.v1.Conman/{method}"
        try:
            if method in METHODS and METHODS[method].server_streaming:
                for _ in self.channel.unary_stream(path)(raw, timeout=deadline_s):
                    pass
            elif method in METHODS and METHODS[method].client_streaming:
                self.channel.stream_unary(path)(iter([raw]), timeout=deadline_s)
            else:
                self.channel.unary_unary(path)(raw, timeout=deadline_s)
        except grpc.RpcError as error:
            return _answer(error)
        return Answer("OK")

    def states(self) -> dict[str, tuple[str, str]]:
        """Name and state, by id."""
        listed = self.stub.ListContainers(wire.ListContainersRequest(), timeout=DEADLINE_S)
        return {
            each.id: (each.name, wire.ContainerState.Name(each.state)) for each in listed.containers
        }

    def is_settled(self) -> bool:
        return sorted(self.states().values()) == sorted(STANDING.items())

    def settle(self, *spoilt: str) -> None:
        """Both containers are as they were, and there are no others; `spoilt` ones are made anew."""
        right = set(STANDING) - set(spoilt)
        for container_id, (name, state) in self.states().items():
            if name not in right or STANDING[name] != state:
                asked = wire.RemoveContainerRequest(container_id=container_id, force=True)
                self.stub.RemoveContainer(asked, timeout=DEADLINE_S)
        for name in sorted(set(STANDING) - {name for name, _ in self.states().values()}):
            self._make(name)

    def _make(self, name: str) -> None:
        asked = wire.CreateContainerRequest(
            name=name, command="/bin/serve", rootfs_path=str(self.conmand.rootfs)
        )
        self.stub.CreateContainer(asked, timeout=DEADLINE_S)
        if STANDING[name] == "RUNNING":
            begin = wire.StartContainerRequest(container_id=name)
            self.stub.StartContainer(begin, timeout=DEADLINE_S)

    def judge(self, method: str, answer: Answer) -> None:
        """A status that a client can go by; what was accepted is undone."""
        if answer.code == "OK":
            # A signal may have stopped the program, a limit starve it: no state tells of that.
            spoilt = method in ("KillContainer", "UpdateContainer")
            self.settle(*(STANDING if spoilt else ()))
            return
        if answer.code == "DEADLINE_EXCEEDED" and method in WAITING:
            return
        never = ("INTERNAL", "UNKNOWN", "DEADLINE_EXCEEDED", "UNAVAILABLE", "UNIMPLEMENTED")
        assert answer.code not in never, answer
        assert (answer.domain, bool(answer.reason)) == ("conman", True), answer
        assert len(answer.details.splitlines()) == 1, answer

    def is_unharmed(self) -> None:
        """Nothing on the host that no container in the list owns; no traceback; it answers."""
        ids = set(self.states())
        stray = [
            thing
            for thing in census(self.conmand.place)
            if thing.owner.partition("-")[0] not in {"", *ids}
        ]
        assert stray == []
        assert "Traceback" not in self.conmand.errors.read_text()
        assert self.stub.Version(wire.VersionRequest(), timeout=DEADLINE_S).api_version == "v1"


@contextmanager
def under_fire() -> Iterator[Target]:
    conmand = Conmand(Path(tempfile.mkdtemp(prefix="cb", dir="/tmp")), "--runtime", "fakerunc")
    (conmand.rootfs / "bin/serve").touch(0o755)
    try:
        conmand.start()
        with grpc.insecure_channel(f"unix:{conmand.run}/conmand.sock") as channel:
            yield Target(conmand, channel)
    finally:
        conmand.end()


def _answer(error: grpc.RpcError) -> Answer:
    pairs = dict(error.trailing_metadata() or ())
    code, details = error.code().name, error.details() or ""
    if "grpc-status-details-bin" not in pairs:
        return Answer(code, details)
    info = ErrorInfo()
    [packed] = Status.FromString(pairs["grpc-status-details-bin"]).details
    assert packed.Unpack(info)
    return Answer(code, details, info.reason, info.domain, info.metadata["field"])
