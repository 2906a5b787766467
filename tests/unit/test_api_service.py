"""The service over real gRPC on a unix socket: replies, refusals, bugs, clients that go away."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import grpc
import grpc.aio
import pytest
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status

from conman.api import answers
from conman.api.service import About, Service
from conman.core import requests
from conman.core.model import Container, ContainerSpec, Init, RootfsMode, State
from conman.errors import Code, ConmanError, Refusal
from conman.primitives.steps import ProcessId
from conman.wire.v1 import conman_pb2 as wire

ID = "78f5f5f88847465c90c7124b8c7e3ea6"
ABOUT = About(version="0.1.0", instance="01234567", runtime="runc")
GONE = Refusal(Code.NOT_FOUND, "NoSuchContainer", "there is no x", "list them", "container_id")
ROW = Container(
    id=ID,
    name="web",
    spec=ContainerSpec(
        command="sh",
        args=("-c", "x"),
        rootfs_path="/r",
        labels=(("a", "1"),),
        annotations=(("b", "2"),),
    ),
    rootfs_mode=RootfsMode.OVERLAY,
    state=State.RUNNING,
    run=2,
    init=Init(ProcessId("boot", 42, 7), 1, 2, "sh"),
    created_at=1,
    started_at=2,
    finished_at=0,
    exit_code=3,
    restart_count=1,
)

Reply = requests.Reply
Submit = Callable[[requests.Request], Awaitable[Reply]]


def view(
    state: State, *, row: Container | None = ROW, reason: str = "", message: str = ""
) -> Reply:
    return requests.ContainerView(ID, "web", state, reason, message, row, "/log")


@asynccontextmanager
async def serving(submit: Submit) -> AsyncIterator[grpc.aio.Channel]:
    with tempfile.TemporaryDirectory(prefix="cm", dir="/tmp") as directory:
        server = grpc.aio.server()
        Service(submit, ABOUT).add_to(server)
        server.add_insecure_port(f"unix:{directory}/s")
        await server.start()
        async with grpc.aio.insecure_channel(f"unix:{directory}/s") as channel:
            yield channel
        await server.stop(None)


def method(channel: grpc.aio.Channel, name: str) -> Callable[..., Awaitable[Message]]:
    return channel.unary_unary(
        f"/conman.v1.Conman/{name}",
        request_serializer=getattr(wire, f"{name}Request").SerializeToString,
        response_deserializer=getattr(wire, f"{name}Response").FromString,
    )


def ask(submit: Submit, name: str, request: Message) -> Message:
    async def once() -> Message:
        async with serving(submit) as channel:
            return await method(channel, name)(request, timeout=20)

    return asyncio.run(once())


def saying(reply: Reply) -> Submit:
    async def submit(_request: requests.Request) -> Reply:
        return reply

    return submit


def on(name: str, **more: object) -> Message:
    return getattr(wire, f"{name}Request")(container_id="x", **more)


CREATE = wire.CreateContainerRequest(name="web", command="sh", rootfs_path="/r")
STATUS = wire.ContainerStatus(
    container_id=ID,
    name="web",
    state=wire.RUNNING,
    created_at=1,
    started_at=2,
    pid=42,
    run=2,
    restart_count=1,
    runtime="runc",
    rootfs_path="/r",
    command="sh",
    args=["-c", "x"],
    labels={"a": "1"},
    annotations={"b": "2"},
    log_path="/log",
)


@pytest.mark.parametrize(
    ("name", "request_", "reply", "answer"),
    [
        (
            "CreateContainer",
            CREATE,
            requests.ContainerCreated(ID, ("w",)),
            wire.CreateContainerResponse(container_id=ID, warnings=["w"]),
        ),
        ("StartContainer", on("StartContainer"), requests.Okay(), wire.StartContainerResponse()),
        ("StopContainer", on("StopContainer"), requests.Okay(), wire.StopContainerResponse()),
        ("KillContainer", on("KillContainer"), requests.Okay(), wire.KillContainerResponse()),
        ("RemoveContainer", on("RemoveContainer"), requests.Okay(), wire.RemoveContainerResponse()),
        (
            "ListContainers",
            wire.ListContainersRequest(),
            requests.ContainerList((view(State.RUNNING),)),
            wire.ListContainersResponse(
                containers=[
                    wire.ContainerSummary(id=ID, name="web", created_at=1, state=wire.RUNNING)
                ]
            ),
        ),
        (
            "ContainerStatus",
            on("ContainerStatus"),
            view(State.RUNNING),
            wire.ContainerStatusResponse(status=STATUS),
        ),
        (
            "WaitContainer",
            on("WaitContainer"),
            view(State.RUNNING),
            wire.WaitContainerResponse(status=STATUS),
        ),
        (
            "WaitContainer",
            on("WaitContainer", condition=1),
            requests.Okay(),
            wire.WaitContainerResponse(),
        ),
        (
            "Version",
            wire.VersionRequest(),
            requests.Okay(),
            wire.VersionResponse(
                version="0.1.0", api_version="v1", instance="01234567", runtime="runc"
            ),
        ),
    ],
)
def test_every_method(name: str, request_: Message, reply: Reply, answer: Message) -> None:
    assert ask(saying(reply), name, request_) == answer


#: In the proto, not served yet: each goes from here with the commit that serves it.
NOT_YET = {
    "PauseContainer",
    "UnpauseContainer",
    "UpdateContainer",
    "RenameContainer",
    "InspectContainer",
    "Info",
}


def test_all_methods_of_the_proto_are_served() -> None:
    methods = wire.DESCRIPTOR.services_by_name["Conman"].methods_by_name

    async def call_all() -> list[str]:
        missing = []
        async with serving(saying(GONE)) as channel:
            for name in methods:
                if methods[name].server_streaming:
                    continue
                try:
                    await method(channel, name)(getattr(wire, f"{name}Request")(), timeout=20)
                except grpc.aio.AioRpcError as error:
                    if error.code() is grpc.StatusCode.UNIMPLEMENTED:
                        missing.append(name)
        return missing

    assert set(asyncio.run(call_all())) == NOT_YET


def test_what_is_submitted_is_the_validated_request() -> None:
    asked = []

    async def submit(request: requests.Request) -> Reply:
        asked.append(request)
        return requests.Okay()

    ask(submit, "StopContainer", on("StopContainer", timeout_ms=1500))
    assert asked == [requests.StopContainer("", asked[0].digest, "x", 1_500_000_000)]


def error_of(submit: Submit, name: str, request: Message) -> tuple[str, str, ErrorInfo]:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        ask(submit, name, request)
    trailing = dict(caught.value.trailing_metadata() or ())
    [packed] = Status.FromString(trailing["grpc-status-details-bin"]).details
    info = ErrorInfo()
    assert packed.Unpack(info)
    return caught.value.code().name, caught.value.details() or "", info


def test_a_refusal_of_the_core() -> None:
    code, message, info = error_of(saying(GONE), "StartContainer", on("StartContainer"))
    assert (code, message) == ("NOT_FOUND", "there is no x; list them.")
    assert (info.reason, info.metadata["field"]) == ("NoSuchContainer", "container_id")


def test_bad_input_never_reaches_the_core() -> None:
    async def submit(_request: requests.Request) -> Reply:
        raise AssertionError

    code, _, info = error_of(submit, "StartContainer", wire.StartContainerRequest())
    assert (code, info.metadata["field"]) == ("INVALID_ARGUMENT", "container_id")


def test_a_refusal_too_long_for_the_wire_still_arrives() -> None:
    long = Refusal(Code.INTERNAL, "R", "\U0001f980" * 9000, "h" * 9000, "f" * 9000)
    code, message, _ = error_of(saying(long), "StartContainer", on("StartContainer"))
    assert code == "INTERNAL"
    assert message.endswith("...")


def test_an_error_of_the_daemon() -> None:
    async def submit(_request: requests.Request) -> Reply:
        raise ConmanError(GONE)

    assert error_of(submit, "StartContainer", on("StartContainer"))[0] == "NOT_FOUND"


@pytest.mark.parametrize("reply", [None, view(State.RUNNING)])
def test_a_bug_is_internal_and_in_the_log(
    reply: Reply | None, caplog: pytest.LogCaptureFixture
) -> None:
    async def submit(_request: requests.Request) -> Reply:
        if reply is None:
            raise ZeroDivisionError
        return reply

    code, message, info = error_of(submit, "StartContainer", on("StartContainer"))
    assert (code, info.reason) == ("INTERNAL", "Bug")
    assert "look into its log" in message
    assert "StartContainerRequest failed by a bug" in caplog.text


def went_away(name: str, request: Message) -> str:
    """What becomes of the work when its client cancels."""
    fate: list[str] = []

    async def scene() -> None:
        begun, ended, go_on = asyncio.Event(), asyncio.Event(), asyncio.Event()

        async def submit(_request: requests.Request) -> Reply:
            begun.set()
            try:
                await go_on.wait()
                fate.append("ran to its end")
            except asyncio.CancelledError:
                fate.append("cancelled")
                raise
            finally:
                ended.set()
            return requests.Okay()

        async with serving(submit) as channel:
            call = asyncio.ensure_future(method(channel, name)(request))
            await begun.wait()
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
            await asyncio.sleep(0.1)
            go_on.set()
            await asyncio.wait_for(ended.wait(), 20)

    asyncio.run(scene())
    [told] = fate
    return told


def test_a_client_that_goes_away_stops_questions_only() -> None:
    assert went_away("StopContainer", on("StopContainer")) == "ran to its end"
    assert went_away("CreateContainer", CREATE) == "ran to its end"
    assert went_away("WaitContainer", on("WaitContainer")) == "cancelled"


def test_states_that_say_less_or_more() -> None:
    exited = view(State.EXITED, reason="Error", message="m")
    assert isinstance(exited, requests.ContainerView)
    told = answers.status(exited, "runc")
    assert (told.exit_code, told.reason, told.message) == (3, "Error", "m")
    assert not told.HasField("pid")

    running = answers.status(view(State.RUNNING), "runc")
    assert [running.HasField(f) for f in ("exit_code", "reason", "message")] == [False] * 3

    lost = view(State.UNKNOWN, row=None, reason="Quarantined", message="\udcff")
    assert answers.status(lost, "runc") == wire.ContainerStatus(
        container_id=ID,
        name="web",
        state=wire.UNKNOWN,
        reason="Quarantined",
        message="\\udcff",
        log_path="/log",
    )
    listed = answers.containers(requests.ContainerList((lost, exited)))
    assert [item.HasField("reason") for item in listed.containers] == [True, False]
    assert listed.containers[0].reason == "Quarantined"
    assert listed.containers[0].created_at == 0
