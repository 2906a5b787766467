"""A client as data: what it asks in turn, and what it was told.

It keeps one request id per request and retries after every death of the daemon, as conmanctl does. What
it was told is what the oracle holds the world to.
"""

from dataclasses import dataclass, field, replace

from conman.core import requests as r
from conman.core.execs import ExecSpec
from conman.core.model import State
from conman.core.resources import Resources
from conman.core.restart import NEVER, RestartPolicy
from conman.core.spec import ContainerSpec, Device, Mount, MountType, Stdio
from conman.errors import Code, Refusal
from scenarios.world import ROOTFS, SECOND

#: Whoever was refused an exec asks of one that there is not.
NOBODYS_EXEC = "0" * 32


@dataclass(frozen=True, slots=True)
class Ask:
    """One line of a story: a verb on a name. `limit`: after so many seconds an exec is killed."""

    verb: str
    name: str
    program: str = "/bin/sleep"
    signal: int = 15
    force: bool = False
    timeout: int = 10
    resources: Resources = field(default_factory=Resources)
    to: str = ""
    runtime: str = ""
    user: str = ""
    source: str = ""
    device: str = ""
    rootfs: str = ROOTFS
    tty: bool = False
    policy: RestartPolicy | None = None
    goes: bool = False
    limit: int = 0


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one Ask: "ok", a state, or the refusal's reason; `code` of an exit."""

    ask: Ask
    answer: str
    container_id: str = ""
    code: int | None = None


class Client:
    """One client, in the middle of its story."""

    def __init__(
        self, asks: tuple[Ask, ...], position: int = 0, told: tuple[Told, ...] = ()
    ) -> None:
        self.asks, self.position, self.history = asks, position, told

    def clone(self) -> "Client":
        return Client(self.asks, self.position, self.history)

    def key(self) -> tuple[object, ...]:
        """What it was told, without ids: those differ by chance."""
        return (self.position, tuple((t.ask, t.answer, t.code) for t in self.history))

    def next_request(self) -> r.Request | None:
        """The request that it waits to ask, or to ask again; None: its story is over."""
        if self.position == len(self.asks):
            return None
        ask = self.asks[self.position]
        request_id = f"request-{self.position}"
        if ask.verb == "wait-removed":
            ask = replace(ask, name=self._id_of(ask.name))
        return request_of(ask, request_id, self._exec_of(ask.name))

    def _exec_of(self, name: str) -> str:
        """The exec that it created last in this container."""
        mine = (t for t in reversed(self.history) if t.ask.name == name)
        made = (told for told in mine if told.ask.verb in MAKE_EXEC)
        return next((told.container_id for told in made), "") or NOBODYS_EXEC

    def _id_of(self, name: str) -> str:
        """Whose end it waits for must be that container's, whoever has its name by then."""
        ids = [told.container_id for told in self.history if told.ask.name == name]
        return next(each for each in reversed(ids) if each)

    def describe(self) -> str:
        ask = self.asks[self.position]
        return f"{ask.verb} {ask.name}"

    def told(self, reply: r.Reply) -> bool:
        """False: the answer leaves it open what happened; it will ask again, later."""
        ask = self.asks[self.position]
        if is_ambiguous(reply):
            return False
        self.history = (*self.history, told_of(ask, reply))
        self.position += 1
        return True


def is_ambiguous(reply: r.Reply) -> bool:
    if isinstance(reply, r.ContainerView):
        return reply.state is State.UNKNOWN
    return isinstance(reply, Refusal) and reply.code in {Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED}


#: Verbs that make an exec, and that are about one.
MAKE_EXEC = ("exec", "run-exec")
OF_EXEC = ("start-exec", "kill-exec", "exec-status", "wait-exec", "attach-exec")


def request_of(ask: Ask, request_id: str, exec_id: str = "") -> r.Request:
    """`exec_id`: of a verb on an exec."""
    digest = f"{ask.verb} {ask.name}"
    match ask.verb:
        case "create":
            spec = _spec(ask)
            return r.CreateContainer(request_id, digest, ask.name, spec)
        case "start":
            return r.StartContainer(request_id, digest, ask.name)
        case "stop":
            return r.StopContainer(request_id, digest, ask.name, ask.timeout * SECOND)
        case "kill":
            return r.KillContainer(request_id, f"{digest} {ask.signal}", ask.name, ask.signal)
        case "remove":
            return r.RemoveContainer(request_id, digest, ask.name, ask.force)
        case "pause":
            return r.PauseContainer(request_id, digest, ask.name)
        case "unpause":
            return r.UnpauseContainer(request_id, digest, ask.name)
        case "update":
            return r.UpdateContainer(request_id, digest, ask.name, ask.resources, ask.policy)
        case "rename":
            return r.RenameContainer(request_id, digest, ask.name, ask.to)
        case "attach":
            return r.OpenStream(ask.name, "", r.Streams(stdout=True, stderr=True))
        case "reopen-log":
            return r.ReopenContainerLog(ask.name)
        case "status":
            return r.ContainerStatus(ask.name)
        case "wait":
            return r.WaitContainer(ask.name)
        case "wait-removed":
            return r.WaitContainer(ask.name, removed=True)
        case "list":
            return r.ListContainers()
        case _:
            return _exec_request_of(ask, request_id, exec_id)


def killed_with(digest: str) -> int:
    """The signal of the kill of a container that has this digest; 0: it is another request's."""
    match digest.split(" "):
        case ["kill", _, signal]:
            return int(signal)
        case _:
            return 0


def _exec_request_of(ask: Ask, request_id: str, exec_id: str) -> r.Request:
    digest = f"{ask.verb} {ask.name}"
    match ask.verb:
        case "attach-exec":
            return r.OpenStream(ask.name, exec_id, r.Streams(stdout=True, stderr=True))
        case "exec" | "run-exec":
            spec = ExecSpec(ask.program, user=ask.user, timeout_ms=ask.limit * 1000)
            return r.CreateExec(request_id, digest, ask.name, spec, start=ask.verb == "run-exec")
        case "start-exec":
            return r.StartExec(request_id, digest, ask.name, exec_id)
        case "kill-exec":
            return r.KillExec(request_id, digest, ask.name, exec_id, ask.signal)
        case "exec-status":
            return r.ExecStatus(ask.name, exec_id)
        case "wait-exec":
            return r.WaitExec(ask.name, exec_id)
        case _:
            raise ValueError(ask.verb)


def _spec(ask: Ask) -> ContainerSpec:
    """With a `source`: as what a mount shows, and as a directory of devices."""
    shown = ask.source
    mounts = (Mount(MountType.BIND, "/shown", shown),) if shown else ()
    device = ask.device or shown
    devices = (Device(device, "/dev/shown"),) if device else ()
    return ContainerSpec(
        ask.program,
        rootfs_path=ask.rootfs,
        runtime=ask.runtime,
        user=ask.user,
        mounts=mounts,
        devices=devices,
        stdio=Stdio(stdin=ask.tty, tty=ask.tty),
        restart=ask.policy or NEVER,
        auto_remove=ask.goes,
    )


def told_of(ask: Ask, reply: r.Reply) -> Told:
    match reply:
        case r.ContainerCreated(container_id):
            return Told(ask, "ok", container_id)
        case r.Okay() | r.ContainerUpdated() | r.StreamOpened():
            return Told(ask, "ok")
        case r.ContainerView():
            code = reply.container.exit_code if reply.container else None
            return Told(ask, reply.state.value, reply.id, code)
        case r.ContainerList() | r.ExecList():
            return Told(ask, "ok")
        case r.ExecCreated(_, exec_id):
            return Told(ask, "ok", exec_id)
        case r.ExecView(_, one):
            return Told(ask, one.state.value, one.id, one.exit_code)
        case _:
            return Told(ask, reply.reason)
