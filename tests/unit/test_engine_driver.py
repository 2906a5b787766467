"""The driver: the order of steps, threads, groups of commits, answers, ends."""

import asyncio
import threading
from collections.abc import Sequence
from typing import Any, NoReturn

import pytest

from conman.core.effects import vocabulary as v
from conman.core.effects.effect import Committed, DeadlinePassed, NotCommitted, Unknown
from conman.core.model import Stored
from conman.core.outputs import Alarm, InitEnded, Output, Perform, Ready, Send
from conman.core.requests import ListContainers, Okay
from conman.engine import workers
from conman.primitives import steps as s
from tests.unit.engine_bench import ONE_STEP, SEVEN_STEPS, Bench, at_boot, commit, run


def test_steps_are_done_in_order_on_one_other_thread_and_the_last_result_is_the_outcome() -> None:
    done: list[tuple[str, int]] = []

    def perform(step: s.Step) -> s.Result:
        done.append((type(step).__name__, threading.get_ident()))
        return s.Done(len(done))

    async def test() -> None:
        bench = Bench(at_boot(Perform(7, SEVEN_STEPS, "settle/EndShim")), perform)
        bench.driver.boot(Stored())
        await bench.driver.rest()
        assert bench.script.completed() == [(7, s.Done())]
        assert [name for name, _ in done] == ["Fence"] + ["Unlink"] * 4 + ["RemoveTree"]
        # The seventh, Release, is the watcher's own.
        assert len({ident for _, ident in done} | {threading.get_ident()}) == 2
        during = [f"settle/EndShim/during:{j}" for j in range(1, 7)]
        assert bench.points.passed == ["settle/EndShim/before", *during, "settle/EndShim/after"]
        bench.driver.close()

    run(test)


def test_what_follows_an_effect_goes_on_on_its_thread_and_holds_nobody_else_up() -> None:
    threads: list[int] = []
    together = threading.Barrier(2)

    def says(told: tuple[Any, ...]) -> Sequence[Output]:
        match told:
            case ("boot",):
                return [Perform(1, ONE_STEP, "recover/LookForMembers")]
            case ("complete", 1, _):
                return [Perform(2, ONE_STEP, "recover/LookForMembers#2")]
            case ("complete", 2, _):
                again = "recover/LookForMembers#3"
                return [Perform(3, ONE_STEP, again), Perform(4, ONE_STEP, again)]
            case _:
                return ()

    def perform(_step: s.Step) -> s.Result:
        threads.append(threading.get_ident())
        if len(threads) > 2:
            together.wait(10)
        return s.Done()

    async def test() -> None:
        bench = Bench(says, perform)
        bench.driver.boot(Stored())
        await bench.driver.rest()
        first, second, *others = threads
        assert first == second
        assert sorted(others) != sorted([first, first])
        assert first in others
        assert threading.get_ident() not in threads
        bench.driver.close()

    run(test)


def test_nobody_is_at_the_machine_out_of_turn() -> None:
    turn = threading.Lock()
    held: list[bool] = []
    rang = asyncio.Event()

    def says(told: tuple[Any, ...]) -> Sequence[Output]:
        held.append(turn.locked())
        match told:
            case ("boot",):
                return [Perform(1, ONE_STEP, "recover/LookForMembers"), Alarm(9, 1)]
            case ("complete", 1, _):
                return [commit(2)]
            case ("complete", 9, _):
                rang.set()
                return ()
            case ("submit", call, _):
                return [Send(call, Okay())]
            case _:
                return ()

    async def test() -> None:
        bench = Bench(says, turn=turn)
        bench.driver.boot(Stored())
        await bench.driver.submit(ListContainers())
        bench.driver._observe(InitEnded("c", 1))
        await rang.wait()
        await bench.driver.rest()
        assert held == [True] * 6
        bench.driver.close()

    run(test)


@pytest.mark.parametrize(
    "bad",
    [s.Failed("EIO", "broken"), s.TimedOut(), s.Remaining((5,))],
    ids=lambda r: type(r).__name__,
)
def test_the_first_bad_result_ends_the_effect(bad: s.Result) -> None:
    def perform(step: s.Step) -> s.Result:
        return bad if isinstance(step, s.Unlink) else s.Done()

    async def test() -> None:
        bench = Bench(at_boot(Perform(1, SEVEN_STEPS, "settle/EndShim#2")), perform)
        bench.driver.boot(Stored())
        await bench.driver.rest()
        assert bench.script.completed() == [(1, bad)]
        assert bench.points.passed[-2:] == ["settle/EndShim#2/during:1", "settle/EndShim#2/after"]
        bench.driver.close()

    run(test)


def test_another_result_than_done_does_not_end_it() -> None:
    async def test() -> None:
        bench = Bench(at_boot(Perform(1, SEVEN_STEPS, "settle/EndShim")), lambda _step: s.Absent())
        bench.driver.boot(Stored())
        await bench.driver.rest()
        assert bench.points.passed[-2] == "settle/EndShim/during:6"
        bench.driver.close()

    run(test)


def test_commits_that_wait_together_are_one_batch_in_their_order() -> None:
    async def test() -> None:
        bench = Bench(
            lambda told: (
                [commit(1)]
                if told[0] == "boot"
                else [commit(n) for n in (2, 3, 4)]
                if told[0] == "submit"
                else ()
            )
        )
        bench.store.gate.clear()
        bench.driver.boot(Stored())
        await asyncio.to_thread(bench.store.entered.wait, 10)
        asking = asyncio.ensure_future(bench.driver.submit(ListContainers()))
        await asyncio.sleep(0)
        bench.store.gate.set()
        await bench.driver.rest()
        ids = [[change.id for (change,) in batch] for batch in bench.store.batches]
        assert ids == [["c1"], ["c2", "c3", "c4"]]
        assert bench.script.completed() == [(n, Committed()) for n in (1, 2, 3, 4)]
        assert bench.store.threads == {"store"}
        before = [f"recover/C{n}/before" for n in (2, 3, 4)]
        assert bench.points.passed[2:] == [*before, *(f"recover/C{n}/after" for n in (2, 3, 4))]
        asking.cancel()
        bench.driver.close()

    run(test)


def test_a_reopen_comes_after_what_was_handed_in_before_it() -> None:
    async def test() -> None:
        reopen = Perform(3, v.ReopenStore("token"), "settle/ReopenStore")
        bench = Bench(at_boot(commit(1), commit(2), reopen, commit(4)))
        bench.store.gate.clear()
        bench.driver.boot(Stored())
        bench.store.gate.set()
        await bench.driver.rest()
        flat = [entry for batch in bench.store.batches for entry in batch]
        assert [entry if isinstance(entry, str) else entry[0].id for entry in flat] == [
            "c1",
            "c2",
            "token",
            "c4",
        ]
        assert (3, NotCommitted("token")) in bench.script.completed()
        bench.driver.close()

    run(test)


def test_an_answer_goes_to_its_call_and_ready_is_told() -> None:
    def says(told: tuple[Any, ...]) -> Sequence[Output]:
        return [Ready()] if told[0] == "boot" else [Send(told[1], Okay()), Send(99, Okay())]

    async def test() -> None:
        bench = Bench(says)
        assert not bench.driver.ready.is_set()
        bench.driver.boot(Stored())
        assert bench.driver.ready.is_set()
        assert await bench.driver.submit(ListContainers()) == Okay()
        bench.driver.close()

    run(test)


def test_a_caller_who_goes_away_stops_nothing() -> None:
    gate = threading.Event()

    def says(told: tuple[Any, ...]) -> Sequence[Output]:
        match told:
            case ("submit", call, _):
                return [Perform(call, ONE_STEP, "garbage/LookForMembers")]
            case ("complete", call, _):
                return [Send(call, Okay())]
            case _:
                return ()

    def perform(_step: s.Step) -> s.Result:
        assert gate.wait(10)
        return s.Done()

    async def test() -> None:
        bench = Bench(says, perform)
        asking = asyncio.ensure_future(bench.driver.submit(ListContainers()))
        await asyncio.sleep(0)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        gate.set()
        await bench.driver.rest()
        assert bench.script.completed() == [(1, s.Done())]
        assert not bench.driver.failure.done()
        bench.driver.close()

    run(test)


def test_a_caller_who_goes_away_is_forgotten_and_one_who_was_answered_is_not() -> None:
    def says(told: tuple[Any, ...]) -> Sequence[Output]:
        return [Send(1, Okay())] if told[:2] == ("submit", 1) else ()

    async def test() -> None:
        bench = Bench(says)
        assert await bench.driver.submit(ListContainers()) == Okay()
        asking = asyncio.ensure_future(bench.driver.submit(ListContainers()))
        await asyncio.sleep(0)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        assert [told[:2] for told in bench.script.told] == [
            ("submit", 1),
            ("submit", 2),
            ("forget", 2),
        ]
        bench.driver.close()

    run(test)


def test_an_answer_may_meet_a_caller_who_is_just_leaving() -> None:
    def says(told: tuple[Any, ...]) -> Sequence[Output]:
        return [Send(1, Okay())] if told[0] == "observe" else ()

    async def test() -> None:
        bench = Bench(says)
        asking = asyncio.ensure_future(bench.driver.submit(ListContainers()))
        await asyncio.sleep(0)
        asking.cancel()
        bench.driver._observe(InitEnded("c", 1))
        assert not bench.driver.failure.done()
        await asyncio.gather(asking, return_exceptions=True)
        bench.driver.close()

    run(test)


def test_an_alarm_goes_off_and_one_without_a_deadline_does_not() -> None:
    async def test() -> None:
        rang = asyncio.Event()

        def says(told: tuple[Any, ...]) -> Sequence[Output]:
            if told[0] == "complete":
                rang.set()
            return [Alarm(1, 0), Alarm(2, 1)] if told[0] == "boot" else ()

        bench = Bench(says)
        bench.driver.boot(Stored())
        await rang.wait()
        assert bench.script.completed() == [(2, DeadlinePassed())]
        bench.driver.close()

    run(test)


def test_a_sagas_exception_is_kept_and_nothing_follows_it() -> None:
    def says(told: tuple[Any, ...]) -> Sequence[Output]:
        if told[0] == "complete":
            raise ZeroDivisionError
        return [Perform(1, ONE_STEP, "recover/LookForMembers")]

    async def test() -> None:
        bench = Bench(says)
        bench.driver.boot(Stored())
        with pytest.raises(ZeroDivisionError):
            await bench.driver.failure
        asking = asyncio.ensure_future(bench.driver.submit(ListContainers()))
        await asyncio.sleep(0)
        assert [told[0] for told in bench.script.told] == ["boot", "complete"]
        asking.cancel()
        bench.driver.close()

    run(test)


@pytest.mark.parametrize("effect", [ONE_STEP, v.ReopenStore("token")], ids=["worker", "writer"])
def test_a_performers_exception_is_kept_too(effect: v.HostEffect) -> None:
    def perform(_step: s.Step) -> s.Result:
        raise ZeroDivisionError

    async def test() -> None:
        bench = Bench(at_boot(Perform(1, effect, "recover/It")), perform)
        bench.store.reopen = perform  # pyright: ignore[reportAttributeAccessIssue]
        bench.driver.boot(Stored())
        with pytest.raises(ZeroDivisionError):
            await bench.driver.failure
        assert bench.script.completed() == []
        bench.driver.close()

    run(test)


def test_where_no_thread_can_be_begun_the_effect_has_failed_and_the_daemon_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_room(*_work: object) -> NoReturn:
        raise RuntimeError("can't start new thread")

    def says(told: tuple[Any, ...]) -> Sequence[Output]:
        match told:
            case ("boot",):
                return [Perform(1, ONE_STEP, "recover/LookForMembers"), commit(2)]
            case ("complete", 1, _):
                monkeypatch.undo()
                return [Perform(3, ONE_STEP, "recover/LookForMembers#2")]
            case _:
                return ()

    async def test() -> None:
        monkeypatch.setattr(workers, "start_new_thread", no_room)
        bench = Bench(says)
        bench.driver.boot(Stored())
        await bench.driver.rest()
        completed = dict(bench.script.completed())
        assert completed.keys() == {1, 2, 3}
        assert (type(completed[1]), completed[1].error) == (s.Failed, "EAGAIN")
        assert (completed[2], completed[3]) == (Committed(), s.Done())
        assert not bench.driver.failure.done()
        bench.driver.close()

    run(test)


def test_unknown_is_an_outcome_like_any_other() -> None:
    async def test() -> None:
        bench = Bench(at_boot(commit(1)))
        bench.store.commit = lambda _transactions: [Unknown("t")]  # type: ignore[method-assign]
        bench.driver.boot(Stored())
        await bench.driver.rest()
        assert bench.script.completed() == [(1, Unknown("t"))]
        bench.driver.close()

    run(test)
