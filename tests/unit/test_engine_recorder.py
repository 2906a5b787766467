"""The recorder's texts, and that a replay finds what differs, and only that."""

from dataclasses import is_dataclass
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from conman.core.admission import Now, Setting
from conman.core.effects import vocabulary as v
from conman.core.effects.effect import Committed
from conman.core.layout import Layout
from conman.core.machine import Machine
from conman.core.model import Container, ContainerSpec, Init, RootfsMode, State, Stored
from conman.core.outputs import InitEnded, Output
from conman.core.permits import Permits
from conman.core.requests import CreateContainer, ListContainers, Request
from conman.core.restart import RestartName, RestartPolicy
from conman.core.spec import Mount, MountType
from conman.engine import recorder
from conman.engine.codec import parse, render
from conman.engine.inputs import Boot, Complete, Forget, Input, Observe, Submit, feed
from conman.engine.recorder import Recorder, replay
from conman.errors import Code, Refusal
from conman.primitives import steps as s

SETTING = Setting(Layout("/d", "/r", "0123abcd", "boot"), "runc", RootfsMode.COPY)
ROW = Container(
    "c" * 32,
    "web",
    ContainerSpec("sleep", ("1", "\udcff"), labels=(("k", "v"),)),
    RootfsMode.COPY,
    State.RUNNING,
    2,
    Init(s.ProcessId("boot", 7, 8), 1, 2, "sleep\0001\0"),
    exit_code=None,
)
CREATE = CreateContainer("", "digest", "web", ContainerSpec("sleep"))


@pytest.mark.parametrize(
    "value",
    [
        ROW,
        SETTING,
        Stored((ROW,), names=(("web", ROW.id),)),
        v.PrepareBundle(ROW, 2, Permits()),
        v.SpawnShim("c", 1),
        s.SpawnShim("/x", "M=1", 5),
        Refusal(Code.NOT_FOUND, "R", "what"),
        s.Content(b"\0\xff"),
        s.Inventory((), (("c", 1),)),
        (1, -(2**70), True, None, "ü", b"", ()),
        Submit(1, CREATE, Now(1, 2), bytes(16)),
        Mount(MountType.BIND, "/shown", "/source"),
        ContainerSpec("sleep", restart=RestartPolicy(RestartName.ON_FAILURE, 3)),
    ],
    ids=lambda value: f"{type(value).__module__}.{type(value).__name__}",
)
def test_a_value_comes_back_as_it_was(value: object) -> None:
    text = render(value)
    assert parse(text) == value
    assert type(parse(text)) is type(value)
    assert "\n" not in text
    assert text.isascii()


def test_whatever_a_machine_is_given_and_gives_can_be_read_again() -> None:
    """What has a text and no way back is a record that ends there."""
    kinds, todo = set[type](), [*get_args(Input), *get_args(Output)]
    while todo:
        kind = todo.pop()
        todo += get_args(kind)
        if isinstance(kind, type) and kind not in kinds and is_dataclass(kind):
            kinds.add(kind)
            todo += get_type_hints(kind).values()
    assert kinds > {Boot, Container, ContainerSpec}
    assert [kind for kind in kinds if not can_be_read(kind)] == []


def can_be_read(kind: type) -> bool:
    """Whether its name means something: too few fields are another error."""
    name = f"{kind.__module__.rpartition('.')[2]}.{kind.__name__}"
    try:
        parse(f'{{"$type":"{name}"}}')
    except ValueError as error:
        return "KeyError" not in str(error)
    return True


def test_an_effect_and_a_step_of_one_name_are_told_apart() -> None:
    assert parse(render(v.SpawnShim("c", 1))) != parse(render(s.SpawnShim("c", "1", 1)))


@pytest.mark.parametrize("value", [1.5, {"a": 1}, {1}], ids=repr)
def test_what_is_no_value_of_the_cores_has_no_text(value: object) -> None:
    with pytest.raises(TypeError):
        render(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"$type":"os.PathLike"}',
        '{"$type":"steps.Done","nonsense":1}',
        '{"$enum":"State.GONE"}',
        '{"$bytes":"*"}',
    ],
)
def test_a_foreign_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse(text)


def inputs(request: Request = CREATE) -> list[Input]:
    """A create up to its second effect."""
    return [
        Boot(SETTING, Stored(), Now(1, 1)),
        Complete(1, s.Inventory(), Now(2, 2)),
        Submit(1, request, Now(3, 3), bytes(16)),
        Complete(2, s.Done(), Now(4, 4)),
        Complete(3, Committed(), Now(5, 5)),
        Observe(InitEnded("c", 1), Now(6, 6)),
        Submit(2, ListContainers(), Now(7, 7), bytes(16)),
        Forget(2),
    ]


def record(path: Path, given: list[Input]) -> list[str]:
    """Append one life; returns all lines."""
    machine, file = Machine(SETTING), Recorder(str(path))
    for each in given:
        file.note_input(each)
        file.note_outputs(feed(machine, each))
    file.close()
    return path.read_text().splitlines()


def test_two_lives_agree(tmp_path: Path) -> None:
    record(tmp_path / "r", inputs())
    lines = record(tmp_path / "r", inputs())
    assert len(lines) == 2 * 2 * 8
    assert any("create-container/PrepareBundle" in line for line in lines)
    assert replay(str(tmp_path / "r")) == []
    assert (tmp_path / "r").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("number", range(2, 15, 2))
def test_an_output_that_differs_is_found(tmp_path: Path, number: int) -> None:
    lines = record(tmp_path / "r", inputs())
    lines[number - 1] = 'out [{"$type":"outputs.Ready"},{"$type":"outputs.Ready"}]'
    (tmp_path / "r").write_text("\n".join(lines) + "\n")
    [found] = replay(str(tmp_path / "r"))
    assert found.startswith(f"line {number}: recorded ")


def test_a_life_may_end_in_the_middle_of_a_line(tmp_path: Path) -> None:
    path = tmp_path / "r"
    record(path, inputs())
    for cut in (1, 5, 40):
        path.write_bytes(path.read_bytes()[:-cut])
        record(path, inputs())
        assert replay(str(path)) == []


def test_an_input_without_outputs_is_where_a_machine_died(tmp_path: Path) -> None:
    lines = record(tmp_path / "r", inputs())
    (tmp_path / "r").write_text("\n".join(lines[:-1]) + "\n")
    assert replay(str(tmp_path / "r")) == []


@pytest.mark.parametrize("damage", ["in {", "nonsense", "out"], ids=repr)
def test_damage_in_the_middle_is_told(tmp_path: Path, damage: str) -> None:
    lines = record(tmp_path / "r", inputs())
    lines[6] = damage
    (tmp_path / "r").write_text("\n".join(lines) + "\n")
    assert replay(str(tmp_path / "r"))


def test_an_input_before_any_boot_is_told(tmp_path: Path) -> None:
    lines = record(tmp_path / "r", inputs())
    (tmp_path / "r").write_text("\n".join(lines[2:]) + "\n")
    assert "before any boot" in replay(str(tmp_path / "r"))[0]


def test_the_command_says_agreed_or_mismatch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = record(tmp_path / "r", inputs())
    monkeypatch.setattr("sys.argv", ["recorder", str(tmp_path / "r")])
    assert recorder.main() == 0
    assert capsys.readouterr().out.startswith("agreed")
    (tmp_path / "r").write_text("\n".join([*lines[:5], "out []", *lines[6:]]) + "\n")
    assert recorder.main() == 1
    assert capsys.readouterr().out.startswith("mismatch: line 6")
