"""What crun decides, as a pure table like model.py's: the same steps, another order, other words.

Measured on crun 1.8.1 over cgroup v1. It must never look at a clock, a file, a process or chance.
"""

from fakerunc import signals
from fakerunc.model import (
    OK,
    Answer,
    Checkpoint,
    Command,
    Create,
    Delete,
    Events,
    Exec,
    InitState,
    Kill,
    Pause,
    Plan,
    Ps,
    Resume,
    Run,
    Stage,
    Start,
    State,
    StateFile,
    Status,
    Step,
    StepKind,
    Update,
    View,
)

_CREATE_STAGES = frozenset({"prestart", "createRuntime", "createContainer"})
_NO_DIRECTORY = 253  # how ps leaves where there is no status file: its own -ENOENT does not fit
_FAILED_PS = _FAILED_EXEC = 255


def plan(command: Command, view: View, place: str) -> Plan:
    """`place` is the state directory's path."""
    if isinstance(command, Create):
        return _create(command, view)
    if isinstance(command, Delete):
        return _delete(command, view, place)
    if complaint := complaint_about_status(view, place):
        return _unloadable(command, view, complaint)
    return _of_a_known(command, view, place)


def _of_a_known(command: Command, view: View, place: str) -> Plan:
    match command:
        case Start():
            return _start(command, view, place)
        case Kill():
            return _kill(command, view)
        case Pause() | Resume():
            return _freezer(command, view)
        case Exec():
            return _exec(command, view)
        case Update():
            changes = Plan((Step(StepKind.SET_RESOURCES),), OK)
            return refusal(command.defect) if command.defect else changes
        case Ps() | State():
            return Plan((), OK)
        case Create() | Delete() | Events() | Checkpoint():
            raise AssertionError(f"{command} is planned elsewhere, or no command of crun's")


def status(view: View) -> Status:
    """Who waits at exec.fifo is created, frozen or not."""
    if not view.directory:
        return Status.ABSENT
    if view.state is not StateFile.VALID:
        return Status.BROKEN if view.state is StateFile.ABSENT else Status.TORN
    if view.init is InitState.GONE:
        return Status.STOPPED
    if view.fifo:
        return Status.CREATED
    return Status.PAUSED if view.frozen else Status.RUNNING


def complaint_about_status(view: View, place: str) -> str:
    """Why there is no container to load, or nothing; of a torn file its JSON library shows the rest."""
    match view.state:
        case StateFile.VALID:
            return ""
        case StateFile.ABSENT:
            return f"error opening file `{place}/status`: No such file or directory"
        case _:
            shown = " " * 39 + view.torn[:30]
            arrow = " " * 21 + "(right here) ------^"
            return f"cannot parse status file: parse error: premature EOF\n{shown}\n{arrow}\n"


def refusal(words: str, *steps: Step, code: int = 1) -> Plan:
    return Plan(steps, Answer(code, "", words))


def failure(command: str, words: str) -> Answer:
    """As model.failure; crun says no more than the words."""
    return Answer(_FAILED_EXEC if command == "exec" else 1, "", words)


def _unloadable(command: Command, view: View, words: str) -> Plan:
    if not isinstance(command, Ps):
        return refusal(words)
    code = _NO_DIRECTORY if view.state is StateFile.ABSENT else _FAILED_PS
    return Plan((), Answer(code, "", words, unlogged=True))


def _create(command: Create, view: View) -> Plan:
    defect = command.defect
    if defect and defect.stage in {Stage.BUNDLE, Stage.CONFIG}:
        return refusal(defect.words)
    if view.directory:
        return refusal(f"container `{command.id}` already exists")
    room = (Step(StepKind.MAKE_DIRECTORY), Step(StepKind.MAKE_FIFO), Step(StepKind.SPAWN_INIT))
    cgroups = tuple(
        Step(StepKind.MAKE_CGROUP, k, command.hierarchies)
        for k in range(1, command.hierarchies + 1)
    )
    if defect:
        return refusal(defect.words, *room, *cgroups, *_UNDO)
    return Plan((*room, *cgroups, *_recorded(command), *_of_run(command)), OK)


def _recorded(command: Create) -> tuple[Step, ...]:
    """The pid file is written in its place: it may be seen empty."""
    kinds = [StepKind.CREATE_HOOKS] if _CREATE_STAGES & set(command.hooks) else []
    kinds += [StepKind.WRITE_STATE, StepKind.RENAME_STATE]
    kinds += [StepKind.WRITE_PID_FILE] if command.pid_file else []
    return tuple(Step(kind) for kind in kinds)


def _of_run(command: Create) -> tuple[Step, ...]:
    if not isinstance(command, Run):
        return ()
    begun = (Step(StepKind.RELEASE_INIT), Step(StepKind.UNLINK_FIFO))
    if command.detach:
        return begun
    ended = (Step(StepKind.AWAIT_INIT), *_everybody(command.shared_pids), *_EMPTY)
    return (*begun, *ended)


def undo(command: Create, failed: Step, words: str) -> Plan:
    """As model.undo_of_create."""
    poststop = (Step(StepKind.POSTSTOP_HOOKS),) if "poststop" in command.hooks else ()
    steps = _EMPTY if failed.kind in _WITHOUT_INIT else _UNDO
    return refusal(words, *steps, *poststop)


# Before there is one, and once its end has been awaited.
_WITHOUT_INIT = frozenset(
    {
        StepKind.MAKE_DIRECTORY,
        StepKind.MAKE_FIFO,
        StepKind.SPAWN_INIT,
        StepKind.SIGNAL_MEMBERS,
        StepKind.REMOVE_CGROUPS,
        StepKind.REMOVE_DIRECTORY,
    }
)
_EMPTY = (Step(StepKind.REMOVE_CGROUPS), Step(StepKind.REMOVE_DIRECTORY))
_UNDO = (Step(StepKind.KILL_INIT), *_EMPTY)


def _everybody(shared_pids: bool) -> tuple[Step, ...]:  # noqa: FBT001 - a View's field
    """In a shared pid namespace the end of init ends nobody else."""
    return (Step(StepKind.SIGNAL_MEMBERS, signal=signals.KILL),) if shared_pids else ()


def _start(command: Start, view: View, place: str) -> Plan:
    if view.init is InitState.GONE:
        return refusal(f"container `{command.id}` is not running")
    if not view.fifo:
        return refusal(f"cannot open `{place}/exec.fifo`: No such file or directory")
    begun = (Step(StepKind.RELEASE_INIT), Step(StepKind.UNLINK_FIFO))
    if view.frozen:
        # crun leaves its word in the fifo, and init hears it once it is thawed.
        return Plan((Step(StepKind.THAW), *begun, Step(StepKind.FREEZE)), OK)
    return Plan(begun, OK)


def _kill(command: Kill, view: View) -> Plan:
    """A name that is none counts as signal 0; --all thaws whom it signals."""
    number = command.signal if isinstance(command.signal, int) else 0
    if command.all:
        thaw = (Step(StepKind.THAW),) if view.frozen else ()
        return Plan((Step(StepKind.SIGNAL_MEMBERS, signal=number), *thaw), OK)
    if view.init is InitState.GONE:
        return refusal("open pidfd: No such process")
    if not 0 <= number <= signals.LAST:
        return refusal("send signal to pidfd: Invalid argument")
    return Plan((Step(StepKind.SIGNAL_INIT, signal=number),), OK)


def _freezer(command: Pause | Resume, view: View) -> Plan:
    if view.init is InitState.GONE:
        return refusal(f"the container `{command.id}` is not running: No such process")
    if isinstance(command, Pause):
        return Plan((Step(StepKind.FREEZE),), OK)
    return Plan((Step(StepKind.THAW),) if view.frozen else (), OK)


def _exec(command: Exec, view: View) -> Plan:
    if view.init is InitState.GONE:
        return refusal(f"the container `{command.id}` is not running")
    if view.frozen:
        return refusal(f"the container `{command.id}` is paused")
    if command.defect:
        return refusal(command.defect, code=_FAILED_EXEC)
    steps = [Step(StepKind.SPAWN_PROCESS)]
    steps += [Step(StepKind.WRITE_PID_FILE)] if command.pid_file else []
    steps += [] if command.detach else [Step(StepKind.AWAIT_PROCESS)]
    return Plan(tuple(steps), OK)


def _delete(command: Delete, view: View, place: str) -> Plan:
    """What it cannot load it removes, and says nothing."""
    if not view.directory:
        missing = f"cannot open directory '{place}': No such file or directory"
        return Plan((), OK) if command.force else refusal(missing)
    if view.state is not StateFile.VALID:
        return Plan((Step(StepKind.REMOVE_DIRECTORY),), OK)
    now = status(view)
    poststop = (Step(StepKind.POSTSTOP_HOOKS),) if view.poststop else ()
    rest = (*_everybody(view.shared_pids), *_EMPTY, *poststop)
    if now is Status.STOPPED:
        return Plan(rest, OK)
    if now is Status.CREATED or command.force:
        return Plan((Step(StepKind.KILL_INIT), *rest), OK)
    return refusal(f"the container `{command.id}` is not in `created` or `stopped` state")
