"""conmanctl for people: tables, filters, templates, questions, and the same answers as JSON."""

import io
import json
import time

import grpc
import pytest

from conman.ctl import cli
from conman.ctl.cli import COMMANDS
from conman.ctl.container import COMMANDS as VERBS
from conman.wire.v1 import conman_pb2 as wire
from tests.unit.stub_conmand import StubConmand, conmand, refuse

__all__ = ["conmand"]

NS = 1_000_000_000
ID = "78f5f5f88847465c90c7124b8c7e3ea6"
OTHER = "0123456789abcdef0123456789abcdef"


def conmanctl(stub: StubConmand, *words: str) -> int:
    return cli.run(["--address", stub.path, *words])


def listed() -> wire.ListContainersResponse:
    now = time.time_ns()
    detail = wire.ContainerDetail(
        started_at=now - 3 * 60 * NS, command="sleep", args=["100"], labels={"app": "shop"}
    )
    ended = wire.ContainerDetail(
        finished_at=now - 5 * NS, exit_code=3, command="sh", args=["-c", "exit 3"]
    )
    return wire.ListContainersResponse(
        containers=[
            wire.ContainerSummary(
                id=ID,
                name="web",
                created_at=now - 2 * 3600 * NS,
                state=wire.RUNNING,
                detail=detail,
            ),
            wire.ContainerSummary(
                id=OTHER, name="db", created_at=now - 60 * NS, state=wire.EXITED, detail=ended
            ),
        ]
    )


TABLE = """\
CONTAINER ID   COMMAND            CREATED              STATUS                     NAMES
0123456789ab   "sh -c 'exit 3'"   About a minute ago   Exited (3) 5 seconds ago   db
78f5f5f88847   "sleep 100"        2 hours ago          Up 3 minutes               web
"""


def test_ps(conmand: StubConmand, capsys: pytest.CaptureFixture[str]) -> None:
    conmand.behave["ListContainers"] = lambda *_: listed()
    assert conmanctl(conmand, "ps") == 0
    assert capsys.readouterr().out == TABLE
    [request] = conmand.requests("ListContainers")
    states = [wire.RUNNING, wire.PAUSED, wire.UNKNOWN]
    assert request == wire.ListContainersRequest(
        filter=wire.ContainerFilter(states=states, restarting=True), detailed=True
    )


def test_what_is_about_to_be_restarted(
    conmand: StubConmand, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = listed()
    answer.containers[1].detail.next_restart_at = time.time_ns()
    conmand.behave["ListContainers"] = lambda *_: answer
    words = ("ps", "-f", "status=restarting", "--format", "{{.Names}} {{.State}} {{.Status}}")
    assert conmanctl(conmand, *words) == 0
    assert capsys.readouterr().out.splitlines()[0] == "db restarting Restarting (3) 5 seconds ago"
    [request] = conmand.requests("ListContainers")
    assert request == wire.ListContainersRequest(
        filter=wire.ContainerFilter(restarting=True), detailed=True
    )


@pytest.mark.parametrize(
    ("words", "filter_", "out"),
    [
        (["-a", "-q"], {}, "0123456789ab\n78f5f5f88847\n"),
        (["-aq", "--no-trunc"], {}, f"{OTHER}\n{ID}\n"),
        (["-l", "--format", "{{.Names}}"], {}, "db\n"),
        (["-aqn", "-1"], {}, "0123456789ab\n78f5f5f88847\n"),
        (["-aq", "--last=-1"], {}, "0123456789ab\n78f5f5f88847\n"),
        (["-n", "1", "--format", "{{ .ID }}\\t{{.State}}"], {}, "0123456789ab\texited\n"),
        (["-f", "name=w", "-a", "-q"], {"names": ["w"]}, "0123456789ab\n78f5f5f88847\n"),
        (["-a", "--format", "{{.Command}} {{.Labels}}"], {}, None),
        (["-qf", "status=exited"], {"states": [wire.EXITED]}, None),
        (["-qf", "exited=3", "-f", "exited=4"], {"exit_codes": [3, 4]}, None),
        (["-aqf", "label=app=shop", "-f", f"id={ID}"], {"labels": ["app=shop"], "ids": [ID]}, None),
    ],
)
def test_options_of_ps(
    conmand: StubConmand,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    filter_: dict[str, object],
    out: str | None,
) -> None:
    conmand.behave["ListContainers"] = lambda *_: listed()
    assert conmanctl(conmand, "ps", *words) == 0
    [request] = conmand.requests("ListContainers")
    assert isinstance(request, wire.ListContainersRequest)
    assert request.filter == wire.ContainerFilter(**filter_)
    if out is not None:
        assert capsys.readouterr().out == out


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["ps", "-f", "name"], "--filter name: it is one of id=, name="),
        (["ps", "-f", "colour=red"], "--filter colour=red"),
        (["ps", "-f", "status=dead"], "it is one of created, running"),
        (["ps", "-f", "exited=x"], "an exit code is needed"),
        (["ps", "-n", "0"], "0 is not in the range"),
        (["ps", "-n", "-2"], "-2 is not in the range"),
        (["events", "--since", "tomorrow"], "'tomorrow' is no time"),
        (["events", "-f", "image=x"], "it is one of container=, event="),
        (["update", "web"], "Give at least one limit"),
        (["update", "--memory", "much", "web"], "'much' is no size"),
        (["rename", "web"], "Missing argument 'NEW_NAME'"),
        (["completion", "tcsh"], "'tcsh' is not one of"),
        (["ps", "-o", "yaml"], "'yaml' is not one of"),
        (["ps", "-q", "-o", "json"], "-o json is for conmand's answers, and -q shows ids"),
        (["attach", "-o", "json", "web"], "answers, and a session shows what the program writes"),
        (["start", "-a", "-o", "json", "web"], "answers, and a session shows what the program"),
        (["cp", "-o", "json", "web:/a", "."], "-o json is for conmand's answers, and a copy has"),
        (["--address", "/tmp/\udce9", "ps"], "/tmp/\\udce9 is not UTF-8 text"),
        (["\udce9"], "\\udce9 is not UTF-8 text"),
    ],
)
def test_wrong_usage(
    conmand: StubConmand, capsys: pytest.CaptureFixture[str], words: list[str], complaint: str
) -> None:
    assert conmanctl(conmand, *words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("conmanctl: ")
    assert err.count("\n") == 1
    assert complaint in err
    assert conmand.asked == []


def test_an_unknown_field_of_a_template(
    conmand: StubConmand, capsys: pytest.CaptureFixture[str]
) -> None:
    conmand.behave["ListContainers"] = lambda *_: listed()
    assert conmanctl(conmand, "ps", "--format", "{{.Ports}}") == 2
    assert "--format knows no .Ports: there are .ID" in capsys.readouterr().err
    assert conmanctl(conmand, "ps", "--format", "{{range .}}") == 2


def test_the_same_as_json(conmand: StubConmand, capsys: pytest.CaptureFixture[str]) -> None:
    conmand.behave["ListContainers"] = lambda *_: listed()
    assert conmanctl(conmand, "ps", "-a", "-o", "json") == 0
    told = json.loads(capsys.readouterr().out)
    assert [each["name"] for each in told["containers"]] == ["db", "web"]
    assert conmanctl(conmand, "container", "list", "-o", "table") == 0
    assert capsys.readouterr().out.splitlines()[0].startswith("CONTAINER ID")


def test_people_are_told_the_names_that_they_gave(
    conmand: StubConmand, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (
        "start a b",
        "stop -t 1 a",
        "kill a",
        "rm -f a",
        "pause a",
        "unpause a",
        "update -m 64m a",
    ):
        assert conmanctl(conmand, *words.split()) == 0
    assert capsys.readouterr().out == "a\nb\n" + "a\n" * 6
    assert conmanctl(conmand, "rename", "a", "b") == 0
    assert capsys.readouterr().out == ""
    assert conmanctl(conmand, "start", "a", "-o", "json") == 0
    assert capsys.readouterr().out == "{}\n"
    [update] = conmand.requests("UpdateContainer")
    assert isinstance(update, wire.UpdateContainerRequest)
    assert update.resources == wire.Resources(memory_bytes=64 * 2**20)
    [rename] = conmand.requests("RenameContainer")
    assert isinstance(rename, wire.RenameContainerRequest)
    assert (rename.container_id, rename.new_name) == ("a", "b")
    assert len(rename.request_id) == 32


def test_create_tells_the_id(conmand: StubConmand, capsys: pytest.CaptureFixture[str]) -> None:
    conmand.behave["CreateContainer"] = lambda *_: wire.CreateContainerResponse(
        container_id=ID, warnings=["no swap"]
    )
    assert conmanctl(conmand, "create", "--rootfs", "/r", "web", "sh") == 0
    out, err = capsys.readouterr()
    assert (out, err) == (f"{ID}\n", "conmanctl: warning: no swap\n")


def test_wait_tells_the_exit_code(conmand: StubConmand, capsys: pytest.CaptureFixture[str]) -> None:
    status = wire.ContainerStatus(container_id=ID, state=wire.EXITED, exit_code=137)
    conmand.behave["WaitContainer"] = lambda *_: wire.WaitContainerResponse(status=status)
    assert conmanctl(conmand, "wait", "web") == 0
    assert capsys.readouterr().out == "137\n"
    conmand.behave["WaitContainer"] = lambda *_: wire.WaitContainerResponse()
    assert conmanctl(conmand, "wait", "--condition", "removed", "web") == 0
    assert capsys.readouterr().out == "web\n"


def test_wait_tells_no_code_of_what_is_unknown(
    conmand: StubConmand, capsys: pytest.CaptureFixture[str]
) -> None:
    """The field of a code that there is not reads as 0."""
    status = wire.ContainerStatus(
        container_id=ID, state=wire.UNKNOWN, reason="StoreFailed", message="the disk is full"
    )
    conmand.behave["WaitContainer"] = lambda *_: wire.WaitContainerResponse(status=status)
    assert conmanctl(conmand, "wait", "web") == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "container web is UNKNOWN (StoreFailed)" in err
    assert "the disk is full" in err


def test_inspect(conmand: StubConmand, capsys: pytest.CaptureFixture[str]) -> None:
    absent = refuse(grpc.StatusCode.NOT_FOUND, "there is no x.")
    answer = wire.InspectContainerResponse(
        status=wire.ContainerStatus(container_id=ID, name="web", state=wire.RUNNING, pid=42),
        config=wire.CreateContainerRequest(name="web", command="sh", env=["A=ä"]),
        rootfs_mode="copy",
    )

    def behave(request: wire.InspectContainerRequest, context: grpc.ServicerContext) -> object:
        return absent(request, context) if request.container_id == "x" else answer

    conmand.behave["InspectContainer"] = behave
    assert conmanctl(conmand, "inspect", "web", "x") == 1
    out, err = capsys.readouterr()
    assert err == "conmanctl: there is no x.\n"
    [told] = json.loads(out)
    assert (told["status"]["pid"], told["config"]["env"]) == (42, ["A=ä"])
    assert out.startswith('[\n    {\n        "status": {')
    assert conmanctl(conmand, "inspect", "-f", "{{.status.state}} {{.status.pid}}", "web") == 0
    assert capsys.readouterr().out == "RUNNING 42\n"
    assert conmanctl(conmand, "inspect", "-f", "{{.State.Pid}}", "web") == 2
    assert "there are .status, .config" in capsys.readouterr().err


def test_a_container_cannot_drive_the_terminal(
    conmand: StubConmand, capsys: pytest.CaptureFixture[str]
) -> None:
    evil = "a\x1b[31m\x9b1m\u202eä"
    detail = wire.ContainerDetail(command=evil, labels={"k": evil})
    one = wire.ContainerSummary(id=ID, name="web", state=wire.RUNNING, detail=detail)
    conmand.behave["ListContainers"] = lambda *_: wire.ListContainersResponse(containers=[one])
    config = wire.CreateContainerRequest(command=evil)
    conmand.behave["InspectContainer"] = lambda *_: wire.InspectContainerResponse(config=config)
    for words in (["ps"], ["ps", "--format", "{{.Command}}\\t{{.Labels}}"], ["inspect", "web"]):
        assert conmanctl(conmand, *words) == 0
        out = capsys.readouterr().out
        assert all(each.isprintable() or each in "\n\t" for each in out)
        assert "ä" in out
    assert json.loads(out)[0]["config"]["command"] == evil


def test_info_and_version(conmand: StubConmand, capsys: pytest.CaptureFixture[str]) -> None:
    told = wire.VersionResponse(version="9.9", api_version="v1", instance="01", runtime="runc")
    conmand.behave["Version"] = lambda *_: told
    conmand.behave["Info"] = lambda *_: wire.InfoResponse(
        version=told,
        running=2,
        runtimes=[wire.RuntimeInfo(name="runc", path="/r"), wire.RuntimeInfo(name="crun")],
        memory_bytes=3 * 2**30,
        warnings=["no swap"],
    )
    assert conmanctl(conmand, "version") == 0
    assert "conmand    9.9\n" in capsys.readouterr().out
    assert conmanctl(conmand, "version", "-o", "json") == 0
    assert json.loads(capsys.readouterr().out)["version"] == "9.9"
    assert conmanctl(conmand, "info") == 0
    out, err = capsys.readouterr()
    assert err == "conmanctl: warning: no swap\n"
    for line in (" Running           2", "Runtimes           runc (/r), crun (not installed)"):
        assert f"{line}\n" in out
    assert "3.00GiB" in out


def test_prune_asks_first(
    conmand: StubConmand, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    conmand.behave["ListContainers"] = lambda *_: listed()
    for said in ("n\n", "\n", "Y?\n"):
        monkeypatch.setattr("sys.stdin", io.StringIO(said))
        assert conmanctl(conmand, "prune") == 0
    assert conmand.asked == []
    assert "Are you sure? [y/N]" in capsys.readouterr().out
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert conmanctl(conmand, "prune", "--filter", "label=a") == 0
    assert capsys.readouterr().out.endswith(f"{ID}\n{OTHER}\n")
    [request] = conmand.requests("ListContainers")
    assert request == wire.ListContainersRequest(
        filter=wire.ContainerFilter(states=[wire.CREATED, wire.EXITED], labels=["a"])
    )
    assert not any(one.force for one in conmand.requests("RemoveContainer"))


def test_prune_removes_nothing_where_nobody_answers(
    conmand: StubConmand, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert conmanctl(conmand, "prune") == 1
    out, err = capsys.readouterr()
    assert out.endswith("[y/N] \n")
    assert err == "conmanctl: nothing is removed: nobody answers here; give --force\n"
    assert conmand.asked == []


def test_prune_leaves_what_runs_again(
    conmand: StubConmand, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = refuse(grpc.StatusCode.FAILED_PRECONDITION, "it is RUNNING.")
    disk = refuse(grpc.StatusCode.RESOURCE_EXHAUSTED, "the disk is full.")

    def behave(request: wire.RemoveContainerRequest, context: grpc.ServicerContext) -> object:
        return (runs if request.container_id == ID else disk)(request, context)

    conmand.behave["ListContainers"] = lambda *_: listed()
    conmand.behave["RemoveContainer"] = behave
    assert conmanctl(conmand, "prune", "-f") == 1
    assert capsys.readouterr() == ("", "conmanctl: the disk is full.\n")
    conmand.asked.clear()
    assert conmanctl(conmand, "prune", "-f", "--filter", "until=1h") == 0
    removed = conmand.requests("RemoveContainer")
    assert [one.container_id for one in removed] == [ID]


def test_every_command_has_an_example_and_says_its_own_path(
    capsys: pytest.CaptureFixture[str],
) -> None:
    paths = [[name] for name in COMMANDS if name != "container"]
    paths += [["container", name] for name in VERBS]
    for words in paths:
        assert cli.run([*words, "--help"]) == 0
        assert f"Example: conmanctl {' '.join(words)} " in capsys.readouterr().out.replace(
            "\n", " "
        )


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    """That it works is `test_people_life.py`'s to show, with a real bash."""
    assert cli.run(["completion", shell]) == 0
    out = capsys.readouterr().out
    assert f"_CONMANCTL_COMPLETE={shell}_complete" in out
    assert "%(" not in out


@pytest.mark.parametrize(
    ("words", "kind"),
    [("run --rootfs ./r", "dir"), ("create --env-file x", "file"), ("run --spec x", "file")],
)
def test_files_are_the_shells_to_complete(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: str, kind: str
) -> None:
    monkeypatch.setenv("_CONMANCTL_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", f"conmanctl {words}")
    monkeypatch.setenv("COMP_CWORD", str(len(words.split())))
    with pytest.raises(SystemExit):
        cli.run([])
    assert capsys.readouterr().out == f"{kind},{words.rsplit(maxsplit=1)[-1]}\n"
