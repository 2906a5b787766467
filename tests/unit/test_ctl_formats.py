"""`--format` of ps, stats and inspect: what docker's users write, and what they are told of it."""

import json
import time

import grpc
import pytest

from conman.ctl import cli
from conman.wire.v1 import conman_pb2 as wire
from tests.unit.stub_conmand import StubConmand, conmand, refuse

__all__ = ["conmand"]

NS = 1_000_000_000
ID = "78f5f5f88847465c90c7124b8c7e3ea6"
BEGAN = 1_769_860_800 * NS + 5


def conmanctl(stub: StubConmand, *words: str) -> int:
    return cli.run(["--address", stub.path, *words])


@pytest.fixture
def listed(conmand: StubConmand) -> StubConmand:
    """One that runs, and one whose name is longer than what heads it."""
    now = time.time_ns()
    labels = {"app": "a\tb"}
    runs = wire.ContainerDetail(started_at=now - 180 * NS, command="sleep", labels=labels)
    ended = wire.ContainerDetail(finished_at=now - 5 * NS, exit_code=3, command="sh")
    summaries = [
        wire.ContainerSummary(
            id="0" * 32, name="a_long_name", created_at=1, state=wire.EXITED, detail=ended
        ),
        wire.ContainerSummary(id=ID, name="web", created_at=BEGAN, state=wire.RUNNING, detail=runs),
    ]
    conmand.behave["ListContainers"] = lambda *_: wire.ListContainersResponse(containers=summaries)
    return conmand


@pytest.fixture
def inspected(conmand: StubConmand) -> StubConmand:
    """`web` runs, `done` has ended and has limits and labels, `x` is not there."""
    running = wire.ContainerStatus(name="web", state=wire.RUNNING, pid=42, started_at=BEGAN)
    done = wire.ContainerStatus(name="done", state=wire.EXITED, exit_code=3)
    config = wire.CreateContainerRequest(
        args=["a", "b"],
        labels={"app": "shop", "com.example.x": "y"},
        resources=wire.Resources(memory_bytes=64 * 2**20),
    )
    answers = {
        "web": wire.InspectContainerResponse(status=running, config=wire.CreateContainerRequest()),
        "done": wire.InspectContainerResponse(status=done, config=config),
    }
    absent = refuse(grpc.StatusCode.NOT_FOUND, "there is no x.")

    def behave(request: wire.InspectContainerRequest, context: grpc.ServicerContext) -> object:
        answer = answers.get(request.container_id)
        return answer if answer is not None else absent(request, context)

    conmand.behave["InspectContainer"] = behave
    return conmand


@pytest.mark.parametrize("tab", ["\\t", "\t"])
def test_a_table_of_what_is_named(
    listed: StubConmand, capsys: pytest.CaptureFixture[str], tab: str
) -> None:
    template = f"table {{{{.ID}}}}{tab}{{{{.Names}}}}{tab}{{{{.Status}}}}"
    assert conmanctl(listed, "ps", "-a", "--format", template) == 0
    assert capsys.readouterr().out == (
        "CONTAINER ID   NAMES         STATUS\n"
        "78f5f5f88847   web           Up 3 minutes\n"
        "000000000000   a_long_name   Exited (3) 5 seconds ago\n"
    )


def test_a_table_of_nothing_has_its_header(
    conmand: StubConmand, capsys: pytest.CaptureFixture[str]
) -> None:
    assert conmanctl(conmand, "ps", "--format", "table{{.RunningFor}}\\tx {{.CreatedAt}}") == 0
    assert capsys.readouterr().out == "CREATED   x CREATED AT\n"


def test_a_value_makes_no_column(listed: StubConmand, capsys: pytest.CaptureFixture[str]) -> None:
    assert conmanctl(listed, "ps", "-n", "1", "--format", "table {{.Labels}}\\t{{.Names}}") == 0
    assert capsys.readouterr().out == "LABELS    NAMES\napp=a b   web\n"


def test_a_table_of_stats(conmand: StubConmand, capsys: pytest.CaptureFixture[str]) -> None:
    one = wire.ContainerStats(container_id=ID, name="web", state=wire.EXITED)
    conmand.behave["Stats"] = lambda *_: wire.StatsResponse(containers=[one])
    words = ("stats", "--no-stream", "--format")
    assert conmanctl(conmand, *words, "table {{.Container}}\\t{{.Name}}\\t{{.MemUsage}}") == 0
    assert capsys.readouterr().out == (
        "CONTAINER      NAME   MEM USAGE / LIMIT\n78f5f5f88847   web    --\n"
    )
    assert conmanctl(conmand, *words, "json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["Name"], told["CPUPerc"]) == ("web", "--")
    assert conmanctl(conmand, "container", *words, "{{.Name}}") == 0
    assert capsys.readouterr().out == "web\n"


@pytest.mark.parametrize("template", ["json", "{{json .}}"])
def test_an_object_for_each(
    listed: StubConmand, capsys: pytest.CaptureFixture[str], template: str
) -> None:
    assert conmanctl(listed, "ps", "-a", "--format", template) == 0
    web, done = map(json.loads, capsys.readouterr().out.splitlines())
    assert (web["ID"], web["Names"], web["Command"]) == (ID[:12], "web", '"sleep"')
    assert (done["State"], done["Status"]) == ("exited", "Exited (3) 5 seconds ago")


def test_json_of_one_field(
    listed: StubConmand, inspected: StubConmand, capsys: pytest.CaptureFixture[str]
) -> None:
    assert conmanctl(listed, "ps", "-n", "1", "--format", "{{json .Labels}} {{ .Names }}") == 0
    assert capsys.readouterr().out == '"app=a\\tb" web\n'
    template = "{{json .status.name}} {{json .status.exitCode}} {{json .config.args}}"
    assert conmanctl(inspected, "inspect", "-f", template, "web", "done") == 0
    assert capsys.readouterr().out == '"web" null []\n"done" 3 ["a", "b"]\n'


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("{{.status.exitCode}}", "<no value>\n3\n"),
        ("{{.config.resources.memoryBytes}}", "<no value>\n67108864\n"),
        ("{{.config.labels.app}}", "<no value>\nshop\n"),
        ('{{index .config.labels "com.example.x"}}', "\ny\n"),
        ('{{json (index .config.labels "app")}}', None),
        ('{{ index .config.labels "app" }}!', "!\nshop!\n"),
        ("{{index .config.args 1}}", "\nb\n"),
        ("{{.status.pid}} {{.status.oomKilled}}", "42 false\n<no value> false\n"),
    ],
)
def test_what_is_known_and_not_there(
    inspected: StubConmand, capsys: pytest.CaptureFixture[str], template: str, told: str | None
) -> None:
    assert conmanctl(inspected, "inspect", "-f", template, "web", "done") == (
        2 if told is None else 0
    )
    assert capsys.readouterr().out == (told or "")


def test_a_line_for_each_that_there_is(
    inspected: StubConmand, capsys: pytest.CaptureFixture[str]
) -> None:
    assert conmanctl(inspected, "inspect", "-f", "{{.status.exitCode}}", "web", "x", "done") == 1
    assert capsys.readouterr() == ("<no value>\n3\n", "conmanctl: there is no x.\n")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["ps", "--format", "{{.Foo}}"], "--format knows no .Foo: there are .ID, .Names"),
        (["ps", "--format", "table {{.Foo}}"], "--format knows no .Foo"),
        (["ps", "--format", "{{.Names.x}}"], "--format knows no .Names.x"),
        (["ps", "--format", "{{.}}"], "--format knows no .:"),
        (["ps", "--format", "{{range .}}"], "only {{.Name}}, {{json .Name}} and {{index"),
        (["stats", "--format", "{{.Cpu}}"], "--format knows no .Cpu: there are .Container, .ID"),
        (["inspect", "-f", "{{.status.code}}", "web"], "no .status.code: there are .containerId"),
        (["inspect", "-f", "{{.status.name.x}}", "web"], "knows no .status.name.x"),
        (["inspect", "-f", "{{.config.args.x}}", "web"], "knows no .config.args.x"),
        (
            ["inspect", "-f", "{{.config.labels.com.example.x}}", "web"],
            'knows no .config.labels.com.example.x: a key is named as in {{index .map "key"}}',
        ),
    ],
)
def test_names_are_judged_before_conmand_is_asked(
    conmand: StubConmand, capsys: pytest.CaptureFixture[str], words: list[str], complaint: str
) -> None:
    assert conmanctl(conmand, *words) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n"), conmand.asked) == ("", 1, [])
    assert complaint in err


def test_every_path_of_an_answer_is_known(inspected: StubConmand) -> None:
    for message, path in (
        (wire.InspectContainerResponse, ""),
        (wire.ContainerStatus, "status."),
        (wire.CreateContainerRequest, "config."),
        (wire.Resources, "config.resources."),
    ):
        for field in message.DESCRIPTOR.fields:
            template = f"{{{{.{path}{field.camelcase_name}}}}}"
            assert conmanctl(inspected, "inspect", "-f", template, "web") == 0


def test_people_read_times(inspected: StubConmand, capsys: pytest.CaptureFixture[str]) -> None:
    assert conmanctl(inspected, "inspect", "web") == 0
    [told] = json.loads(capsys.readouterr().out)
    assert told["status"]["startedAt"] == "2026-01-31T12:00:00.000000005Z"
    assert told["status"]["finishedAt"] == "0001-01-01T00:00:00Z"
    assert conmanctl(inspected, "inspect", "-f", "{{.status.startedAt}}", "web") == 0
    assert capsys.readouterr().out == "2026-01-31T12:00:00.000000005Z\n"


def test_scripts_have_the_numbers(
    inspected: StubConmand, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (["inspect", "-o", "json", "web"], ["container", "inspect", "web"]):
        assert conmanctl(inspected, *words) == 0
        told = json.loads(capsys.readouterr().out)["status"]
        assert (told["startedAt"], told["finishedAt"]) == (str(BEGAN), "0")
    words = ["container", "inspect", "-f", "{{.status.startedAt}}", "web"]
    assert conmanctl(inspected, *words) == 0
    assert capsys.readouterr().out == f"{BEGAN}\n"
