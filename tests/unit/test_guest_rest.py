"""How long a guest is waited for: until it is at rest, or until waiting mends nothing any more."""

from itertools import chain, repeat

import pytest

from scenarios.stages import guest_rest
from scenarios.violation import Violation


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guest_rest, "_LOOK_S", 0)


def looks(*seen: str | Violation) -> list[str]:
    """What is told, and what nobody looked at any more."""
    left = chain(seen, repeat("looked again"))

    def look() -> str:
        found = next(left)
        if isinstance(found, Violation):
            raise found
        return found

    return [guest_rest.rested(look), next(left)]


def test_what_a_host_does_before_it_rests_is_waited_for() -> None:
    seen = (Violation("I5", "open intents"), Violation("I7", "a shim"), "mount a", "")
    assert looks(*seen, "not seen") == ["", "not seen"]


@pytest.mark.parametrize("invariant", ["I9", "I11", "I13"])
def test_what_is_durable_stays_as_it_is(invariant: str) -> None:
    told, after = looks(Violation("I8", "is dead"), Violation(invariant, "is torn"), "not seen")
    assert "is torn" in told
    assert after == "not seen"


def test_what_nothing_mends_is_told_at_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guest_rest, "_REST_S", -1)
    told, after = looks(Violation("I7", "a shim"), "not seen")
    assert "a shim" in told
    assert after == "not seen"
