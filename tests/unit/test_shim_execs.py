"""Execs in the shim's machine: one call at a time, each end told to whoever asked for it, and to nobody else."""

import json

from conman.core.shim_call import ShimState, shim_state
from conman.shim import machine as m
from conman.shim.execs import ExecProcess, in_flight
from conman.shim.task import Init

INIT = Init("boot", 10, 100, 1, 2, "init")
PROCESS = ExecProcess("boot", 20, 200)
HOLDING = m.State(m.Phase.HOLDING, 1, call=m.CallEnded(0, "", "", INIT), init=INIT)


def body(exec_id: str, *known: str) -> str:
    words = {"lock": "l", "marker": "m", "state_directory": "s", "directory": "d", "boot_id": "b"}
    return json.dumps(
        {
            **words,
            "id": exec_id,
            "argv": ["runc"],
            "timeout_ms": 1,
            "stdin": False,
            "tty": False,
            "known": list(known),
        }
    )


def asked(state: m.State, seq: int, op: str, text: str = "{}", connection: int = 1) -> m.Reaction:
    return m.step(state, m.Requested(connection, seq, op, text))


def begun(exec_id: str = "a", state: m.State = HOLDING, *known: str) -> m.State:
    state, [action] = asked(state, 7, "exec", body(exec_id, *known))
    assert isinstance(action, m.RunExec)
    return state


def running(exec_id: str = "a", process: ExecProcess = PROCESS) -> m.State:
    state, [sent] = m.step(begun(exec_id), m.ExecCallEnded(0, "", process))
    assert isinstance(sent, m.Send)
    return state


def told(action: m.Action) -> ShimState:
    assert isinstance(action, m.Send)
    known = shim_state(action.body)
    assert known is not None
    return known


def test_who_asked_for_it_is_told_when_its_call_has_ended() -> None:
    _, [sent] = m.step(begun(), m.ExecCallEnded(0, "", PROCESS))
    assert isinstance(sent, m.Send)
    assert sent.seq == 7
    known = told(sent).exec("a")
    assert known is not None
    assert known.process is not None
    assert (known.process.pid, known.code) == (20, None)


def test_its_end_is_told_to_whoever_waits_for_it_and_to_nobody_else() -> None:
    state, nothing = asked(running(), 8, "exit")
    state, nothing_more = asked(state, 9, "exec-exit", '{"id":"a"}')
    assert nothing == nothing_more == ()
    _, [sent] = m.step(state, m.ChildEnded(20, 137, 9, 5))
    assert isinstance(sent, m.Send)
    assert sent.seq == 9
    known = told(sent).exec("a")
    assert known is not None
    assert (known.code, known.signal, known.at) == (137, 9, 5)


def test_an_end_that_came_before_is_told_at_once() -> None:
    state, _ = m.step(running(), m.ChildEnded(20, 3, 0, 5))
    _, [sent] = asked(state, 9, "exec-exit", '{"id":"a"}')
    known = told(sent).exec("a")
    assert known is not None
    assert known.code == 3


def test_what_is_not_known_is_answered_at_once() -> None:
    _, [sent] = asked(running(), 9, "exec-exit", '{"id":"other"}')
    assert told(sent).exec("other") is None


def test_a_hello_ends_a_call_in_flight_and_waits_for_that() -> None:
    state, [action] = asked(begun(), 1, "hello", connection=2)
    assert isinstance(action, m.EndExec)
    _, [sent] = m.step(state, m.ExecCallEnded(137, "ended", None))
    assert (sent.connection, sent.seq) == (2, 1) if isinstance(sent, m.Send) else False
    known = told(sent).exec("a")
    assert known is not None
    assert known.process is None


def test_two_are_not_begun_at_once() -> None:
    state, [sent] = asked(begun("a"), 8, "exec", body("b"))
    assert told(sent).exec("b") is None
    one = in_flight(state.execs)
    assert one is not None
    assert one.task.id == "a"


def test_nothing_is_begun_where_nothing_runs() -> None:
    for state in (
        m.State(),
        m.State(m.Phase.HOLDING, 1, call=m.CallEnded(1, "", "no", None)),
        m.State(m.Phase.SUCCEEDING, 1),
        m.State(m.Phase.ENDED, 1, init=INIT),
    ):
        _, actions = asked(state, 7, "exec", body("a"))
        assert not [one for one in actions if isinstance(one, m.RunExec)]


def test_who_is_asked_about_no_more_is_forgotten() -> None:
    state, _ = m.step(running("a"), m.ChildEnded(20, 0, 0, 5))
    kept = begun("b", state, "a")
    assert [one.task.id for one in kept.execs] == ["a", "b"]
    gone = begun("b", state)
    assert [one.task.id for one in gone.execs] == ["b"]


def test_the_inits_end_is_still_its_own() -> None:
    state, _ = m.step(running(), m.ChildEnded(10, 0, 0, 5))
    assert [one.end for one in state.execs] == [None]
