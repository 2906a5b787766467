"""A commit by hand: a store that does not say what it did, or takes nothing, and what is told meanwhile."""

import pytest

from conman.core.effects import vocabulary as v
from conman.core.effects.effect import (
    Committed,
    DeadlinePassed,
    Effect,
    NotCommitted,
    Outcome,
    Unknown,
)
from conman.core.model import DropIntent
from conman.core.sagas.commits import commit, persist
from conman.errors import Code
from tests.unit.played import played

ID = "a" * 32
COMMIT = v.CommitUndone((DropIntent(ID),))


def answering(*said: Outcome) -> list[Effect | object]:
    """What is wanted of a persist whose store says this, one after the other."""
    words = iter(said)

    def answer(effect: Effect) -> Outcome:
        if isinstance(effect, v.Commit | v.ReopenStore):
            return next(words)
        return DeadlinePassed()

    wanted, _ = played(persist(COMMIT, ID), answer)
    return [*wanted]


def names(wanted: list[Effect | object]) -> list[str]:
    return [type(one).__name__ for one in wanted]


def test_a_commit_that_is_taken_is_all() -> None:
    assert answering(Committed()) == [COMMIT]


@pytest.mark.parametrize("verdict", [Committed(), Unknown("token", "disk I/O error")])
def test_what_a_commit_came_to_is_found_out_first(verdict: Outcome) -> None:
    """While it is not known, the object bears a mark: its state may be an old one."""
    wanted = answering(Unknown("token"), verdict, Committed())
    if isinstance(verdict, Committed):
        assert wanted == [COMMIT, v.ReopenStore("token")]
        return
    assert wanted[:2] == [COMMIT, v.ReopenStore("token")]
    assert names(wanted[2:]) == ["Mark", "WaitFor", "ReopenStore", "Mark"]
    marked, healed = wanted[2], wanted[5]
    assert marked == v.Mark(ID, "StoreFailed", "the store does not open: disk I/O error")
    assert healed == v.Mark(ID, "", "")


def test_what_has_happened_is_committed_until_it_is_taken() -> None:
    wanted = answering(NotCommitted("full"), NotCommitted("full"), Committed())
    once = ["Tell", "Mark", "WaitFor", "CommitUndone"]
    assert names(wanted) == ["CommitUndone", *once, *once, "Mark"]
    assert wanted[-1] == v.Mark(ID, "", "")


def test_a_refusal_says_what_to_do() -> None:
    _, refusal = played(commit(COMMIT, ID), lambda _: NotCommitted("full"))
    assert (refusal.code, refusal.reason) == (Code.UNAVAILABLE, "StoreFailed")
    assert "cannot write the store: full" in refusal.what
