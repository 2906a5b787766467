"""The service over real gRPC on a unix socket: replies, refusals, bugs, clients that go away."""

import asyncio

import grpc
import grpc.aio
import pytest
from google.protobuf.message import Message

from conman.api import answers
from conman.core import requests
from conman.core.model import State
from conman.wire.v1 import conman_pb2 as wire
from tests.unit.api_lab import (
    CREATE,
    GONE,
    ID,
    STATUS,
    Reply,
    ask,
    method,
    on,
    saying,
    serving,
    view,
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
        ("PauseContainer", on("PauseContainer"), requests.Okay(), wire.PauseContainerResponse()),
        (
            "UnpauseContainer",
            on("UnpauseContainer"),
            requests.Okay(),
            wire.UnpauseContainerResponse(),
        ),
        (
            "UpdateContainer",
            on("UpdateContainer", resources=wire.Resources(pids_limit=5)),
            requests.ContainerUpdated(("w",)),
            wire.UpdateContainerResponse(warnings=["w"]),
        ),
        (
            "RenameContainer",
            on("RenameContainer", new_name="y"),
            requests.Okay(),
            wire.RenameContainerResponse(),
        ),
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
            "ListContainers",
            wire.ListContainersRequest(detailed=True),
            requests.ContainerList((view(State.RUNNING),)),
            wire.ListContainersResponse(
                containers=[
                    wire.ContainerSummary(
                        id=ID,
                        name="web",
                        created_at=1,
                        state=wire.RUNNING,
                        detail=wire.ContainerDetail(
                            started_at=2,
                            command="sh",
                            args=["-c", "x"],
                            labels={"a": "1"},
                            runtime="runc",
                            run=2,
                        ),
                    )
                ]
            ),
        ),
        (
            "InspectContainer",
            on("InspectContainer"),
            view(State.RUNNING),
            wire.InspectContainerResponse(
                status=STATUS,
                config=wire.CreateContainerRequest(
                    name="web",
                    command="sh",
                    args=["-c", "x"],
                    rootfs_path="/r",
                    cwd="/",
                    labels={"a": "1"},
                    annotations={"b": "2"},
                    stop_signal="15",
                    log=wire.LogOptions(max_size_bytes=16 * 1024 * 1024, max_files=5),
                ),
                bundle_path="/bundle",
                rootfs_mode="overlay",
            ),
        ),
        (
            "Info",
            wire.InfoRequest(),
            requests.ContainerList((view(State.RUNNING), view(State.UNKNOWN, row=None))),
            wire.InfoResponse(
                version=wire.VersionResponse(
                    version="0.1.0", api_version="v1", instance="01234567", runtime="runc"
                ),
                data_dir="/d",
                run_dir="/r",
                rootfs_mode="overlay",
                cgroup_version="v2",
                kernel="6.1",
                architecture="x86_64",
                operating_system="Debian",
                cpus=2,
                memory_bytes=3,
                started_at=4,
                running=1,
                unknown=1,
                runtimes=[wire.RuntimeInfo(name="runc")],
                last_event=7,
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

    assert asyncio.run(call_all()) == []


def test_what_is_submitted_is_the_validated_request() -> None:
    asked = []

    async def submit(request: requests.Request) -> Reply:
        asked.append(request)
        return requests.Okay()

    ask(submit, "StopContainer", on("StopContainer", timeout_ms=1500))
    assert asked == [requests.StopContainer("", asked[0].digest, "x", 1_500_000_000)]


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
    listed = answers.containers(requests.ContainerList((lost, exited)), "runc")
    assert [item.HasField("reason") for item in listed.containers] == [True, False]
    assert listed.containers[0].reason == "Quarantined"
    assert listed.containers[0].created_at == 0
