"""What of a soak needs no host: its draws, a client that believes nothing, bad input. Its runs are in tests/chaos."""

import os
import signal
import threading
from collections.abc import Sequence
from random import Random
from typing import cast

import pytest

from scenarios.__main__ import main
from scenarios.clients import Ask, Told
from scenarios.soak import lives, together
from scenarios.soak.asks import draw
from scenarios.soak.lives import Ends, Means, Round
from scenarios.soak.member import Member
from scenarios.soak.serving import Over, Serving
from scenarios.soak.soak import Soak
from scenarios.specification import ALLOWED, STATES
from scenarios.stages.over_grpc import Names
from scenarios.violation import Violation

ALL = Means(syscall_points=True, power_cuts=True)


def member(*history: Told, is_shaken: bool = False) -> Member:
    names = Names(lambda path: path, lambda name: name)
    return Member(
        "a",
        0,
        Serving(),
        "",
        names,
        lambda _: None,
        is_shaken=is_shaken,
        history=list(history),
        programs={"a-0": "/bin/sleep"},
    )


CREATED = Told(Ask("create", "a-0"), "ok")
STARTED = Told(Ask("start", "a-0"), "ok")


def test_what_is_listed_at_rest_must_be_explained() -> None:
    with pytest.raises(Violation, match="was answered CREATED"):
        member(CREATED, STARTED).rests({"a-0": "CREATED"})


def test_a_running_program_does_not_end_where_only_daemons_die() -> None:
    with pytest.raises(Violation, match="was answered EXITED"):
        member(CREATED, STARTED).rests({"a-0": "EXITED"})


def test_a_running_program_may_have_ended_where_others_die() -> None:
    one = member(CREATED, STARTED, is_shaken=True)
    one.rests({"a-0": "EXITED"})
    assert (one.may_be()["a-0"], one.is_shaken) == ({"EXITED"}, False)


@pytest.mark.parametrize("state", STATES)
def test_after_a_rest_its_history_begins_with_what_is_listed(state: str) -> None:
    one = member(CREATED, STARTED, is_shaken=True)
    one.history += [Told(Ask("kill", "a-0"), "ok")] * (state == "EXITED")
    one.history[:] = {"CREATED": [CREATED], "PAUSED": [CREATED, STARTED, _PAUSED]}.get(
        state, one.history
    )
    one.rests({"a-0": state})
    assert one.may_be() == {"a-0": {state}, "a-1": {"ABSENT"}, "a-2": {"ABSENT"}}


_PAUSED = Told(Ask("pause", "a-0"), "ok")


def test_a_signal_to_what_is_paused_may_arrive_rounds_later() -> None:
    one = member(CREATED, STARTED, _PAUSED, Told(Ask("kill", "a-0", signal=9), "ok"))
    one.is_signalled = True
    for state in ("PAUSED", "PAUSED", "EXITED"):
        one.rests({"a-0": state})
    assert one.is_signalled is False


def test_nobody_waits_for_a_daemon_that_will_not_come() -> None:
    serving = Serving()
    serving.ends()
    with pytest.raises(Over):
        serving.after(0)


@pytest.mark.parametrize("states", [{"ABSENT"}, {"RUNNING", "EXITED"}, {"PAUSED"}, {"EXITED"}])
def test_only_that_is_asked_whose_answer_is_known(states: set[str]) -> None:
    known = {(verb, state) for verb, state, _ in ALLOWED}
    for number in range(300):
        ask = draw(Random(number), ["a-0"], {"a-0": states})
        verb = "remove" if ask.verb == "remove" else ask.verb
        assert ask.verb == "list" or all((verb, state) in known for state in states), ask
        assert ask.verb != "wait" or states == {"EXITED"}


def test_lives_come_from_the_seed() -> None:
    def drawn(seed: int) -> Sequence[object]:
        kinds = [lives.kind_of(seed, n, ALL) for n in range(20)]
        return [lives.life(seed, n, kind, ALL) for n, kind in enumerate(kinds)]

    assert drawn(7) == drawn(7) != drawn(8)


def test_what_a_machine_has_not_is_not_drawn() -> None:
    poor = Means(syscall_points=False, power_cuts=False)
    kinds = {lives.kind_of(0, n, poor) for n in range(50)}
    assert kinds == {Round.DAEMONS, Round.EVERYBODY}
    assert all(
        lives.life(0, n, Round.EVERYBODY, poor).ends is not Ends.SYSCALL_POINT for n in range(200)
    )


def test_only_daemons_die_where_that_is_said() -> None:
    for number in range(300):
        life = lives.life(0, number, Round.DAEMONS, ALL)
        assert (life.kills, life.is_cut) == ((), False)
        assert life.ends is not Ends.TOGETHER
        assert not life.point.startswith("conman-"), life


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--time", "10"], "--time '10' is no time: write 30s, 10m or 2h"),
        (["--runtime", "crun"], "--runtime 'crun': take fakerunc or runc"),
        (["--clients", "0"], "--clients 0 makes no sense: give 1 to 64"),
        (["--jobs", "0"], "--jobs 0 makes no sense: give 1 or more"),
        (["--json", "-"], "--json -: stdout has the totals in words; name a file"),
        (["--json", "/nowhere/x"], "--json /nowhere/x: name a file in a directory that is there"),
        (
            ["--report", "/dev/null"],
            "--report /dev/null: name a directory, or one that can be made",
        ),
    ],
)
def test_bad_input(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["soak", *words]) == 2
    assert capsys.readouterr().err == f"scenarios: {said}\n"


class Hanging:
    """A soak that goes on until it is stopped; a signal comes while it stops."""

    def __init__(self) -> None:
        self.stopped = threading.Event()

    def run(self) -> None:
        assert self.stopped.wait(60)
        os.kill(os.getpid(), signal.SIGINT)
        raise Over

    def stop(self) -> None:
        self.stopped.set()


class Finding(Hanging):
    """It finds what is not as told."""

    def run(self) -> None:
        raise Violation("I9", "somebody's name is lost")


def test_who_interrupts_while_all_stop_loses_nothing_of_what_was_found() -> None:
    with together.signals() as told:
        soaks = cast("list[Soak]", [Hanging(), Finding()])
        [(_, violation)], is_stopped = together.run(soaks, told)
    assert (violation.invariant, is_stopped) == ("I9", False)


class Interrupted(Hanging):
    """A signal comes while all is well; then it finds something."""

    def run(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        assert self.stopped.wait(60)
        raise Violation("I9", "somebody's name is lost")


def test_who_is_stopped_still_tells_what_he_finds() -> None:
    with together.signals() as told:
        found, is_stopped = together.run(cast("list[Soak]", [Interrupted()]), told)
    assert ([one.invariant for _, one in found], is_stopped) == (["I9"], True)
