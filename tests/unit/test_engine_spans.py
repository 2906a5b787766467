"""What is told of sagas and effects: to the log with ids and durations, and to whoever measures."""

import logging
from typing import Any

import pytest

from conman.core.admission import Now, Setting
from conman.core.effects import vocabulary as v
from conman.core.effects.effect import Committed, NotCommitted, Outcome
from conman.core.layout import Layout
from conman.core.machine import Machine
from conman.core.model import ContainerSpec, Stored
from conman.core.outputs import Marked, Perform, SagaBegan, SagaEnded
from conman.core.requests import CreateContainer
from conman.engine.spans import Spans
from conman.errors import Code, Refusal
from conman.primitives import steps as s

ID, REQUEST = "a" * 32, "b" * 32


class Measures:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def saga(self, name: str, outcome: str, seconds: float) -> None:
        assert seconds >= 0
        self.told.append(("saga", name, outcome))

    def effect(self, name: str, outcome: str, seconds: float) -> None:
        assert seconds >= 0
        self.told.append(("effect", name, outcome))

    def recovered(self, objects: int, seconds: float) -> None:
        assert seconds >= 0
        self.told.append(("recovered", objects))

    def commit(self, outcome: str) -> None:
        self.told.append(("commit", outcome))

    def leak(self) -> None:
        self.told.append(("leak",))


def machine() -> Machine:
    return Machine(Setting(Layout("/d", "/r", "0" * 8, "boot")))


def messages(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    return [(record.levelname, record.getMessage()) for record in caplog.records]


def fields(record: logging.LogRecord) -> dict[str, str]:
    return dict(record.__dict__["fields"])


def test_a_real_machine_tells_its_sagas(caplog: pytest.LogCaptureFixture) -> None:
    """A create that the store refuses, from its request to its end."""
    caplog.set_level(logging.DEBUG, "conman")
    one, measures = machine(), Measures()
    spans = Spans(one, measures)
    now = Now(1, 1)
    outputs = list(one.boot(Stored(), now))
    request = CreateContainer(REQUEST, "digest", "web", ContainerSpec("/bin/true"))
    outputs += one.submit(1, request, now, bytes.fromhex(ID))
    outcomes = {v.LookAtHost: s.Absent(), v.CheckRootfs: s.Done()}
    while outputs:
        output = outputs.pop(0)
        if isinstance(output, Perform):
            spans.effect_began(output)
            outcome = outcomes.get(type(output.effect), NotCommitted("full"))
            spans.effect_ended(output.ticket, outcome)
            outputs += one.complete(output.ticket, outcome, now)
        elif isinstance(output, SagaBegan | SagaEnded | Marked):
            spans.told(output)
    assert ("saga", "create-container", "StoreFailed") in measures.told
    assert ("effect", "RecordIntent", "failed") in measures.told
    assert ("commit", "NotCommitted") in measures.told
    assert (spans.sagas, spans.effects) == (0, 0)
    ended = caplog.records[-1]
    assert ended.getMessage().startswith("create-container refused: cannot write the store")
    said = fields(ended)
    assert (said["container_id"], said["request_id"]) == (ID, REQUEST)
    assert said["reason"] == "StoreFailed"
    assert float(said["duration_ms"]) >= 0


@pytest.mark.parametrize(
    ("outcome", "level", "word"),
    [
        (s.Done(), "DEBUG", "done"),
        (Committed(), "DEBUG", "done"),
        (s.Failed("EIO", "broken"), "WARNING", "failed"),
        (s.TimedOut(), "WARNING", "timed-out"),
        (s.Remaining((7, 8)), "WARNING", "failed"),
        (s.Remaining(()), "DEBUG", "done"),
        (s.RuntimeAnswer(1, "", "no such thing\n"), "WARNING", "failed"),
        (s.RuntimeAnswer(0, "", ""), "DEBUG", "done"),
        (NotCommitted("full"), "WARNING", "failed"),
        (s.Inventory((), (), (), ("/d/containers/odd",)), "WARNING", "done"),
    ],
    ids=repr,
)
def test_how_an_effect_ended(
    caplog: pytest.LogCaptureFixture, outcome: Outcome, level: str, word: str
) -> None:
    caplog.set_level(logging.DEBUG, "conman")
    measures = Measures()
    spans = Spans(machine(), measures)
    spans.effect_began(Perform(5, v.FenceShim(ID, 1), "recover/FenceShim", ID))
    assert spans.effects == 1
    spans.effect_ended(5, outcome)
    assert spans.effects == 0
    assert measures.told == [("effect", "FenceShim", word)]
    [(said, words)] = messages(caplog)
    assert said == level
    assert words.startswith("recover/FenceShim: ")
    assert fields(caplog.records[0])["container_id"] == ID


def test_garbage_and_marks_are_warnings(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "conman")
    measures = Measures()
    spans = Spans(machine(), measures)
    spans.told(SagaBegan("garbage", "", ""))
    spans.told(SagaEnded("garbage", "", None))
    assert messages(caplog) == []
    spans.told(SagaBegan("garbage", ID, ""))
    spans.told(Marked(ID, "Unowned", "processes 7 of run 1 live"))
    spans.told(SagaEnded("garbage", ID, None))
    spans.told(Marked(ID, "", ""))
    assert messages(caplog) == [
        ("WARNING", "garbage: found what no record owns"),
        ("WARNING", "UNKNOWN: processes 7 of run 1 live"),
        ("INFO", "garbage done"),
        ("INFO", "no longer UNKNOWN"),
    ]
    assert ("leak",) in measures.told


def test_a_recovery_is_counted_and_timed(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "conman")
    measures = Measures()
    spans = Spans(machine(), measures)
    spans.told(SagaBegan("recover", ID, REQUEST))
    spans.told(SagaEnded("recover", ID, Refusal(Code.ABORTED, "SignalMayBeSent", "it may")))
    spans.ready()
    assert ("recovered", 1) in measures.told
    assert messages(caplog)[0] == ("INFO", "recover refused: it may")
    assert messages(caplog)[-1][1] == "recovered 1 containers"


def test_what_it_does_not_know_is_no_error() -> None:
    spans = Spans(machine())
    spans.effect_ended(99, s.Done())
    spans.told(SagaEnded("stop-container", ID, None))
    assert (spans.sagas, spans.effects) == (0, 0)


def test_who_comes_between_is_told_apart(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "conman")
    measures = Measures()
    spans = Spans(machine(), measures)
    spans.told(SagaBegan("stop-container", ID, REQUEST))
    spans.told(SagaBegan("settle-execs", ID, ""))
    assert spans.sagas == 2
    spans.told(SagaEnded("settle-execs", ID, None))
    spans.told(SagaEnded("stop-container", ID, None))
    assert spans.sagas == 0
    assert measures.told == [("saga", "settle-execs", "done"), ("saga", "stop-container", "done")]
    assert [fields(one).get("request_id") for one in caplog.records] == [None, REQUEST]
