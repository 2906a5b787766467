"""The size of a terminal that a start makes: in what the runtime is told, or refused where there is none."""

import json

import pytest

from conman.core.admission import Now, Setting, admit
from conman.core.bundle.config import config_json
from conman.core.bundle.process import process_json
from conman.core.exec_admission import exec_objection
from conman.core.execs import Exec, ExecSpec
from conman.core.layout import Layout
from conman.core.ledger import Ledger
from conman.core.model import Container, ContainerSpec, Init, Intent, RootfsMode, State, Stored
from conman.core.permits import Permits
from conman.core.requests import OpenStream, StartContainer, StartExec, Streams
from conman.core.sagas.streams import admit_stream
from conman.core.spec import ConsoleSize, Resolved, Stdio
from conman.errors import Refusal
from conman.primitives.steps import ProcessId

ID, EXEC = "a" * 32, "e" * 32
SIZE = ConsoleSize(24, 132)
LAYOUT = Layout("/data", "/run/conman", "0" * 8, "boot")
SETTING = Setting(LAYOUT)


def container(*, tty: bool) -> Container:
    """Of which a run is prepared, and an exec made."""
    spec = ContainerSpec("sh", stdio=Stdio(tty=tty))
    init = Init(ProcessId("boot", 7, 70), 1, 2, "sh")
    one = Exec(EXEC, 1, ExecSpec("sh", tty=tty), Resolved())
    return Container(ID, "web", spec, RootfsMode.OVERLAY, State.CREATED, 1, init, execs=(one,))


def known(row: Container) -> Ledger:
    return Ledger(Stored((row,), (), (), (("web", ID),), ()))


@pytest.mark.parametrize(("size", "told"), [(SIZE, {"height": 24, "width": 132}), (None, None)])
def test_the_runtime_is_told(size: ConsoleSize | None, told: dict[str, int] | None) -> None:
    row = container(tty=True)
    config = json.loads(config_json(row, 1, LAYOUT, Permits(), size))["process"]
    process = json.loads(process_json(row, 1, row.execs[0], LAYOUT, Permits(), console_size=size))
    assert (config.get("consoleSize"), process.get("consoleSize")) == (told, told)


def test_it_is_fixed_in_the_intent() -> None:
    request = StartContainer("", "", "web", SIZE)
    admitted = admit(request, known(container(tty=True)), SETTING, Now(1, 1), ID)
    assert isinstance(admitted, Intent)
    assert admitted.console_size == SIZE


def test_who_has_no_terminal_is_given_none() -> None:
    row, streams = container(tty=False), Streams(stdout=True)
    of_it = OpenStream("web", "", streams, console_size=SIZE)
    of_an_exec = OpenStream("web", EXEC, streams, console_size=SIZE)
    for told in (
        admit(StartContainer("", "", "web", SIZE), known(row), SETTING, Now(1, 1), ID),
        exec_objection(StartExec("", "", "web", EXEC, SIZE), row),
        admit_stream(of_it, ID, known(row), SETTING),
        admit_stream(of_an_exec, ID, known(row), SETTING),
    ):
        assert isinstance(told, Refusal)
        assert (told.reason, told.field) == ("NoTerminal", "console_size")


def test_who_has_one_is_not_asked_why() -> None:
    row, streams = container(tty=True), Streams(stdout=True)
    assert exec_objection(StartExec("", "", "web", EXEC, SIZE), row) is None
    assert (
        admit_stream(OpenStream("web", "", streams, console_size=SIZE), ID, known(row), SETTING)
        is row
    )
    assert exec_objection(StartExec("", "", "web", EXEC), container(tty=False)) is None
