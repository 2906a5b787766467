"""Orders of several clients: what is explored of them, and that it finds what only two clients can show.

What is planted is in the museum (`scenarios/museum/together.py`). Here the exploration is held to its word:
nothing is lost where runs are taken for one, a batch of commits is durable together, a pool has no more
workers than it has, and a violation's path leads to it again.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from conman.core.requests import ContainerCreated, Reply
from conman.errors import Code, Refusal
from scenarios import __main__ as command
from scenarios import interleaving, preemptions, swarm
from scenarios.choices import Recorded
from scenarios.clients import Ask
from scenarios.crowd import Crowd, Member
from scenarios.explore import Report
from scenarios.interleaving import Interleaved, Plan, Preemption, Turn
from scenarios.museum import together
from scenarios.museum.exhibit import Exhibit, planted
from scenarios.preemptions import Preemptions, start_of
from scenarios.replay_ids import BadId, read, write
from scenarios.replaying_several import replay_several
from scenarios.shrinking import shrunk
from scenarios.stories.all_stories import EVERY, TOGETHER
from scenarios.story import SeveralClients
from scenarios.violation import Violation


def story(name: str) -> SeveralClients:
    return next(one for one in TOGETHER if one.name == name)


def explored(name: str) -> Report:
    return Preemptions(story(name)).explore()


# ---- the whole of it


@pytest.mark.parametrize("name", ["start-stop"])
def test_a_story_comes_to_its_end_and_is_clean(name: str) -> None:
    report = explored(name)
    assert (report.fixpoint, report.violations) == (True, [])
    assert report.turns > 50
    assert report.states > 50
    again = explored(name)
    again.seconds, again.cpu = report.seconds, report.cpu
    assert again == report


def test_no_two_stories_have_one_name() -> None:
    assert len({one.name for one in EVERY}) == len(EVERY)


# ---- nothing is lost

#: Each client's answers, and what is listed when all is over.
Outcome = tuple[tuple[str, str, str, object], ...]


def outcome(life: swarm.Swarm) -> Outcome:
    return tuple(
        (c.who, c.ask.verb, c.answer, c.seen) for c in life.crowd.history if c.who or c.seen
    )


def every_run(one: SeveralClients) -> Iterator[Outcome]:
    """Each with at most so many preemptions, none taken for another."""
    plans: list[Plan] = [()]
    while plans:
        plan, start = plans.pop(), start_of(one)

        def on_turns(turn: Turn, plan: Plan = plan) -> None:
            if len(plan) < one.preemptions:
                plans.extend((*plan, Preemption(turn.move, by)) for by in turn.others)

        life = Interleaved(
            start.world, start.crowd, one, plan, on_turns=on_turns, on_line=lambda *_: None
        )
        swarm.judged(life)
        yield outcome(life)


def test_nothing_is_lost_where_runs_are_taken_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: set[Outcome] = set()
    whole = preemptions.judged

    def judged(life: Interleaved) -> None:
        whole(life)
        seen.add(outcome(life))

    monkeypatch.setattr(preemptions, "judged", judged)
    one = story("rename-remove")
    Preemptions(one).explore()
    assert set(every_run(one)) <= seen


# ---- what the order is made of


def run(one: SeveralClients, *plan: Preemption) -> tuple[Interleaved, list[str]]:
    """One run, to its verdict, and the instants of it that were announced."""
    start, points = start_of(one), list[str]()
    life = Interleaved(start.world, start.crowd, one, plan, on_line=lambda *_: None)
    life.on_point = lambda point, _changed: points.append(point)
    swarm.judged(life)
    return life, points


def test_whoever_runs_goes_on() -> None:
    """Without a preemption the second client asks once nothing is left of what the first one asked."""
    life, _ = run(story("two-created"))
    first, second, *_ = life.crowd.history
    assert (first.who, second.who) == ("client-1", "client-2")
    assert first.answered < second.asked


RECORD = "create-container/RecordIntent"


def test_commits_that_wait_together_are_durable_together() -> None:
    """They can be seen together, too. No instant lies between them; each is told by itself."""
    waits = Preemption(f"{RECORD}/before", "client-2")
    _, points = run(story("two-created"), waits)
    first = points.index(f"{RECORD}/before")
    moments = ("before", "before", "before:visible", "after", "after")
    assert points[first : first + 5] == [f"{RECORD}/{moment}" for moment in moments]


def test_what_has_happened_is_told_later() -> None:
    """Between the two another may come: here who asks for a name that only the store knows to be taken."""
    plain, refused = run(story("create-create"))
    life, points = run(story("create-create"), Preemption(f"{RECORD}/after", "client-2"))
    for one in (plain, life):
        creates = [call.answer for call in one.crowd.history if call.ask.verb == "create"]
        assert creates == ["ok", "NameTaken"]
    assert (refused.count(f"{RECORD}/before"), points.count(f"{RECORD}/before")) == (1, 2)


def most_at_once(workers: int) -> int:
    """Of effects that were begun and have not ended, in a story of two creates."""
    most = 0
    one = replace(story("two-created"), workers=workers)
    between = Preemption("create-container/RuntimeCreate/during:0", "client-2")

    class Counted(Interleaved):
        def _move(self, strand: interleaving.Strand) -> None:
            nonlocal most
            super()._move(strand)
            performed = [job for job in self.jobs if job.pending is not None]
            most = max(most, len(performed))

    start = start_of(one)
    swarm.judged(Counted(start.world, start.crowd, one, (between,), on_line=lambda *_: None))
    return most


def test_a_pool_has_no_more_workers_than_it_has() -> None:
    assert (most_at_once(1), most_at_once(2)) == (1, 2)


def test_a_plan_of_another_version_diverges() -> None:
    with pytest.raises(interleaving.Diverged, match="client-3 cannot move at"):
        run(story("two-created"), Preemption(f"{RECORD}/before", "client-3"))


# ---- one request on two connections


def twice(answers: tuple[Reply, Reply]) -> Crowd:
    """Both ask for one create before either is told."""
    asks = (Ask("create", "web"),)
    members = (Member("client-1", asks, "client-1"), Member("client-2", asks, "client-1"))
    crowd = Crowd(Recorded(()), members)
    for call, member in enumerate(members):
        crowd.asks(member, call, bytes(15) + bytes((call,)))
    for call, answer in enumerate(answers):
        crowd.is_told(call, answer)
    return crowd


def test_one_request_is_one_call() -> None:
    created = ContainerCreated("0" * 32)
    assert [call.answer for call in twice((created, created)).history] == ["ok"]


@pytest.mark.parametrize(
    "other", [ContainerCreated("0" * 31 + "1"), Refusal(Code.ALREADY_EXISTS, "NameTaken", "taken")]
)
def test_one_request_has_one_answer(other: Reply) -> None:
    with pytest.raises(Violation, match="once more, on another connection"):
        twice((ContainerCreated("0" * 32), other))


# ---- time


def others(one: SeveralClients) -> set[str]:
    """Who could have gone first, anywhere in the run without a preemption."""
    start, found = start_of(one), set[str]()
    life = Interleaved(
        start.world,
        start.crowd,
        one,
        (),
        on_turns=lambda turn: found.update(turn.others),
        on_line=lambda *_: None,
    )
    swarm.judged(life)
    return found


def test_what_conman_waits_for_by_itself_may_come_first() -> None:
    """A restart that is planned; but no deadline of an effect or of a stop."""
    assert "due#1" in others(story("restart-stop"))
    assert "due#1" not in others(story("stop-stop"))


def test_a_restart_comes_between_an_answer_and_the_next_question() -> None:
    life, points = run(story("restart-update-start"), Preemption("client-1", "due#1"))
    answers = [call.answer for call in life.crowd.history if call.who]
    assert answers == ["ok", "RUNNING", "ok"]
    assert points.count("start-container/CommitRunning/after") == 1


def test_a_status_is_not_judged_by_what_only_the_store_knows() -> None:
    """Its restart is committed, and the daemon was not told: EXITED is the truth that it has."""
    told = Preemption("start-container/CommitRunning/after", "client-2")
    due = Preemption("client-1", "due#1")
    life, _ = run(story("restart-stop"), due, told)
    assert "EXITED" in [call.answer for call in life.crowd.history if call.who == "client-2"]


# ---- its violations


def exhibit(name: str) -> Exhibit:
    return next(one for one in together.EXHIBITS if one.name == name)


def test_a_violation_is_found_again_by_its_name() -> None:
    bug = exhibit("answer-to-another")
    with planted(bug.patches):
        ((invariant, path, what),) = explored(bug.story).violations[:1]
        named = read(write(path, invariant))
        shortest = shrunk(story(bug.story), path, invariant)
        again = replay_several(story(bug.story), named.path)
    assert named.path == path
    assert len(shortest) == 2
    assert again.violation is not None
    assert (again.invariant, again.violation.what) == (invariant, what)
    assert replay_several(story(bug.story), path).violation is None


def test_a_death_is_found_again_by_its_name() -> None:
    """The daemon dies with two operations under way, and the next one ends both."""
    path = (
        "two-created",
        f"preempted@{RECORD}/before,by=client-2",
        "crash@create-container/PrepareBundle/after",
    )
    recording = replay_several(story("two-created"), path)
    assert (recording.violation, recording.diverged) == (None, "")
    assert [event.what for event in recording.events if event.mark] == [
        "1 preemptions",
        path[1],
        path[2],
        "0 preemptions",
        "rest",
    ]
    assert recording.at_rest is not None
    assert len(recording.at_rest.storage.containers) == 2


@pytest.mark.parametrize(
    ("choices", "why"),
    [
        ("preempted@nothing/CommitCreated/after,by=client-9", "nothing/CommitCreated/after"),
        ("preempted@client-1", "write preempted@MOVE,by=STRAND"),
        ("preempted@client-1,by=nobody", "there is no 'nobody' that could go first"),
        ("power-cut@keep={}", "there is no choice of several clients 'power-cut'"),
    ],
)
def test_what_cannot_be_meant(choices: str, why: str) -> None:
    with pytest.raises(BadId, match=re.escape(why)):
        read(f"two-created;{choices}")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["explore", "two-created", "--preemptions", "-1"], "give 0 or more"),
        (["faults", "two-created"], "is a story of several clients"),
    ],
)
def test_senseless_words(words: list[str], why: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(words) == 2
    assert why in capsys.readouterr().err


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["explore", "rename-create", "--preemptions", "1", "--jobs", "1"]) == 0
    assert " turns\n" in capsys.readouterr().out
