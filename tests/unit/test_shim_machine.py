"""The shim's machine, where a word to it changes nothing, or comes too late, or twice.

What it does in a whole life is the simulator's; these are the moments that its peers do not make: an impatient
daemon, a full disk, a time that is up, a connection that is not the newest.
"""

import json

import pytest

from conman.primitives import steps as s
from conman.shim import machine as m
from conman.shim.task import Init, LogLimits, Offer, Task

TASK = Task(
    ("runc", "create"),
    "/l",
    "M=1",
    "/s",
    "/p",
    "/data/runs/1",
    "/data/log",
    "/cg",
    "b",
    60,
    LogLimits(9, 2),
)
BODY = json.dumps(
    {
        "argv": list(TASK.argv),
        "lock": TASK.lock,
        "marker": TASK.marker,
        "state_directory": TASK.state_directory,
        "pid_file": TASK.pid_file,
        "record_directory": TASK.record_directory,
        "log": TASK.log,
        "cgroup": TASK.cgroup,
        "boot_id": TASK.boot_id,
        "timeout_ms": TASK.timeout_ms,
        "stdin": False,
        "stdin_once": False,
        "tty": False,
        "log_bytes": 9,
        "log_files": 2,
    }
)
INIT = Init("b", 7, 70, 1, 2, "sleep")
LOG = json.dumps({"log": "/data/log"})
OFFER = Offer("t" * 32, "", stdin=False, stdout=True, stderr=True, within_ms=30, size=(24, 80))
STREAM = json.dumps(
    {
        "token": OFFER.token,
        "exec_id": "",
        "stdin": False,
        "stdout": True,
        "stderr": True,
        "within_ms": 30,
        "size": [24, 80],
    }
)


def ask(op: str, seq: int = 1, connection: int = 1, body: str = "{}") -> m.Requested:
    return m.Requested(connection, seq, op, body)


def after(*inputs: m.Input) -> tuple[m.State, tuple[m.Action, ...]]:
    """The state at the end, and what the last input had done."""
    state, actions = m.State(), tuple[m.Action, ...]()
    for one in inputs:
        state, actions = m.step(state, one)
    return state, actions


CREATE = ask("create", body=BODY)
LEFT_ONE = m.CallEnded(0, "", "", INIT)
HOLDING = (CREATE, LEFT_ONE)
ENDED = m.ChildEnded(7, 3, 0, 99)
RECORDING = (*HOLDING, ENDED, m.OomRead(0))


def told(actions: tuple[m.Action, ...]) -> list[tuple[int, int]]:
    return [(one.connection, one.seq) for one in actions if isinstance(one, m.Send)]


def test_a_create_runs_once() -> None:
    assert after(CREATE)[1] == (m.RunCall(TASK),)
    again, actions = after(CREATE, ask("create", 2, body=BODY))
    assert (actions, again.asking) == ((), (1, 2))
    assert told(after(CREATE, ask("create", 2, body=BODY), LEFT_ONE)[1]) == [(1, 1), (1, 2)]


def test_nobody_asks_in_time() -> None:
    state, actions = after(m.TimeUp())
    assert (state.phase, actions) == (m.Phase.LEFT, (m.Leave(),))


@pytest.mark.parametrize("before", [(CREATE,), HOLDING, RECORDING])
def test_a_time_that_is_up_is_for_who_waits(before: tuple[m.Input, ...]) -> None:
    state, actions = after(*before, m.TimeUp())
    assert (state, actions) == (after(*before)[0], ())


def test_who_waits_leaves_with_its_daemon() -> None:
    assert after(ask("hello"), m.Disconnected(1))[1] == (m.Leave(),)
    assert after(*HOLDING, m.Disconnected(1))[1] == ()


def test_who_goes_without_having_asked_is_nobody() -> None:
    assert after(m.Disconnected(1)) == (m.State(), ())


def test_an_older_connection_is_nobody() -> None:
    later = (*HOLDING, ask("exit", 5, connection=2))
    state, _ = after(*later)
    assert after(*later, ask("hello", 9, connection=1)) == (state, ())
    assert after(*later, m.Disconnected(1)) == (state, ())
    assert state.asking == (5,)


def test_a_newer_connection_alone_is_answered() -> None:
    waits = (*HOLDING, ask("exit", 4), ask("exit", 5, connection=2))
    assert after(*waits)[0].asking == (5,)
    assert after(*waits, ask("exit", 6, connection=2))[0].asking == (5, 6)
    assert after(*waits, m.Disconnected(2))[0].asking == ()


def test_a_hello_ends_a_call_and_is_answered_when_that_has_ended() -> None:
    assert after(CREATE, ask("hello", 2))[1] == (m.EndCall(TASK),)
    ended = m.CallEnded(-9, "", "", None)
    assert told(after(CREATE, ask("hello", 2), ended)[1]) == [(1, 1), (1, 2)]


def test_a_hello_is_answered_at_once_when_there_is_no_call() -> None:
    assert told(after(*HOLDING, ask("hello", 2))[1]) == [(1, 2)]


def test_an_exit_is_awaited_while_the_init_lives() -> None:
    state, actions = after(*HOLDING, ask("exit", 2))
    assert (actions, state.asking) == ((), (2,))


def test_who_has_no_init_has_no_exit() -> None:
    failed = m.CallEnded(1, "", "no", None)
    assert told(after(CREATE, failed, ask("exit", 2))[1]) == [(1, 2)]
    assert after(CREATE, failed, ENDED)[1] == ()


def test_another_child_is_no_init() -> None:
    assert after(*HOLDING, m.ChildEnded(8, 3, 0, 99)) == (after(*HOLDING)[0], ())


def test_an_exit_is_recorded_then_the_log_then_it_is_told() -> None:
    asked = (*HOLDING, ask("exit", 2))
    assert after(*asked, ENDED)[1] == (m.DoStep(s.ReadOom("/cg")),)
    steps = [one for one in after(*asked, ENDED, m.OomRead(1))[1] if isinstance(one, m.DoStep)]
    assert [one.last for one in steps] == [False] * (len(steps) - 1) + [True]
    assert isinstance(steps[-1].step, s.SyncDirectory)
    written = (*asked, ENDED, m.OomRead(1), m.RecordWritten(ok=True))
    assert after(*written)[1] == (m.CompleteLog("/data/log"),)
    state, actions = after(*written, m.LogComplete())
    assert (state.phase, state.recorded) == (m.Phase.ENDED, True)
    [answer] = actions
    assert isinstance(answer, m.Send)
    body = json.loads(answer.body)
    assert (body["recorded"], body["exit"]["code"], body["exit"]["oom_kills"]) == (True, 3, 1)


def test_an_exit_that_is_not_recorded_is_told_as_that() -> None:
    [answer] = after(*HOLDING, ENDED, ask("hello", 2))[1]
    assert isinstance(answer, m.Send)
    body = json.loads(answer.body)
    assert (body["recorded"], body["exit"]["code"], body["exit"]["oom_kills"]) == (False, 3, 0)


def test_a_record_that_failed_is_tried_again_when_somebody_asks() -> None:
    asked = (*RECORDING, ask("exit", 2))
    assert after(*asked)[1] == ()
    failed, actions = after(*asked, m.RecordWritten(ok=False))
    assert (told(actions), failed.failed, failed.recorded) == ([(1, 2)], True, False)
    again, steps = after(*asked, m.RecordWritten(ok=False), ask("exit", 3))
    assert (again.failed, again.asking) == (False, (3,))
    assert steps == after(*RECORDING)[1] != ()


def test_a_record_needs_a_task() -> None:
    assert after(m.OomRead(1)) == (m.State(oom_kills=1), ())
    assert told(after(ask("hello"), m.RecordWritten(ok=True))[1]) == []


def test_a_successor_reads_on_and_says_what_keeps_it_from_that() -> None:
    succeed = ask("succeed", 1, body=LOG)
    assert after(succeed)[1] == (m.ReopenOutput("/data/log"),)
    state, actions = after(succeed, m.OutputReopened("no FIFO"))
    assert (told(actions), state.trouble) == ([(1, 1)], "no FIFO")
    assert after(succeed, m.OutputReopened("no FIFO"), ask("succeed", 2, body=LOG))[1] == (
        m.ReopenOutput("/data/log"),
    )
    whole = (succeed, m.OutputReopened(""))
    assert told(after(*whole, ask("succeed", 2, body=LOG))[1]) == [(1, 2)]
    assert after(*whole, ask("exit", 2))[1] == (m.CompleteLog("/data/log"),)
    state, actions = after(*whole, ask("exit", 2), m.LogComplete())
    assert (told(actions), state.phase, state.recorded) == ([(1, 2)], m.Phase.SUCCEEDING, False)


def test_the_record_is_one_line_of_sorted_keys() -> None:
    state, _ = after(*RECORDING)
    assert m.exit_bytes(state) == (
        b'{"at":99,"boot_id":"b","by":"shim","code":3,"oom_kills":0,"pid":7,"signal":0,"start_time":70}\n'
    )


def test_an_answer_is_of_sorted_keys() -> None:
    body = m.describe(after(*HOLDING)[0])
    assert body == json.dumps(json.loads(body), sort_keys=True, separators=(",", ":"))
    assert json.loads(body)["call"]["init"]["cmdline"] == "sleep"
    assert json.loads(m.describe(m.State()))["call"] is None


# ---- streams -----------------------------------------------------------------------------------

SUCCEEDING = (ask("succeed", body=LOG), m.OutputReopened(""))
OVER = (*RECORDING, m.RecordWritten(ok=True), m.LogComplete())


def stream_of(actions: tuple[m.Action, ...]) -> object:
    """What the one who asked is told of it."""
    [answer] = [one for one in actions if isinstance(one, m.Send)]
    return json.loads(answer.body)["stream"]


@pytest.mark.parametrize("before", [HOLDING, RECORDING, OVER, SUCCEEDING])
@pytest.mark.parametrize("failure", ["", "No space left on device"])
def test_a_stream_is_offered_then_that_is_told(before: tuple[m.Input, ...], failure: str) -> None:
    asked = (*before, ask("stream", 2, body=STREAM))
    assert after(*asked)[1] == (m.OfferStream(OFFER),)
    assert stream_of(after(*asked, m.StreamOffered(failure))[1]) == failure


def test_who_has_nothing_to_read_has_no_stream() -> None:
    assert stream_of(after(ask("stream", body=STREAM))[1]) is None


def test_a_stream_asked_for_in_a_create_waits_for_its_end() -> None:
    asked = (CREATE, ask("stream", 2, body=STREAM))
    assert after(*asked)[1] == ()
    assert told(after(*asked, LEFT_ONE)[1]) == [(1, 1), (1, 2)]


# ---- the log -----------------------------------------------------------------------------------


def log_of(actions: tuple[m.Action, ...]) -> list[tuple[int, object]]:
    """Who is told what became of it."""
    sent = [one for one in actions if isinstance(one, m.Send)]
    return [(one.seq, json.loads(one.body)["log"]) for one in sent]


@pytest.mark.parametrize("before", [HOLDING, RECORDING, SUCCEEDING])
@pytest.mark.parametrize("failure", ["", "No space left on device"])
def test_a_log_is_reopened_then_that_is_told(before: tuple[m.Input, ...], failure: str) -> None:
    asked = (*before, ask("reopen-log", 2))
    assert after(*asked)[1] == (m.ReopenLog("/data/log"),)
    assert log_of(after(*asked, m.LogReopened(failure))[1]) == [(2, failure)]


def test_who_waits_for_the_end_is_not_told_that_a_log_is_reopened() -> None:
    """Else the end would be taken for one that cannot be recorded."""
    asked = (*HOLDING, ask("exit", 2), ask("reopen-log", 3))
    assert log_of(after(*asked, m.LogReopened(""))[1]) == [(3, "")]
    state, _ = after(*asked, m.LogReopened(""))
    assert state.asking == (2,)


def test_a_log_that_is_complete_is_as_good_as_reopened() -> None:
    assert log_of(after(*OVER, ask("reopen-log", 2))[1]) == [(2, "")]


@pytest.mark.parametrize("before", [(), (CREATE,)])
def test_a_log_that_is_not_begun_is_not_reopened(before: tuple[m.Input, ...]) -> None:
    assert log_of(after(*before, ask("reopen-log", 2))[1]) == [(2, None)]


def test_who_asked_for_the_log_and_has_gone_is_not_told() -> None:
    asked = (*HOLDING, ask("reopen-log", 2))
    assert after(*asked, m.Disconnected(1), m.LogReopened(""))[1] == ()
    newer = m.Requested(2, 2, "hello", "{}")
    assert after(*asked, newer, m.LogReopened(""))[1] == ()
