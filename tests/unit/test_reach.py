"""What is told of a container whose shim nobody can ask: the same of its log as of its streams."""

import pytest

from conman.core.admission import Setting
from conman.core.layout import Layout
from conman.core.ledger import Ledger
from conman.core.model import (
    SHIM_LOST,
    Container,
    ContainerSpec,
    Init,
    Intent,
    Note,
    Operation,
    Quarantined,
    RootfsMode,
    State,
    Stored,
)
from conman.core.requests import OpenStream, ReopenContainerLog, Streams
from conman.core.sagas.log import admit_reopening
from conman.core.sagas.streams import admit_stream
from conman.errors import Code, Refusal
from conman.primitives.steps import ProcessId

ID = "a" * 32
SETTING = Setting(Layout("/data", "/run/conman", "0" * 8, "boot"))
NOW, FOR_GOOD = (Code.UNAVAILABLE, "HostFailed"), (Code.FAILED_PRECONDITION, "HostFailed")
NOT_RUNNING = (Code.FAILED_PRECONDITION, "NotRunning")


def row(state: State, *, is_prepared: bool) -> Container:
    init = Init(ProcessId("boot", 7, 70), 1, 2, "sh") if is_prepared else None
    return Container(ID, "web", ContainerSpec("sh"), RootfsMode.OVERLAY, state, 1, init)


RUNNING = row(State.RUNNING, is_prepared=True)
EXITED = row(State.EXITED, is_prepared=False)


def known(*rows: Container, quarantined: tuple[Quarantined, ...] = ()) -> Ledger:
    names = (("web", ID),)
    return Ledger(Stored(rows, (), (), names, quarantined))


def answers(ledger: Ledger) -> list[Container | Refusal]:
    return [
        admit_reopening(ReopenContainerLog("web"), ID, ledger, SETTING, ()),
        admit_stream(OpenStream("web", "", Streams(stdout=True)), ID, ledger, SETTING),
    ]


def refusals(ledger: Ledger) -> list[Refusal]:
    return [told for told in answers(ledger) if isinstance(told, Refusal)]


def both(ledger: Ledger) -> set[tuple[Code, str]]:
    told = refusals(ledger)
    assert len(told) == len(answers(ledger))
    return {(one.code, one.reason) for one in told}


@pytest.mark.parametrize(
    "reason", ["LookFailed", "StoreFailed", "ExitNotRecorded", "RemovePending"]
)
@pytest.mark.parametrize("one", [RUNNING, EXITED], ids=["running", "exited"])
def test_what_cannot_be_looked_at_now_is_asked_again(one: Container, reason: str) -> None:
    ledger = known(one)
    ledger.marks[ID] = (reason, "the disk is slow")
    assert both(ledger) == {NOW}
    assert all("the disk is slow" in told.what for told in refusals(ledger))


def test_what_no_record_owns_is_not_asked_again() -> None:
    ledger = known()
    ledger.marks[ID] = ("Unowned", "processes of run 1 live")
    assert both(ledger) == {FOR_GOOD}
    assert {told.hint for told in refusals(ledger)} == {"remove it with --force"}


def test_a_record_that_cannot_be_read() -> None:
    ledger = known(quarantined=(Quarantined(ID, "torn"),))
    assert both(ledger) == {FOR_GOOD}
    assert all("torn" in told.what for told in refusals(ledger))


def test_a_shim_that_is_lost() -> None:
    ledger = known(RUNNING)
    ledger.note(ID, Note(1, SHIM_LOST, "its directory was removed"))
    assert both(ledger) == {FOR_GOOD}
    assert {told.hint for told in refusals(ledger)} == {"stop it, and start it again"}


@pytest.mark.parametrize("reason", ["", "ShimDied", "RestartFailed"])
def test_whose_shim_may_answer_is_asked(reason: str) -> None:
    ledger = known(RUNNING)
    if reason:
        ledger.note(ID, Note(1, reason, "the next is tried later"))
    assert answers(ledger) == [RUNNING, RUNNING]


def test_what_has_no_shim() -> None:
    assert both(known(EXITED)) == {NOT_RUNNING}
    assert both(known()) == {(Code.NOT_FOUND, "ContainerNotFound")}


def test_a_log_may_be_written_to_already_while_a_run_is_prepared() -> None:
    ledger = known(EXITED)
    ledger.intents[ID] = Intent(ID, Operation.START, 2, "boot", 0, prepares=True)
    of_log, of_streams = refusals(ledger)
    assert (of_log.code, of_log.reason) == NOW
    assert (of_streams.code, of_streams.reason) == NOT_RUNNING


def test_the_rest_of_a_run_that_has_just_ended_may_still_come() -> None:
    told = admit_reopening(ReopenContainerLog("web"), ID, known(RUNNING), SETTING, {(ID, 1)})
    assert isinstance(told, Refusal)
    assert (told.code, told.reason) == NOW
