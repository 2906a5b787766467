"""The shim's whole behaviour as one pure step function: (state, input) -> (state, actions).

A shim lives for one run. It runs the runtime's create, reaps the init that create leaves, records its
exit durably in DATA, and tells whoever asks. It decides nothing about containers and removes nothing:
the daemon ends it, by SIGKILL, when it is no longer needed; so it may be killed at every action.

    WAITING --create--> CREATING --call ended--> HOLDING --init reaped--> RECORDING --> ENDED
       |  '--succeed--> SUCCEEDING: another shim's run, whose output it goes on logging
       '-- connection lost, or nothing asked in time: LEFT

While HOLDING it also begins execs (`execs`), one after the other, and reaps what comes of them.

No I/O, no clock, no imports beyond values, JSON and the steps: the simulator runs this same code.
"""

from conman.frozen import frozen, replace
from conman.primitives.shared_steps import Shared
from conman.shim import execs, recipes
from conman.shim.execs import EndExec, Exec, ExecCallEnded, ExecEnd, RunExec
from conman.shim.output import (
    CompleteLog,
    LogComplete,
    LogReopened,
    OfferStream,
    OutputReopened,
    ReopenLog,
    ReopenOutput,
    StreamOffered,
)
from conman.shim.task import Init, Task, parse_log, parse_offer, parse_task
from conman.shim.words import SUCCEEDING as _SUCCEEDING
from conman.shim.words import describe, exit_bytes


class Phase:
    """Where the run stands, as far as the shim can know."""

    WAITING = "waiting"
    CREATING = "creating"
    HOLDING = "holding"
    RECORDING = "recording"
    ENDED = "ended"
    SUCCEEDING = _SUCCEEDING
    LEFT = "left"


# ---- what the shim is told ---------------------------------------------------------------------


@frozen
class Requested:
    """A packet from connection number `connection`; numbers rise."""

    connection: int
    seq: int
    op: str
    body: str


@frozen
class Disconnected:
    """That connection ended."""

    connection: int


@frozen
class CallEnded:
    """The runtime call was reaped. `init` is None unless it left one and answered 0."""

    code: int
    stdout: str
    stderr: str
    init: Init | None


@frozen
class ChildEnded:
    """Some other child was reaped. `signal` 0: it exited by itself. `at`: ns since the epoch."""

    pid: int
    code: int
    signal: int
    at: int


@frozen
class OomRead:
    """The cgroup's counter at the end of the run."""

    kills: int


@frozen
class RecordWritten:
    """All steps of the record were done, or one failed."""

    ok: bool


@frozen
class TimeUp:
    """Nobody asked for a create, or for a successor, in time."""


Input = (
    Requested
    | Disconnected
    | CallEnded
    | ExecCallEnded
    | ChildEnded
    | OomRead
    | RecordWritten
    | OutputReopened
    | LogComplete
    | StreamOffered
    | LogReopened
    | TimeUp
)


# ---- what the shim does ------------------------------------------------------------------------


@frozen
class RunCall:
    """Begin the runtime call, its lock inherited; CallEnded follows."""

    task: Task


@frozen
class EndCall:
    """Fence the call in flight: end its bearers, take its lock, reap; CallEnded follows."""

    task: Task


@frozen
class DoStep:
    """One primitive step. `last` of the record's steps: RecordWritten follows; ReadOom: OomRead."""

    step: Shared
    last: bool = False


@frozen
class Send:
    """Answer request `seq` of a connection."""

    connection: int
    seq: int
    body: str


@frozen
class Leave:
    """Exit."""


Action = (
    RunCall
    | EndCall
    | RunExec
    | EndExec
    | DoStep
    | ReopenOutput
    | OfferStream
    | ReopenLog
    | CompleteLog
    | Send
    | Leave
)


# ---- the machine -------------------------------------------------------------------------------


@frozen
class State:
    """Everything a shim knows.

    `asking`: requests to be answered at the next rest. `recorded`: the exit record is durable and the
    log complete. `failed`: the last try to write the record failed; it is tried when somebody asks.
    `log`: a successor's; `trouble`: why it cannot read. `stream`: what became of the last offer of one,
    "" that it stands. `asking_execs`: who waits for which exec; `asking_log`: who for the log.
    """

    phase: str = Phase.WAITING
    connection: int = 0
    task: Task | None = None
    call: CallEnded | None = None
    init: Init | None = None
    ended: ChildEnded | None = None
    oom_kills: int = 0
    recorded: bool = False
    failed: bool = False
    asking: tuple[int, ...] = ()
    log: str = ""
    trouble: str = ""
    stream: str | None = None
    execs: tuple[Exec, ...] = ()
    asking_execs: tuple[tuple[int, str], ...] = ()
    asking_log: tuple[int, ...] = ()


Reaction = tuple[State, tuple[Action, ...]]


def step(state: State, event: Input) -> Reaction:
    """The shim's next state, and what to do for it, in order."""
    match event:
        case Requested():
            return _requested(state, event)
        case Disconnected(connection):
            return _disconnected(state, connection)
        case CallEnded():
            return _call_ended(state, event)
        case ExecCallEnded(code, stderr, process):
            return _exec_called(state, execs.called(state.execs, code, stderr, process))
        case ChildEnded():
            return _child_ended(state, event)
        case OomRead(kills):
            return _record(replace(state, oom_kills=kills))
        case RecordWritten(ok):
            return _record_written(state, ok=ok)
        case OutputReopened(failure):
            return _rest(replace(state, trouble=failure))
        case StreamOffered(failure):
            return _rest(replace(state, stream=failure))
        case LogReopened(failure):
            return _log_rest(state, failure)
        case LogComplete() if state.phase == Phase.SUCCEEDING:
            return _rest(state)
        case LogComplete():
            return _rest(replace(state, phase=Phase.ENDED, recorded=True))
        case TimeUp():
            return _leave(state) if state.phase == Phase.WAITING else (state, ())


_OF_EXECS = ("exec", "exec-exit")

#: Where there is somebody's output to be read, or its end to be told.
_WITH_OUTPUT = (Phase.HOLDING, Phase.RECORDING, Phase.ENDED, Phase.SUCCEEDING)


def _requested(state: State, event: Requested) -> Reaction:
    if event.connection < state.connection:
        return state, ()
    if event.connection > state.connection:
        # A new daemon: the old connection is closed, with whatever it still wanted.
        state = replace(_unasked(state), connection=event.connection)
    match event.op:
        case "reopen-log":
            return _reopen_requested(state, event.seq)
        case op if op in _OF_EXECS or (op == "hello" and execs.in_flight(state.execs)):
            return _exec_requested(state, event)
        case _:
            return _run_requested(replace(state, asking=(*state.asking, event.seq)), event)


def _run_requested(state: State, event: Requested) -> Reaction:
    match event.op:
        case "create" if state.phase == Phase.WAITING:
            task = parse_task(event.body)
            return replace(state, phase=Phase.CREATING, task=task), (RunCall(task),)
        case "succeed" if state.phase == Phase.WAITING or state.trouble:
            log = parse_log(event.body)
            state = replace(state, phase=Phase.SUCCEEDING, log=log)
            return state, (ReopenOutput(log),)
        case "exit" if state.phase == Phase.SUCCEEDING:
            return state, (CompleteLog(state.log),)
        case "hello" if state.phase == Phase.CREATING and state.task is not None:
            return state, (EndCall(state.task),)
        case "exit" if state.phase == Phase.RECORDING:
            return _record(state) if state.failed else (state, ())
        case "exit" if state.phase == Phase.HOLDING and state.init is not None:
            return state, ()
        case "create" | "stream" if state.phase == Phase.CREATING:
            return state, ()
        case "stream" if state.phase in _WITH_OUTPUT:
            return state, (OfferStream(parse_offer(event.body)),)
        case _:
            return _rest(state)


def _unasked(state: State) -> State:
    """Who asked is gone."""
    return replace(state, asking=(), asking_execs=(), asking_log=())


def _disconnected(state: State, connection: int) -> Reaction:
    if connection != state.connection:
        return state, ()
    state = _unasked(state)
    return _leave(state) if state.phase == Phase.WAITING else (state, ())


def _call_ended(state: State, event: CallEnded) -> Reaction:
    return _rest(replace(state, phase=Phase.HOLDING, call=event, init=event.init))


def _child_ended(state: State, event: ChildEnded) -> Reaction:
    if (one := execs.of_process(state.execs, event.pid)) is not None:
        end = ExecEnd(event.code, event.signal, event.at)
        return _exec_rest(replace(state, execs=execs.over(state.execs, one, end)), one.task.id)
    if state.init is None or state.task is None or event.pid != state.init.pid:
        return state, ()
    steps = recipes.read_oom(state.task.cgroup)
    state = replace(state, phase=Phase.RECORDING, ended=event)
    return state, tuple(DoStep(one) for one in steps)


# ---- the log -----------------------------------------------------------------------------------


def _reopen_requested(state: State, seq: int) -> Reaction:
    """What is complete is not written to any more; where nothing is logged yet there is nothing to tell."""
    state = replace(state, asking_log=(*state.asking_log, seq))
    match state.phase:
        case Phase.HOLDING | Phase.RECORDING if state.task is not None:
            return state, (ReopenLog(state.task.log),)
        case Phase.SUCCEEDING:
            return state, (ReopenLog(state.log),)
        case Phase.ENDED:
            return _log_rest(state, "")
        case _:
            return _log_rest(state, None)


def _log_rest(state: State, failure: str | None) -> Reaction:
    """Answer those who asked for that: others may wait for the end of the run."""
    body = describe(state, log=failure)
    answers = tuple(Send(state.connection, seq, body) for seq in state.asking_log)
    return replace(state, asking_log=()), answers


# ---- execs -------------------------------------------------------------------------------------


def _exec_requested(state: State, event: Requested) -> Reaction:
    """Also the hello that ends a call in flight. What cannot be begun is not known then."""
    one = execs.in_flight(state.execs)
    match event.op:
        case "exec" if one is None and state.phase == Phase.HOLDING and state.init is not None:
            task = execs.parse_exec(event.body)
            known = execs.begun(state.execs, task)
            return _asking(replace(state, execs=known), event.seq, task.id), (RunExec(task),)
        case "exec-exit" if execs.is_awaited(state.execs, execs.parse_exec_id(event.body)):
            return _asking(state, event.seq, execs.parse_exec_id(event.body)), ()
        case "hello" if one is not None:
            return _asking(state, event.seq, one.task.id), (EndExec(one.task),)
        case _:
            return state, (Send(state.connection, event.seq, describe(state)),)


def _asking(state: State, seq: int, exec_id: str) -> State:
    return replace(state, asking_execs=(*state.asking_execs, (seq, exec_id)))


def _exec_called(state: State, called: tuple[Exec, ...]) -> Reaction:
    one = execs.in_flight(state.execs)
    state = replace(state, execs=called)
    return _exec_rest(state, one.task.id) if one is not None else (state, ())


def _exec_rest(state: State, exec_id: str) -> Reaction:
    """Answer those who asked about this exec."""
    body = describe(state)
    answers = tuple(
        Send(state.connection, seq, body) for seq, asked in state.asking_execs if asked == exec_id
    )
    left = tuple(one for one in state.asking_execs if one[1] != exec_id)
    return replace(state, asking_execs=left), answers


def _record(state: State) -> Reaction:
    if state.task is None:
        return state, ()
    *first, last = recipes.write_exit(state.task.record_directory, exit_bytes(state))
    return replace(state, failed=False), (*(DoStep(one) for one in first), DoStep(last, last=True))


def _record_written(state: State, *, ok: bool) -> Reaction:
    if ok and state.task is not None:
        return state, (CompleteLog(state.task.log),)
    return _rest(replace(state, failed=True))


def _rest(state: State) -> Reaction:
    """Answer everybody who asked."""
    body = describe(state)
    answers = tuple(Send(state.connection, seq, body) for seq in state.asking)
    return replace(state, asking=()), answers


def _leave(state: State) -> Reaction:
    return replace(state, phase=Phase.LEFT), (Leave(),)
