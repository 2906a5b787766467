"""A real conmand and its people, over fakerunc: events over kill -9, filters, prune, completion, deadlines."""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from conman.ctl.times import utc
from conman.wire.v1 import conman_pb2 as wire
from scenarios.stages.daemon import BIN, PATIENCE_S
from tests.integration.one_conmand import Conmand, Said

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def conmand() -> Iterator[Conmand]:
    one = Conmand(Path(tempfile.mkdtemp(prefix="cm", dir="/tmp")), "--runtime", "fakerunc")
    one.start()
    yield one
    one.end()


def people(conmand: Conmand, *words: str) -> Said:
    """Conmanctl as a process of its own."""
    done = subprocess.run(
        [f"{BIN}/conmanctl", "--address", f"{conmand.run}/conmand.sock", *words],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=PATIENCE_S,
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)


def begin(conmand: Conmand, *words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [f"{BIN}/conmanctl", "--address", f"{conmand.run}/conmand.sock", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def events(said: Said) -> list[tuple[int, str, str]]:
    assert said.code == 0, said.error
    told = [json.loads(line) for line in said.out.splitlines()]
    return [(int(each["sequence"]), each["kind"], each["name"]) for each in told]


def ended(conmand: Conmand, name: str, code: int) -> None:
    conmand.create(name, "/bin/sh", "-c", f"exit {code}")
    assert conmand.ctl("start", name).code == 0
    assert conmand.ctl("wait", name).json["status"]["exitCode"] == code


def test_events_over_deaths_of_the_daemon(conmand: Conmand) -> None:
    """A follower is told each once, in order, whatever becomes of the daemon meanwhile."""
    follower = begin(conmand, "events", "--after", "0", "-o", "json")
    try:
        ended(conmand, "one", 0)
        conmand.kill()
        conmand.start()
        ended(conmand, "two", 3)
        assert conmand.terminate() == 0, conmand.errors.read_text()
        conmand.start()
        assert conmand.ctl("remove", "one").code == 0
        assert conmand.ctl("remove", "two").code == 0
        there = events(people(conmand, "events", "--after", "0", "--no-follow", "-o", "json"))
        assert follower.stdout is not None
        told = [json.loads(follower.stdout.readline()) for _ in there]
    finally:
        follower.kill()
        follower.communicate()
    assert [(int(one["sequence"]), one["kind"], one["name"]) for one in told] == there
    assert [(kind, name) for _, kind, name in there] == [
        ("created", "one"),
        ("started", "one"),
        ("exited", "one"),
        ("created", "two"),
        ("started", "two"),
        ("exited", "two"),
        ("removed", "one"),
        ("removed", "two"),
    ]
    assert [number for number, _, _ in there] == list(range(1, 9))
    assert [one["exitCode"] for one in told if one["kind"] == "exited"] == [0, 3]


def test_filters_and_prune(conmand: Conmand) -> None:
    ended(conmand, "good", 0)
    ended(conmand, "bad", 3)
    conmand.create("new", "/bin/sleep", "100")
    conmand.create("busy", "/bin/sleep", "100")
    assert conmand.ctl("start", "busy").code == 0

    def names(*words: str) -> list[str]:
        said = people(conmand, "ps", "--format", "{{.Names}}", *words)
        assert said.code == 0, said.error
        return said.out.split()

    assert names() == ["busy"]
    assert names("-a") == ["busy", "new", "bad", "good"]
    assert names("-n", "2") == ["busy", "new"]
    assert names("-f", "status=exited") == ["bad", "good"]
    assert names("-f", "exited=3") == ["bad"]
    assert names("-a", "-f", "name=o") == ["good"]
    assert names("-f", "status=created", "-f", "status=running") == ["busy", "new"]
    assert names("-a", "-f", "name=o", "-f", "exited=3") == []
    asked = people(conmand, "prune")
    assert (asked.code, "nobody answers here" in asked.error) == (1, True)
    assert "Are you sure?" in asked.out
    assert len(names("-a")) == 4
    assert len(people(conmand, "prune", "-f").out.split()) == 3
    assert names("-a") == ["busy"]
    removed = events(people(conmand, "events", "--since", "1h", "--until", "0s", "-o", "json"))
    assert [name for _, kind, name in removed if kind == "removed"] == ["good", "bad", "new"]


def test_inspect_and_info(conmand: Conmand) -> None:
    container_id = conmand.create("web", "/bin/sleep", "100")
    [told] = json.loads(people(conmand, "inspect", container_id[:8]).out)
    status, not_yet = conmand.status("web"), "0001-01-01T00:00:00Z"
    times = {
        name: not_yet for name, value in status.items() if name.endswith("At") and value == "0"
    }
    assert set(times) == {"startedAt", "finishedAt", "nextRestartAt"}
    assert told["status"] == status | times | {"createdAt": utc(int(status["createdAt"]))}
    [scripts] = people(conmand, "inspect", "-o", "json", "web").out.splitlines()
    assert json.loads(scripts)["status"] == status
    assert told["config"]["name"] == "web"
    assert (told["config"]["command"], told["config"]["args"]) == ("/bin/sleep", ["100"])
    assert told["config"]["requestId"] == ""
    assert (Path(told["bundlePath"]) / "config.json").exists()
    info = json.loads(people(conmand, "info", "-o", "json").out)
    assert (info["created"], info["running"], info["lastEvent"]) == (1, 0, "1")
    assert info["dataDir"] == str(conmand.data)
    assert "RUNNING" not in people(conmand, "ps", "-a").out


def test_completion_in_a_real_bash(conmand: Conmand) -> None:
    for name in ("web-1", "web-2", "db"):
        conmand.create(name, "/bin/sleep", "100")
    assert conmand.ctl("start", "web-1").code == 0

    def completed(*typed: str, run: Path = conmand.run) -> set[str]:
        # On a loaded machine half a second may be too short; at a prompt it must do.
        words = ("conmanctl", "--connect-timeout", "30", *typed)
        script = (
            f"source <({BIN}/conmanctl completion bash); COMP_WORDS=({' '.join(words)});"
            f" COMP_CWORD={len(words) - 1}; [ \"${{COMP_WORDS[-1]}}\" = '.' ] && COMP_WORDS[-1]='';"
            ' _conmanctl_completion conmanctl; printf "%s\\n" "${COMPREPLY[@]}"'
        )
        environ = os.environ | {
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "CONMAN_ADDRESS": f"{run}/conmand.sock",
        }
        done = subprocess.run(
            ["bash", "--norc", "-c", script],
            capture_output=True,
            text=True,
            env=environ,
            timeout=PATIENCE_S,
            check=True,
        )
        assert done.stderr == ""
        return set(done.stdout.split())

    assert completed("inspect", "web") == {"web-1", "web-2"}
    assert completed("start", ".") == {"web-2", "db"}
    assert completed("stop", "w") == {"web-1"}
    assert completed("inspect", "web-1", "web") == {"web-2"}
    assert completed("container", "pau") == {"pause"}
    assert completed("ps", "--no-t") == {"--no-trunc"}
    assert completed("inspect", "web", run=conmand.top) == set()


def ask(channel: grpc.Channel, name: str, request: Any, **more: Any) -> Any:  # noqa: ANN401 - any message
    call = channel.unary_unary(
        f"/conman.v1.Conman/{name}",
        request_serializer=type(request).SerializeToString,
        response_deserializer=getattr(wire, f"{name}Response").FromString,
    )
    return call(request, **more)


def test_a_deadline_ends_the_call_and_not_the_work(conmand: Conmand) -> None:
    conmand.create("stubborn", "/bin/sh", "-c", "trap '' TERM; sleep 100")
    assert conmand.ctl("start", "stubborn").code == 0
    request = wire.StopContainerRequest(
        request_id="ab" * 16, container_id="stubborn", timeout_ms=4000
    )
    with grpc.insecure_channel(f"unix:{conmand.run}/conmand.sock") as channel:
        with pytest.raises(grpc.RpcError) as caught:
            ask(channel, "StopContainer", request, timeout=0.3)
        assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert conmand.status("stubborn")["state"] == "RUNNING"
        # The retry joins what goes on; so does one who comes after its end.
        ask(channel, "StopContainer", request, timeout=PATIENCE_S)
        ask(channel, "StopContainer", request, timeout=PATIENCE_S)
    ended = conmand.status("stubborn")
    assert (ended["state"], ended["exitCode"]) == ("EXITED", 137)


def test_reflection_and_health(conmand: Conmand) -> None:
    """What grpcurl and a supervisor ask."""
    with grpc.insecure_channel(f"unix:{conmand.run}/conmand.sock") as channel:
        health = health_pb2_grpc.HealthStub(channel)
        asked = health_pb2.HealthCheckRequest(service="conman.v1.Conman")
        assert health.Check(asked).status == health_pb2.HealthCheckResponse.SERVING
        reflection = reflection_pb2_grpc.ServerReflectionStub(channel)
        question = reflection_pb2.ServerReflectionRequest(list_services="")
        [answer] = reflection.ServerReflectionInfo(iter([question]))
        names = {one.name for one in answer.list_services_response.service}
        symbol = reflection_pb2.ServerReflectionRequest(file_containing_symbol="conman.v1.Conman")
        [file] = reflection.ServerReflectionInfo(iter([symbol]))
    assert "conman.v1.Conman" in names
    assert file.file_descriptor_response.file_descriptor_proto
