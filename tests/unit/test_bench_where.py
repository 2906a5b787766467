"""What `make bench WHERE=1` makes of conmand's log: each effect, and what none of them accounts for."""

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def where(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(sys, "path", [str(Path(__file__).parents[2] / "benchmarks"), *sys.path])
    import where  # noqa: PLC0415  # pyright: ignore[reportMissingImports]

    monkeypatch.delitem(sys.modules, "where")
    return where


def line(event: str, duration_ms: str = "") -> str:
    timed = {"duration_ms": duration_ms} if duration_ms else {}
    return json.dumps({"level": "debug", "event": event, **timed})


LINES = (
    line("start-container began"),
    line("start-container/RecordIntent: Committed", "0.50"),
    line("start-container/RuntimeStart: RuntimeAnswer", "6.00"),
    line("start-container/RuntimeStart: Failed: a: b", "1.00"),
    line("start-container done", "9.00"),
    line("settle/EndShim: Done", "2.00"),
    line("settle done", "2.25"),
)


def test_effects_of_one_name_are_added_and_the_rests_are_told(where: ModuleType) -> None:
    assert where.parts(LINES, 12.0) == {
        "start-container/RecordIntent": 0.5,
        "start-container/RuntimeStart": 7.0,
        "start-container, between its effects": 1.5,
        "settle/EndShim": 2.0,
        "settle, between its effects": 0.25,
        "calls and client": 0.75,
    }


def test_an_account_has_medians_and_the_rest_last(where: ModuleType) -> None:
    samples = [{"a/A": n, "calls and client": 1.0} for n in (1.0, 2.0, 9.0)]
    samples[0] = {"calls and client": 1.0, "b/B": 4.0, "a/A": 1.0}
    account = where._account("it", samples)
    assert account.total == 6.0
    assert list(account.parts.items()) == [("b/B", 0.0), ("a/A", 2.0), ("calls and client", 1.0)]
    told = where.as_lines([account])
    assert told[2].split() == ["it", "6.0"]
    assert told[-1].split() == ["calls", "and", "client", "1.00"]
    assert where.as_lines([]) == []
