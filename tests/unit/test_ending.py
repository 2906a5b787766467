"""How an end is found out, played by hand where no story goes: disks that are full, shims that are strange.

A code that was told is in a durable record; what nobody saw is 255, and said to be unknown.
"""

from collections.abc import Callable, Iterable

from conman.core.effects import vocabulary as v
from conman.core.effects.effect import Effect, Outcome
from conman.core.model import Init
from conman.core.sagas.ending import RECORD_AGAIN_NS, read_exit
from conman.core.shim_call import Exit, exit_record, render_exit
from conman.primitives.steps import (
    Absent,
    Content,
    Done,
    ExitStatus,
    Failed,
    Held,
    OomCount,
    ProcessId,
    ShimAnswer,
    TimedOut,
)
from conman.shim import machine
from conman.shim.task import Init as ShimInit
from tests.unit.played import played

ID, RUN, AT = "a" * 32, 2, 99
INIT = Init(ProcessId("boot", 7, 70), 1, 2, "sleep")
NOTHING, COUNTED = Absent(), OomCount(4)
ENDED = Exit(INIT.process, 3, 0, 1, 50, "shim")


def says(*, recorded: bool, pid: int = 7) -> ShimAnswer:
    """A shim whose init has ended."""
    state = machine.State(
        machine.Phase.RECORDING,
        init=ShimInit("boot", pid, 70, 1, 2, "sleep"),
        call=machine.CallEnded(0, "", "", None),
        ended=machine.ChildEnded(pid, 3, 0, 50),
        oom_kills=1,
        recorded=recorded,
    )
    return ShimAnswer(machine.describe(state))


def wanted(
    shim: Iterable[Outcome],
    record: Outcome = NOTHING,
    status: Outcome = NOTHING,
    oom: Outcome = COUNTED,
) -> tuple[list[Effect], Exit]:
    """`shim`: its answers, in turn."""
    answers = iter(shim)

    def answer(effect: Effect) -> Outcome:
        match effect:
            case v.AwaitExitRecord():
                return next(answers)
            case v.ReadExitRecord():
                return record
            case v.ReadExitStatus():
                return status
            case v.ReadOomKills():
                return oom
            case v.HoldOutput():
                return NOTHING
            case _:
                return Done()

    return played(read_exit(ID, RUN, INIT, AT), answer)


def kinds(effects: list[Effect]) -> list[str]:
    return [type(one).__name__ for one in effects]


def test_what_the_shim_has_recorded_is_told() -> None:
    effects, ended = wanted([says(recorded=True)])
    assert (kinds(effects), ended) == (["AwaitExitRecord"], ENDED)


def test_an_exit_that_cannot_be_recorded_is_waited_for_and_said() -> None:
    effects, ended = wanted([says(recorded=False), says(recorded=False), says(recorded=True)])
    once = ["AwaitExitRecord", "Tell", "Mark", "WaitFor"]
    assert kinds(effects) == [*once, *once, "AwaitExitRecord", "Mark"]
    assert effects[3] == v.WaitFor(ID, RECORD_AGAIN_NS)
    assert effects[-1] == v.Mark(ID, "", "")
    assert ended == ENDED


def test_a_shim_that_dies_over_its_record_is_fenced_then_its_record_read() -> None:
    effects, ended = wanted([says(recorded=False), Absent()], Content(render_exit(ENDED)))
    assert ended == ENDED
    tail = ["HoldOutput", "FenceShim", "ReadExitRecord", "KeepExitRecord"]
    assert kinds(effects)[-4:] == tail


def test_another_process_is_another_matter() -> None:
    for answer in (
        says(recorded=True, pid=8),
        ShimAnswer("{}"),
        ShimAnswer(machine.describe(machine.State())),
    ):
        effects, ended = wanted([answer], Content(render_exit(ENDED)))
        assert "FenceShim" in kinds(effects)
        assert ended == ENDED
    stranger = Exit(ProcessId("boot", 8, 70), 5, 0, 0, 1, "shim")
    _, ended = wanted([Absent()], Content(render_exit(stranger)))
    assert (ended.code, ended.known) == (255, False)


def test_the_kernel_tells() -> None:
    effects, ended = wanted([Absent()], status=ExitStatus(137, 9))
    assert ended == Exit(INIT.process, 137, 9, 4, AT, "daemon")
    written = effects[-1]
    assert isinstance(written, v.WriteExitRecord)
    assert exit_record(written.data) == ended


def test_nobody_tells() -> None:
    _, ended = wanted([Absent()], oom=Failed("EIO", "no"), record=Content(b"{torn"))
    assert ended == Exit(INIT.process, 255, 0, 0, AT, "daemon", known=False)


# ---- last words

Answers = Callable[[Effect], Outcome]
IDLE = ShimAnswer(machine.describe(machine.State()))
READS = ShimAnswer(machine.describe(machine.State(machine.Phase.SUCCEEDING)))


def last_words(
    *,
    unread: int,
    record: Outcome,
    shim: list[Outcome],
    successor: Outcome,
    first: Outcome = NOTHING,
) -> list[str]:
    """`first`: what the run's own shim says."""
    answers = iter([first, *shim])

    def answer(effect: Effect) -> Outcome:
        match effect:
            case v.AwaitExitRecord():
                return next(answers)
            case v.ReadExitRecord():
                return record
            case v.HoldOutput():
                return Held(unread)
            case v.SucceedShim():
                return successor
            case v.ReadExitStatus() | v.ReadOomKills():
                return Absent()
            case _:
                return Done()

    effects, _ = played(read_exit(ID, RUN, INIT, AT), answer)
    return kinds(effects)


def test_last_words_are_read_by_a_successor() -> None:
    for unread, record in ((5, Content(render_exit(ENDED))), (0, Absent())):
        did = last_words(unread=unread, record=record, shim=[READS], successor=READS)
        assert did.count("SpawnShim") == 1
        assert did.index("SucceedShim") < did.index("FenceShim")


def test_last_words_of_a_shim_that_is_silent_are_read_once_it_is_fenced() -> None:
    did = last_words(unread=5, record=Absent(), shim=[READS], successor=READS, first=TimedOut())
    assert did[:4] == ["AwaitExitRecord", "FenceShim", "HoldOutput", "ReadExitRecord"]
    assert did.count("SpawnShim") == 1
    assert did.index("SucceedShim") < did.index("WriteExitRecord")


def test_who_left_nothing_unread_needs_none() -> None:
    did = last_words(unread=0, record=Content(render_exit(ENDED)), shim=[], successor=READS)
    assert "SpawnShim" not in did


def test_successors_may_die_too_but_not_for_ever() -> None:
    did = last_words(unread=5, record=Absent(), shim=[Absent(), READS], successor=READS)
    assert did.count("SpawnShim") == 2
    did = last_words(unread=5, record=Absent(), shim=[Absent()] * 3, successor=READS)
    assert did.count("SpawnShim") == 3
    did = last_words(unread=5, record=Absent(), shim=[], successor=IDLE)
    assert did.count("SpawnShim") == 3
