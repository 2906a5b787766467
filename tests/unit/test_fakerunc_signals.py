"""What a signal does to an init, in each state: PID 1's rules, as they were measured."""

import pytest

from fakerunc.model import SignalEffect, Status, effect_of_signal

# HUP INT QUIT ILL TRAP ABRT BUS FPE SEGV TERM STKFLT SYS, measured with all 64.
ENDING = [1, 2, 3, 4, 5, 6, 7, 8, 11, 15, 16, 31]


@pytest.mark.parametrize("signal", range(65))
def test_signals_to_a_created_init(signal: int) -> None:
    effect = effect_of_signal(Status.CREATED, signal, handled=False)
    assert effect is {9: SignalEffect.DIES, 19: SignalEffect.SUSPENDED}.get(
        signal, SignalEffect.EXITS_2 if signal in ENDING else SignalEffect.NOTHING
    )


@pytest.mark.parametrize("signal", range(65))
@pytest.mark.parametrize("handled", [True, False])
def test_signals_to_a_running_init(signal: int, handled: bool) -> None:
    effect = effect_of_signal(Status.RUNNING, signal, handled=handled)
    otherwise = SignalEffect.HANDLED if handled and signal else SignalEffect.NOTHING
    assert effect is {9: SignalEffect.DIES, 19: SignalEffect.SUSPENDED}.get(signal, otherwise)


@pytest.mark.parametrize(
    ("signal", "effect"),
    [
        (15, SignalEffect.DIES),
        (10, SignalEffect.DIES),
        (64, SignalEffect.DIES),
        (17, SignalEffect.NOTHING),
        (28, SignalEffect.NOTHING),
        (20, SignalEffect.SUSPENDED),
        (0, SignalEffect.NOTHING),
    ],
)
def test_a_shared_pid_namespace_protects_nobody(signal: int, effect: SignalEffect) -> None:
    assert effect_of_signal(Status.RUNNING, signal, handled=False, shared_pids=True) is effect


@pytest.mark.parametrize("state", Status, ids=lambda state: state.value)
def test_only_a_living_init_is_killed(state: Status) -> None:
    dies = effect_of_signal(state, 9, handled=False) is SignalEffect.DIES
    assert dies is (state in {Status.CREATED, Status.RUNNING, Status.PAUSED})


def test_a_frozen_init_is_signalled_when_it_thaws() -> None:
    assert effect_of_signal(Status.PAUSED, 15, handled=True) is SignalEffect.PENDING
