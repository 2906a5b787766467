"""Ways: they lead where they say, and what is missing is found by going on from what is near."""

import pytest

from scenarios import aimed
from scenarios.coverage import seen, ways
from scenarios.coverage.denominator import INVARIANT, items
from scenarios.coverage.sites import Site, passed_of
from scenarios.seeking import Seeker, covered_by
from scenarios.stories.all_stories import STORIES
from scenarios.tally import taken


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `--coverage` does, for one test."""
    monkeypatch.setattr(seen, "_asked", [True])


WAY = (
    "create;step-fails EIO@create-container/PrepareBundle in run.prepare#3"
    ";crash@create-container/RemoveFiles/before in container.undo_create"
    ";crash@recover/RemoveFiles/during:2 in container.undo_create"
)


def test_a_way_is_gone_to_where_it_leads() -> None:
    assert str(aimed.way(WAY)) == WAY
    result = aimed.go(aimed.way(WAY))
    assert result.violation is None
    assert result.lives == 3
    assert {site.named(position) for site, position in result.died_at} == {
        "create-container/RemoveFiles/before in container.undo_create",
        "recover/RemoveFiles/during:2 in container.undo_create",
    }


def test_a_way_may_have_a_fault_in_the_recovery_from_a_death() -> None:
    way = aimed.way(
        "start;unknown-kept@recover/CommitRunning in container._commit_running"
        ";unknown-and-stays-shut@recover/ReopenStore in commits._reopened"
        ";crash@start-container/CommitRunning/before in container._commit_running"
    )
    result = aimed.go(way)
    passed = {site.named(what) for site, what in result.passed}
    assert "recover/CommitRunning/Unknown in container._commit_running" in passed
    assert "recover/ReopenStore/Unknown in commits._reopened" in passed


def test_a_shim_that_is_killed_on_a_way_is_a_point() -> None:
    way = aimed.way("start;shim-dies@shim/requested:exit in holding")
    assert aimed.go(aimed.way("create;shim-dies@shim/call-ended in creating")).died_at == {
        (Site("shim", "call-ended", "creating"), "before")
    }
    assert aimed.go(way).died_at == set()


def test_a_kill_that_the_host_refuses_does_not_say_that_nothing_runs() -> None:
    way = "kill;step-fails EMFILE@kill-container/SignalInit in kill.kill_container"
    assert aimed.go(aimed.way(way)).violation is None


def test_a_shim_that_cannot_be_asked_is_not_ended_with_what_it_knows() -> None:
    way = (
        "pause;init-dies@recover/HelloShim in successor.greet"
        ";step-fails EMFILE@recover/AwaitExitRecord in ending._word_of_shim"
    )
    assert aimed.go(aimed.way(way)).violation is None


@pytest.mark.parametrize(
    ("way", "covered"),
    [
        (
            "update;runtime-deleted@update-container/RecordIntent in update._set",
            "update-container/SetLimits/Absent in update._set",
        ),
        (
            "shim-dies;kernel-does-not-tell@stop-container/RecordIntent in container.stop_container",
            "stop-container/ReadExitStatus/Absent in ending._own_record",
        ),
        (
            "exits-at-once;oom-unread@shim/ReadOom in read_oom",
            "shim/ReadOom/Failed in read_oom",
        ),
    ],
)
def test_what_only_ways_have_befalls_a_host(way: str, covered: str) -> None:
    taken()
    result = aimed.go(aimed.way(way))
    assert result.violation is None
    assert covered in covered_by(result) | {*taken()}


@pytest.mark.parametrize("text", ["create;falls@a/B in c.d", "create;step-fails EIO", "create;"])
def test_a_line_that_is_no_way_is_refused(text: str) -> None:
    with pytest.raises(aimed.Unreadable, match="is no strike: KIND"):
        aimed.way(text)


def test_ways_lead_through_places_that_there_are() -> None:
    known = {passed_of(name)[0] for name, item in items().items() if item.kind != INVARIANT}
    named = {one.story for one in ways.load()}
    places = {place for one in ways.load() for place in one.places()}
    assert named <= {one.name for one in STORIES}
    assert places - known == set()


def test_what_is_missing_is_sought() -> None:
    wanted = {
        "recover/FenceShim/Failed in run.fence_prepare",
        "create-container/FenceShim/before in run.fence_prepare",
    }
    seeker = Seeker(set(wanted))
    seeker.seek("create")
    assert seeker.left == set()
    found: set[str] = set()
    for one in seeker.ways:
        found |= covered_by(aimed.go(one))
    assert wanted <= found


def test_what_shims_were_about_to_do_is_near() -> None:
    seeker = Seeker({"shim/requested:hello/before in holding"})
    seeker.seek("kill")
    assert seeker.left == set()
    assert aimed.go(seeker.ways[0]).died_at == {
        (Site("shim", "requested:hello", "holding"), "before")
    }
