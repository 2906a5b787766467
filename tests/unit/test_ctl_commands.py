"""conmanctl's words: what each command sends, prints, and refuses to send."""

import os
import tomllib
from pathlib import Path

import grpc
import pytest

from conman.ctl import cli, settings
from conman.wire.v1 import conman_pb2 as wire
from tests.unit.stub_conmand import StubConmand, conmand, refuse

__all__ = ["conmand"]

ROOT = Path(__file__).resolve().parents[2]
ID = "78f5f5f88847465c90c7124b8c7e3ea6"


def conmanctl(stub: StubConmand, *words: str) -> int:
    return cli.run(["--address", stub.path, *words])


def test_create_as_in_the_transcript(
    conmand: StubConmand, capsys: pytest.CaptureFixture[str]
) -> None:
    conmand.behave["CreateContainer"] = lambda *_: wire.CreateContainerResponse(container_id=ID)
    words = ["container", "create", "--image", "rootfs/", "cont1", "--", "/bin/sleep", "100"]
    assert conmanctl(conmand, *words) == 0
    assert capsys.readouterr() == (f'{{"containerId":"{ID}","warnings":[]}}\n', "")
    [request] = conmand.requests("CreateContainer")
    assert isinstance(request, wire.CreateContainerRequest)
    assert len(bytes.fromhex(request.request_id)) == 16
    request.request_id = ""
    assert request == wire.CreateContainerRequest(
        name="cont1", command="/bin/sleep", args=["100"], rootfs_path=os.path.abspath("rootfs")
    )


def test_create_with_everything(conmand: StubConmand) -> None:
    words = (
        "container create --rootfs /r --rootfs-readonly -e A=1 --env B= -w /w -u 1:2"
        " --hostname h -l a=b=c --label d= --annotation x=y --stop-signal INT --runtime crun"
        " web sh -c --rootfs --help"
    )
    assert conmanctl(conmand, *words.split()) == 0
    [request] = conmand.requests("CreateContainer")
    assert isinstance(request, wire.CreateContainerRequest)
    request.request_id = ""
    assert request == wire.CreateContainerRequest(
        name="web",
        command="sh",
        args=["-c", "--rootfs", "--help"],
        rootfs_path="/r",
        rootfs_readonly=True,
        env=["A=1", "B="],
        cwd="/w",
        user="1:2",
        hostname="h",
        labels={"a": "b=c", "d": ""},
        annotations={"x": "y"},
        stop_signal="INT",
        runtime="crun",
    )


def test_only_the_first_double_dash_is_ours(conmand: StubConmand) -> None:
    assert conmanctl(conmand, *["container", "create", "--rootfs", "/", "w", "--", "--", "--"]) == 0
    assert conmanctl(conmand, *["container", "create", "--rootfs", "/", "--", "w", "sh", "--"]) == 0
    sent = conmand.requests("CreateContainer")
    assert [(r.name, r.command, list(r.args)) for r in sent] == [
        ("w", "--", ["--"]),
        ("w", "sh", ["--"]),
    ]


@pytest.mark.parametrize("in_group", [["container"], []])
def test_a_name_of_its_own_leaves_all_words_to_the_program(
    conmand: StubConmand, in_group: list[str]
) -> None:
    words = [*in_group, "create", "--name", "c2", "--rootfs", "/"]
    assert conmanctl(conmand, *words, "true") == 0
    assert conmanctl(conmand, *words, "--", "echo", "--name", "x") == 0
    assert conmanctl(conmand, *words, "echo", "--", "x") == 0
    sent = conmand.requests("CreateContainer")
    assert [(r.name, r.command, list(r.args)) for r in sent] == [
        ("c2", "true", []),
        ("c2", "echo", ["--name", "x"]),
        ("c2", "echo", ["--", "x"]),
    ]


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("create busybox echo hi", "create --rootfs DIR --name busybox -- echo hi"),
        ("create --name c busybox echo hi", "create --rootfs DIR --name c -- busybox echo hi"),
        ("run busybox echo hi", "run --rootfs DIR -- busybox echo hi"),
        ("run --name web busybox", "run --rootfs DIR --name web -- busybox"),
        ("run", "run --rootfs DIR -- COMMAND"),
    ],
)
def test_there_are_no_images(
    conmand: StubConmand, capsys: pytest.CaptureFixture[str], words: str, shown: str
) -> None:
    assert conmanctl(conmand, *words.split()) == (125 if words.startswith("run") else 2)
    err = capsys.readouterr().err
    assert "there are no images yet" in err
    assert f"`{shown}`" in err
    assert conmand.asked == []


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["create", "web", "--", "sh"], "exactly one of --rootfs DIR and --image DIR"),
        (["create", "web", "--", "sh"], "no images yet"),
        (["create", "--rootfs", "a", "--image", "b", "web", "sh"], "exactly one of"),
        (["create", "--rootfs", "", "web", "sh"], "root file system is empty"),
        (["create", "--rootfs", "a", "web"], "web: NAME and COMMAND are needed"),
        (["create", "--rootfs", "a", "--", "web"], "web: NAME and COMMAND are needed"),
        (["create", "--rootfs", "a", "web", "--"], "web: NAME and COMMAND are needed"),
        (["create", "--rootfs", "a", "--name", "web"], "what should it run? Give COMMAND"),
        (["create", "web", "--rootfs", "a", "--", "sh"], "options go before it"),
        (["create", "--rootfs", "a"], "Missing argument 'NAME'"),
        (["create", "--rootfs", "a", "--annotation", "x", "w", "sh"], "--annotation x: KEY=VALUE"),
        (["stop", "--timeout", "-1", "web"], "is not between 0 and"),
        (["stop", "--timeout", "nan", "web"], "is not between 0 and"),
        (["stop", "--timeout", "inf", "web"], "is not between 0 and"),
        (["stop", "--timeout", "ten", "web"], "'ten' is no number of seconds"),
        (["wait", "--condition", "never", "web"], "'never' is not one of"),
        (["start"], "Missing argument 'CONTAINER...'"),
        (["start", "\udcff"], "\\udcff is not UTF-8"),
        (["explode"], "No such command 'explode'"),
        (["--bogus"], "No such option"),
    ],
)
def test_wrong_usage_is_one_line_and_2(
    conmand: StubConmand, capsys: pytest.CaptureFixture[str], words: list[str], complaint: str
) -> None:
    assert conmanctl(conmand, "container", *words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("conmanctl: ")
    assert err.count("\n") == 1
    assert complaint in err
    assert conmand.asked == []


def test_the_verbs(conmand: StubConmand, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (
        "start a",
        "stop a",
        "stop -t 0 a",
        "stop --timeout 2.5 a",
        "kill a",
        "kill -s HUP a",
        "remove a",
        "rm -f a",
        "delete --force a",
    ):
        assert conmanctl(conmand, "container", *words.split()) == 0
    out, err = capsys.readouterr()
    assert (out, err) == ("{}\n" * 9, "")
    for _, request in conmand.asked:
        assert len(request.request_id) == 32
        request.ClearField("request_id")
    assert [request for _, request in conmand.asked] == [
        wire.StartContainerRequest(container_id="a"),
        wire.StopContainerRequest(container_id="a"),
        wire.StopContainerRequest(container_id="a", timeout_ms=0),
        wire.StopContainerRequest(container_id="a", timeout_ms=2500),
        wire.KillContainerRequest(container_id="a", signal="KILL"),
        wire.KillContainerRequest(container_id="a", signal="HUP"),
        wire.RemoveContainerRequest(container_id="a"),
        wire.RemoveContainerRequest(container_id="a", force=True),
        wire.RemoveContainerRequest(container_id="a", force=True),
    ]


@pytest.mark.parametrize("remove", [["rm"], ["container", "remove"]])
def test_who_removes_by_force_what_is_not_there_has_what_he_wants(
    conmand: StubConmand, capsys: pytest.CaptureFixture[str], remove: list[str]
) -> None:
    conmand.behave["RemoveContainer"] = refuse(grpc.StatusCode.NOT_FOUND, "there is no x.")
    assert conmanctl(conmand, *remove, "x") == 1
    assert conmanctl(conmand, *remove, "-fv", "x") == 0
    assert conmanctl(conmand, *remove, "--force", "--volumes", "x", "x") == 0
    assert capsys.readouterr() == ("", "conmanctl: there is no x.\n" * 4)
    conmand.behave["RemoveContainer"] = refuse(grpc.StatusCode.INTERNAL, "it is stuck.")
    assert conmanctl(conmand, *remove, "-f", "x") == 1


@pytest.mark.parametrize("verb", ["stop", "restart"])
@pytest.mark.parametrize(("words", "most_s"), [([], None), (["-t", "100"], 160.0)])
def test_a_stop_is_waited_for_as_long_as_it_may_take(
    conmand: StubConmand, verb: str, words: list[str], most_s: float | None
) -> None:
    """Only conmand knows the container's own time; none at all is a year and more for grpc."""
    left_s: list[float] = []

    def behave(_request: object, context: grpc.ServicerContext) -> wire.StopContainerResponse:
        left_s.append(context.time_remaining() or 0)
        return wire.StopContainerResponse()

    conmand.behave["StopContainer"] = behave
    assert conmanctl(conmand, verb, *words, "web") == 0
    if most_s is None:
        assert left_s[0] > 366 * 24 * 3600
    else:
        assert most_s - 20 < left_s[0] < most_s + 1


def test_the_questions(conmand: StubConmand, capsys: pytest.CaptureFixture[str]) -> None:
    for words in ("list", "ls", "status a", "state a", "wait a", "wait --condition removed a"):
        assert conmanctl(conmand, "container", *words.split()) == 0
    assert capsys.readouterr().out == '{"containers":[]}\n' * 2 + "{}\n" * 4
    assert conmanctl(conmand, "version", "-o", "json") == 0
    assert capsys.readouterr().out.startswith('{"version":"","apiVersion":"",')
    assert conmand.asked == [
        ("ListContainers", wire.ListContainersRequest()),
        ("ListContainers", wire.ListContainersRequest()),
        ("ContainerStatus", wire.ContainerStatusRequest(container_id="a")),
        ("ContainerStatus", wire.ContainerStatusRequest(container_id="a")),
        ("WaitContainer", wire.WaitContainerRequest(container_id="a")),
        (
            "WaitContainer",
            wire.WaitContainerRequest(
                container_id="a", condition=wire.WaitContainerRequest.CONDITION_REMOVED
            ),
        ),
        ("Version", wire.VersionRequest()),
    ]


def test_several_containers_go_on_after_a_failure(
    conmand: StubConmand, capsys: pytest.CaptureFixture[str]
) -> None:
    absent = refuse(grpc.StatusCode.NOT_FOUND, "there is no container b.", "List them")

    def behave(request: wire.StartContainerRequest, context: grpc.ServicerContext) -> object:
        if request.container_id == "b":
            return absent(request, context)
        return wire.StartContainerResponse()

    conmand.behave["StartContainer"] = behave
    assert conmanctl(conmand, "container", "start", "a", "b", "c") == 1
    out, err = capsys.readouterr()
    assert out == "{}\n{}\n"
    assert err == "conmanctl: there is no container b. List them\n"
    sent = conmand.requests("StartContainer")
    assert [request.container_id for request in sent] == ["a", "b", "c"]
    assert len({request.request_id for request in sent}) == 3


def test_where_conmand_is_said(
    conmand: StubConmand, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONMAN_ADDRESS", "/nonexistent/s")
    assert cli.run(["--address", conmand.path, "container", "ls"]) == 0
    assert cli.run(["container", "ls", "--address", f"unix://{conmand.path}"]) == 0
    assert cli.run(["--address", "/x", "container", "ls", "--address", conmand.path]) == 0
    monkeypatch.setenv("CONMAN_ADDRESS", conmand.path)
    assert cli.run(["container", "ls"]) == 0
    assert len(conmand.asked) == 4
    monkeypatch.setenv("CONMAN_ADDRESS", "/" + "x" * 107)
    assert cli.run(["container", "ls"]) == 2
    assert "has 108 bytes" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["--address", "", "container", "ls"], ["container", "ls", "--address="]]
)
def test_an_empty_address_is_not_the_usual_one(
    conmand: StubConmand,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
) -> None:
    """Of the variable it is as docker has it: nothing is said."""
    monkeypatch.setattr(settings, "default_address", lambda *_: conmand.path)
    monkeypatch.setenv("CONMAN_ADDRESS", "")
    assert cli.run(words) == 2
    assert "the address is empty" in capsys.readouterr().err
    assert conmand.asked == []
    assert cli.run(["container", "ls"]) == 0


@pytest.mark.parametrize("words", [["container"], [], ["container", "create", "--help"], ["-h"]])
def test_help_is_printed(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(words) == (0 if "--help" in words or "-h" in words else 2)
    assert "Usage: conmanctl" in "".join(capsys.readouterr())


@pytest.mark.parametrize("flag", ["--version", "-v"])
def test_its_own_version(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([flag]) == 0
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert capsys.readouterr().out == f"conmanctl {project['version']}\n"
