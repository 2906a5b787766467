"""What nobody owns goes, unless something of it lives; what was not seen is not judged.

The simulator has no stranger on its host and no record that cannot be read: here each saga is played by hand.
"""

from collections.abc import Callable

import pytest

from conman.core.admission import Now, Setting
from conman.core.effects import vocabulary as v
from conman.core.effects.effect import Committed, Effect, NotCommitted, Outcome
from conman.core.layout import Layout
from conman.core.model import (
    AppendEvent,
    Container,
    ContainerSpec,
    DropContainer,
    DropIntent,
    Init,
    Intent,
    Operation,
    PutIntent,
    ReleaseName,
    RootfsMode,
    State,
)
from conman.core.requests import Okay
from conman.core.sagas import garbage
from conman.errors import Refusal
from conman.frozen import replace
from conman.primitives.steps import Done, Failed, Inventory, ProcessId, Remaining
from tests.unit.played import played

ID, OTHER = "a" * 32, "b" * 32
SETTING = Setting(Layout("/data", "/run", "0" * 8, "boot"), "runc")
NOW = Now(1, 2)
FOUND = Inventory(runs=((ID, 2), (OTHER, 1), (ID, 4)))
INIT = Init(ProcessId("boot", 7, 70), 1, 2, "sleep")
SPEC = ContainerSpec("sleep", runtime="crun")
RUNNING = Container(ID, "web", SPEC, RootfsMode.OVERLAY, State.RUNNING, 3, INIT)
INTENT = Intent(ID, Operation.REMOVE, 4, "boot", 9, request_id="r", force=True)

Answers = Callable[[Effect], Outcome]


def answers(living: Outcome, found: Outcome = FOUND) -> Answers:
    """Every other effect is done."""

    def answer(effect: Effect) -> Outcome:
        match effect:
            case v.LookAtHost():
                return found
            case v.LookForMembers():
                return living
            case v.Commit():
                return Committed()
            case _:
                return Done()

    return answer


def of_runs(wanted: list[Effect], kind: type) -> list[tuple[str, int]]:
    return [(one.container_id, one.run) for one in wanted if isinstance(one, kind)]  # type: ignore[attr-defined]


def collected(answer: Answers) -> list[Effect]:
    return played(garbage.collect(ID, SETTING, NOW), answer)[0]


NOBODY = answers(Remaining(()))
SOMEBODY = answers(Remaining((7, 8)))


def test_what_nobody_owns_goes_run_by_run() -> None:
    wanted = collected(NOBODY)
    for kind in (v.FenceShim, v.EndMembers, v.RuntimeDelete, v.RemoveCgroup, v.EndShim):
        assert of_runs(wanted, kind) == [(ID, 2), (ID, 4)], kind
    assert wanted[-2:] == [v.EmptyTrash(ID), v.RemoveFiles(ID)]


def test_it_is_told_before_anything_goes() -> None:
    wanted = collected(NOBODY)
    [told] = [one for one in wanted if isinstance(one, v.CommitCollected)]
    [event] = told.changes
    assert isinstance(event, AppendEvent)
    assert (event.event.kind, event.event.run, event.event.at) == ("collected", 4, NOW.wall)
    first = next(one for one in wanted if isinstance(one, v.FenceShim))
    assert wanted.index(told) < wanted.index(first)


def test_files_alone_are_of_run_0() -> None:
    wanted = collected(answers(Remaining(()), Inventory(directories=(ID,))))
    told = next(one for one in wanted if isinstance(one, v.CommitCollected))
    [event] = told.changes
    assert isinstance(event, AppendEvent)
    assert event.event.run == 0


def test_what_lives_stays_and_is_listed() -> None:
    *looks, mark = collected(SOMEBODY)
    assert {type(one) for one in looks} == {v.LookAtHost, v.LookForMembers}
    assert isinstance(mark, v.Mark)
    assert "processes 7, 8 of run 2 live" in mark.message


@pytest.mark.parametrize(
    ("living", "found"),
    [
        (Failed("EIO", "no"), FOUND),
        (Remaining(()), Failed("EIO", "no")),
        (Remaining(()), Inventory(directories=(OTHER,))),
    ],
)
def test_what_was_not_seen_to_be_garbage_stays(living: Outcome, found: Outcome) -> None:
    wanted = collected(answers(living, found))
    assert not {type(one) for one in wanted} - {v.LookAtHost, v.LookForMembers, v.Mark}


def test_a_look_that_failed_is_told_as_that() -> None:
    mark = collected(answers(Failed("EIO", "no")))[-1]
    assert isinstance(mark, v.Mark)
    assert mark.message.startswith("nobody can tell whether anything of run 2 lives")


def test_what_cannot_be_told_stays() -> None:
    def full(effect: Effect) -> Outcome:
        return NotCommitted("full") if isinstance(effect, v.Commit) else NOBODY(effect)

    assert isinstance(collected(full)[-1], v.CommitCollected)


def test_stale_runs_go_where_nothing_lives() -> None:
    def first_lives(effect: Effect) -> Outcome:
        is_first = isinstance(effect, v.LookForMembers) and effect.run == 1
        return Remaining((7,)) if is_first else NOBODY(effect)

    for answer, gone in ((NOBODY, [(ID, 1), (ID, 2)]), (SOMEBODY, []), (first_lives, [(ID, 2)])):
        wanted, _ = played(garbage.collect_runs(RUNNING, (1, 2), SETTING), answer)
        for kind in (v.FenceShim, v.RemoveRuntimeState, v.EndShim):
            assert of_runs(wanted, kind) == gone
        assert of_runs(wanted, v.LookForMembers) == [(ID, 1), (ID, 2)]


@pytest.mark.parametrize("init", [INIT, None], ids=["it runs", "it rests"])
def test_a_stale_run_goes_by_its_own_runtime_and_leaves_the_live_one_its_root(
    init: Init | None,
) -> None:
    """The runs of a container have one root in turn, and a program is in it where one lives."""
    row = replace(RUNNING, init=init)
    wanted, _ = played(garbage.collect_runs(row, (1,), SETTING), NOBODY)
    assert v.RuntimeDelete(ID, 1, "crun") in wanted
    assert v.UnmountRootfs(ID, 1, keeps_root=init is not None) in wanted


def test_a_look_that_failed_leaves_a_stale_run() -> None:
    wanted, _ = played(garbage.collect_runs(RUNNING, (1,), SETTING), answers(Failed("EIO", "no")))
    assert wanted == [v.LookForMembers(ID, 1)]


# ---- a record that cannot be read


def test_a_record_that_cannot_be_read_goes_with_all_that_bears_its_id() -> None:
    wanted, reply = played(garbage.remove_unreadable(ID, INTENT, SETTING), SOMEBODY)
    assert isinstance(reply, Okay)
    assert wanted[0] == v.RecordIntent((DropIntent(ID), PutIntent(INTENT)))
    for kind in (v.FenceShim, v.EndMembers, v.EndShim):
        assert of_runs(wanted, kind) == [(ID, 2), (ID, 4)], kind
    assert wanted[-2] == v.RemoveFiles(ID)
    over = wanted[-1]
    assert isinstance(over, v.CommitRemoved)
    assert over.changes[:2] == (DropContainer(ID), ReleaseName(ID))
    assert over.changes[2] == DropIntent(ID)
    event = over.changes[-1]
    assert isinstance(event, AppendEvent)
    assert (event.event.kind, event.event.at, event.event.run) == ("removed", 9, 4)


def test_an_intent_that_cannot_be_kept_touches_nothing() -> None:
    def full(effect: Effect) -> Outcome:
        return NotCommitted("full") if isinstance(effect, v.Commit) else Done()

    wanted, reply = played(garbage.remove_unreadable(ID, INTENT, SETTING), full)
    assert isinstance(reply, Refusal)
    assert [type(one) for one in wanted] == [v.RecordIntent]
