"""What runc decides, as a pure table: the steps of a command in a state, and the words of its answer.

The executable performs these plans on real files and stand-in processes, the simulator's world on
its simulated host: one model, two uses. Measured on runc 1.1.5. It must never look at a clock, a
file, a process or chance: whoever performs gathers a View and hands it in.
"""

from typing import assert_never

from fakerunc import signals
from fakerunc.record import Record, render_list, render_state
from fakerunc.view import (
    NOTHING_THERE,
    InitState,
    SignalEffect,
    StateFile,
    Status,
    View,
    effect_of_signal,
    status,
)
from fakerunc.vocabulary import (
    ALREADY_RUNNING,
    NO_CRIU,
    OK,
    STEPS,
    Answer,
    Checkpoint,
    Command,
    Create,
    Defect,
    Delete,
    Events,
    Exec,
    Kill,
    Pause,
    Plan,
    Ps,
    Resume,
    Run,
    Stage,
    Start,
    State,
    Step,
    StepKind,
    Update,
    stuck,
)

# The world may import this module only: it finds here what it needs of the others.
__all__ = [
    "ALREADY_RUNNING",
    "NOTHING_THERE",
    "NO_CRIU",
    "OK",
    "STEPS",
    "Answer",
    "Checkpoint",
    "Command",
    "Create",
    "Defect",
    "Delete",
    "Events",
    "Exec",
    "InitState",
    "Kill",
    "Pause",
    "Plan",
    "Ps",
    "Record",
    "Resume",
    "Run",
    "SignalEffect",
    "Stage",
    "Start",
    "State",
    "StateFile",
    "Status",
    "Step",
    "StepKind",
    "Update",
    "View",
    "complaint_about_id",
    "effect_of_signal",
    "failure",
    "listing_warning",
    "plan",
    "render_list",
    "render_state",
    "signals",
    "status",
    "stuck",
    "undo_of_create",
]


def plan(command: Command, view: View) -> Plan:
    """The whole table: every command in every state."""
    if isinstance(command, Create):
        return _create(command, view)
    if isinstance(command, Exec):
        return _exec(command, view)
    if complaint := _complaint_about_loading(command.id, view):
        return _unloadable(command, view, complaint)
    now = status(view)
    match command:
        case Start():
            return _start(now)
        case Kill():
            return _kill(command, now)
        case Delete():
            return _delete(command, now, view)
        case Pause():
            return _pause(now)
        case Resume():
            return _resume(now)
        case Ps():
            return _refusal(command.defect) if command.defect else Plan((), OK)
        case Update():
            return _update(command, now)
        case Events():
            return _events(command, now)
        case Checkpoint():
            return _checkpoint(now)
        case State():
            return Plan((), OK)
        case _:
            assert_never(command)


def undo_of_create(command: Create, failed: Step, words: str) -> Plan:
    """What create does, instead of the rest of its plan, when the host fails one of its steps.

    `words` is the host's reason. Of two creates of one id the slower fails at make-fifo, and undoes
    the winner's work: runc has no lock.
    """
    return _create_failed(
        command, words, *(_undo(command) if failed.kind in _WITH_INIT else _emptied(command))
    )


def failure(command: str, words: str) -> Answer:
    """How a command of this name answers that it failed: exec by a code of its own."""
    match command:
        case "create" | "run":
            return Answer(1, "", f"runc {command} failed: {words}")
        case "exec":
            return Answer(255, "", f"exec failed: {words}")
        case _:
            return Answer(1, "", words)


def complaint_about_id(id: str) -> str:  # noqa: A002 - what runc calls it
    """The refusal of an id by its form, or nothing. A comma passes, by a slip in runc's pattern."""
    if id == "":
        return "container id cannot be empty"
    in_pattern = all(c.isascii() and (c.isalnum() or c in "_+,-.") for c in id)
    return "" if in_pattern and id not in {".", ".."} else "invalid container ID format"


def listing_warning(id: str, view: View) -> str:  # noqa: A002 - what runc calls it
    """What `list` writes to stderr, bare, about a directory that it cannot load, or nothing."""
    complaint = _complaint_about_loading(id, view)
    return f"load container {id}: {complaint}" if complaint else ""


def _refusal(words: str, *steps: Step) -> Plan:
    return Plan(steps, Answer(1, "", words))


def _steps(*kinds: StepKind) -> tuple[Step, ...]:
    return tuple(Step(kind) for kind in kinds)


def _create(command: Create, view: View) -> Plan:
    stage = command.defect.stage if command.defect else None
    words = command.defect.words if command.defect else ""
    if stage is Stage.BUNDLE:
        return _create_failed(command, words)
    if complaint := complaint_about_id(command.id):
        return _create_failed(command, complaint)
    if stage is Stage.CONFIG:
        return _create_failed(command, words)
    if view.directory:
        return _create_failed(command, "container with given ID already exists")
    if stage is Stage.CGROUP:
        return _create_failed(command, words)
    room, init, pid_file = _steps_of_create(command)
    if stage is Stage.SPAWN:
        return _create_failed(command, words, *room, *_emptied(command))
    if stage is Stage.INIT:
        return _create_failed(command, words, *room, *init, *_undo(command))
    begin, end = _steps_of_run(command) if isinstance(command, Run) else ((), ())
    return Plan((*room, *init, *begin, *pid_file, *end), OK)


def _create_failed(command: Create, words: str, *steps: Step) -> Plan:
    return Plan(steps, failure("run" if isinstance(command, Run) else "create", words))


_Steps = tuple[Step, ...]


def _steps_of_create(command: Create) -> tuple[_Steps, _Steps, _Steps]:
    """Its room, its init, its pid file: a create that fails goes so far, and undoes it."""
    count = command.hierarchies
    cgroups = (Step(StepKind.MAKE_CGROUP, k, count) for k in range(1, count + 1))
    room = (*_steps(StepKind.MAKE_DIRECTORY, StepKind.MAKE_FIFO), *cgroups)
    early = _steps(StepKind.CREATE_HOOKS) if _CREATE_STAGES & set(command.hooks) else ()
    late = _steps(StepKind.POSTSTART_HOOKS) if "poststart" in command.hooks else ()
    state = _steps(StepKind.WRITE_STATE, StepKind.RENAME_STATE)
    init = (*_steps(StepKind.SPAWN_INIT), *early, *state, *late)
    return room, init, _PID_FILE if command.pid_file else ()


def _steps_of_run(command: Run) -> tuple[_Steps, _Steps]:
    """What it does before the pid file, and after."""
    if command.detach:
        return _RELEASE, ()
    orphans = (Step(StepKind.SIGNAL_MEMBERS, signal=signals.KILL),) if command.shared_pids else ()
    left = () if command.keep else (*orphans, *_emptied(command))
    return _RELEASE, (Step(StepKind.AWAIT_INIT), *left)


def _undo(command: Create) -> _Steps:
    if isinstance(command, Run) and command.keep:
        return _steps(StepKind.KILL_INIT, StepKind.UNLINK_FIFO, StepKind.REMOVE_CGROUPS)
    return (Step(StepKind.KILL_INIT), *_emptied(command))


def _emptied(command: Create) -> _Steps:
    return (*_EMPTY, *(_POSTSTOP if "poststop" in command.hooks else ()))


_RELEASE = _steps(StepKind.RELEASE_INIT, StepKind.UNLINK_FIFO)
_PID_FILE = _steps(StepKind.WRITE_PID_FILE, StepKind.RENAME_PID_FILE)
_EMPTY = _steps(StepKind.REMOVE_CGROUPS, StepKind.REMOVE_DIRECTORY)
_POSTSTOP = _steps(StepKind.POSTSTOP_HOOKS)
_CREATE_STAGES = frozenset({"prestart", "createRuntime", "createContainer"})
_WITH_INIT = frozenset(
    {
        StepKind.CREATE_HOOKS,
        StepKind.POSTSTART_HOOKS,
        StepKind.WRITE_STATE,
        StepKind.RENAME_STATE,
        StepKind.AWAIT_INIT,
        StepKind.KILL_INIT,
        *(step.kind for step in _RELEASE),
        *(step.kind for step in _PID_FILE),
    }
)


def _complaint_about_loading(id: str, view: View) -> str:  # noqa: A002 - what runc calls it
    if complaint := complaint_about_id(id):
        return complaint
    # Where there is no directory there is no state.json either.
    return view.state.value


def _unloadable(command: Command, view: View, words: str) -> Plan:
    """No container that runc could load; delete removes what it takes for a stale directory."""
    stale = view.state is StateFile.ABSENT and not complaint_about_id(command.id)
    if not (stale and isinstance(command, Delete)):
        return _refusal(words)
    remove = _steps(StepKind.REMOVE_DIRECTORY)
    return Plan(remove, OK) if command.force else _refusal(words, *remove)


def _start(now: Status) -> Plan:
    match now:
        case Status.CREATED:
            return Plan(_RELEASE, OK)
        case Status.STOPPED:
            return _refusal("cannot start a container that has stopped")
        case Status.RUNNING:
            return Plan((), ALREADY_RUNNING)
        case _:
            return _refusal(f"cannot start a container in the {now.value} state")


def _kill(command: Kill, now: Status) -> Plan:
    if isinstance(command.signal, str):
        return _refusal(f'unknown signal "{command.signal}"')
    known = 0 <= command.signal <= signals.LAST
    # --all freezes everybody while it signals them, and thaws them after; KILL needs the thaw.
    thaws = now is Status.PAUSED and (command.all or command.signal == signals.KILL)
    thaw = _steps(StepKind.THAW) if thaws else ()
    if command.all:
        if known:
            return Plan((Step(StepKind.SIGNAL_MEMBERS, signal=command.signal), *thaw), OK)
        # A warning for each member, of which a stopped container has none.
        return Plan(thaw, OK if now is Status.STOPPED else Answer(0, "", "invalid argument"))
    if now is Status.STOPPED:
        return _refusal("container not running")
    if not known:
        return _refusal("unable to signal init: invalid argument")
    return Plan((Step(StepKind.SIGNAL_INIT, signal=command.signal), *thaw), OK)


def _pause(now: Status) -> Plan:
    if now in {Status.CREATED, Status.RUNNING}:
        return Plan(_steps(StepKind.FREEZE), OK)
    return _refusal("container not running")


def _resume(now: Status) -> Plan:
    if now is Status.PAUSED:
        return Plan(_steps(StepKind.THAW), OK)
    return _refusal("container not paused")


def _update(command: Update, now: Status) -> Plan:
    if command.defect:
        return _refusal(command.defect)
    if now is Status.STOPPED:
        return _refusal("container not running")
    kinds = (StepKind.SET_RESOURCES, StepKind.WRITE_STATE, StepKind.RENAME_STATE)
    return Plan(_steps(*kinds), Answer(0, "", command.warning))


def _events(command: Events, now: Status) -> Plan:
    if command.defect:
        return _refusal(command.defect)
    if now is Status.STOPPED:
        return _refusal(f"container with id {command.id} is not running")
    return Plan((), OK)


def _checkpoint(now: Status) -> Plan:
    if now in {Status.CREATED, Status.STOPPED}:
        return _refusal(f"Container cannot be checkpointed in {now.value} state")
    return _refusal(NO_CRIU)


def _exec(command: Exec, view: View) -> Plan:
    """Its own code for all that is not the process's: a process may well exit with 1."""
    complaint = _complaint_about_loading(command.id, view)
    complaint = complaint or _complaint_about_exec(command, status(view))
    if complaint:
        return Plan((), failure("exec", complaint))
    pid_file = _PID_FILE if command.pid_file else ()
    await_it = () if command.detach else _steps(StepKind.AWAIT_PROCESS)
    return Plan((*_steps(StepKind.SPAWN_PROCESS), *pid_file, *await_it), OK)


def _complaint_about_exec(command: Exec, now: Status) -> str:
    if now is Status.STOPPED:
        return "cannot exec in a stopped container"
    if now is Status.PAUSED and not command.ignore_paused:
        return "cannot exec in a paused container (use --ignore-paused to override)"
    return command.defect


def _delete(command: Delete, now: Status, view: View) -> Plan:
    """In a shared pid namespace the end of init ends nobody else: runc kills what is left."""
    orphans = (Step(StepKind.SIGNAL_MEMBERS, signal=signals.KILL),) if view.shared_pids else ()
    rest = (*orphans, *_EMPTY, *(_POSTSTOP if view.poststop else ()))
    if now is Status.STOPPED:
        return Plan(rest, OK)
    if now is Status.CREATED or command.force:
        return Plan((Step(StepKind.KILL_INIT), *rest), OK)
    return _refusal(f"cannot delete container {command.id} that is not stopped: {now.value}")
