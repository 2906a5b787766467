"""What `container pause|unpause|update|rename` send, print, and refuse to send."""

import grpc
import pytest

from conman.ctl import cli
from conman.wire.v1 import conman_pb2 as wire
from tests.unit.stub_conmand import StubConmand, conmand, refuse

__all__ = ["conmand"]


def conmanctl(stub: StubConmand, *words: str) -> int:
    return cli.run(["--address", stub.path, "container", *words])


@pytest.mark.parametrize("verb", ["pause", "unpause"])
def test_each_in_turn(conmand: StubConmand, capsys: pytest.CaptureFixture[str], verb: str) -> None:
    assert conmanctl(conmand, verb, "a", "b") == 0
    assert capsys.readouterr() == ("{}\n{}\n", "")
    asked = conmand.requests(f"{verb.title()}Container")
    assert [getattr(each, "container_id", "") for each in asked] == ["a", "b"]
    ids = {getattr(each, "request_id", "") for each in asked}
    assert [len(bytes.fromhex(each)) for each in ids] == [16, 16]


def test_a_refusal_does_not_end_it(
    conmand: StubConmand, capsys: pytest.CaptureFixture[str]
) -> None:
    conmand.behave["PauseContainer"] = refuse(grpc.StatusCode.FAILED_PRECONDITION, "no.")
    assert conmanctl(conmand, "pause", "a", "b") == 1
    assert capsys.readouterr() == ("", "conmanctl: no.\nconmanctl: no.\n")


def test_update_with_everything(conmand: StubConmand) -> None:
    words = (
        "update -m 64m --memory-swap -1 --memory-reservation 1k --cpus 0.5 -c 512 --cpu-period 1000"
        " --cpu-quota -1 --cpuset-cpus 0-1 --cpuset-mems 0 --pids-limit -1 web"
    )
    assert conmanctl(conmand, *words.split()) == 0
    [request] = conmand.requests("UpdateContainer")
    assert isinstance(request, wire.UpdateContainerRequest)
    request.request_id = ""
    assert request == wire.UpdateContainerRequest(
        container_id="web",
        resources=wire.Resources(
            memory_bytes=64 * 1024 * 1024,
            memory_swap_bytes=-1,
            memory_reservation_bytes=1024,
            nano_cpus=500_000_000,
            cpu_shares=512,
            cpu_period_us=1000,
            cpu_quota_us=-1,
            cpuset_cpus="0-1",
            cpuset_mems="0",
            pids_limit=-1,
        ),
    )


def test_zero_and_nothing_are_said_too(conmand: StubConmand) -> None:
    assert conmanctl(conmand, "update", "-m", "0", "--cpuset-cpus", "", "web") == 0
    [request] = conmand.requests("UpdateContainer")
    assert isinstance(request, wire.UpdateContainerRequest)
    assert request.resources == wire.Resources(memory_bytes=0, cpuset_cpus="")
    assert request.resources.HasField("memory_bytes")
    assert not request.resources.HasField("pids_limit")


def test_a_policy_alone_names_no_limits(conmand: StubConmand) -> None:
    assert conmanctl(conmand, "update", "--restart", "on-failure:2", "web") == 0
    [request] = conmand.requests("UpdateContainer")
    assert isinstance(request, wire.UpdateContainerRequest)
    policy = wire.RestartPolicy(name="on-failure", maximum_retry_count=2)
    assert request.restart_policy == policy
    assert not request.HasField("resources")


def test_warnings_are_for_people_too(
    conmand: StubConmand, capsys: pytest.CaptureFixture[str]
) -> None:
    conmand.behave["UpdateContainer"] = lambda *_: wire.UpdateContainerResponse(warnings=["w"])
    assert conmanctl(conmand, "update", "--pids-limit", "5", "web") == 0
    assert capsys.readouterr() == ('{"warnings":["w"]}\n', "conmanctl: warning: w\n")


@pytest.mark.parametrize(
    "words",
    [
        "update web",
        "update -m x web",
        "update -m 64m",
        "update --cpus half web",
        "update --restart on-failure:many web",
        "update --cpu-shares many web",
        "update --pids-limit 9223372036854775808 web",
        "rename web",
    ],
)
def test_wrong_usage(conmand: StubConmand, words: str) -> None:
    assert conmanctl(conmand, *words.split()) == 2
    assert conmand.asked == []


def test_rename(conmand: StubConmand, capsys: pytest.CaptureFixture[str]) -> None:
    assert conmanctl(conmand, "rename", "web", "site") == 0
    assert capsys.readouterr() == ("{}\n", "")
    [request] = conmand.requests("RenameContainer")
    assert isinstance(request, wire.RenameContainerRequest)
    assert (request.container_id, request.new_name) == ("web", "site")


def test_reopen_log(conmand: StubConmand, capsys: pytest.CaptureFixture[str]) -> None:
    assert conmanctl(conmand, "reopen-log", "web", "site") == 0
    asked = [request.container_id for request in conmand.requests("ReopenContainerLog")]
    assert asked == ["web", "site"]
    assert capsys.readouterr().out == "{}\n{}\n"
