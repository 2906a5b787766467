"""What runc sees of a container, what state it takes that for, and what a signal does in that state.

Pure, like all that the model is made of: it must never gather what it judges.
"""

from dataclasses import dataclass
from enum import Enum

from fakerunc import signals


class Status(Enum):
    """What runc makes of an id; the values of the last four are its own words."""

    ABSENT = "absent"
    BROKEN = "broken"  # a directory without state.json: a create is under way, or was killed
    TORN = "torn"  # a state.json that does not parse: everything fails, delete --force too
    CREATED = "created"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"


class StateFile(Enum):
    """What <root>/<id>/state.json holds; the value is runc's complaint about it."""

    ABSENT = "container does not exist"
    EMPTY = "EOF"
    TORN = "unexpected EOF"
    ZEROS = r"invalid character '\x00' looking for beginning of value"
    VALID = ""


class InitState(Enum):
    """Whether the process that state.json names, by pid and start time, lives; a zombie is gone."""

    GONE = "gone"
    ALIVE = "alive"


@dataclass(frozen=True, slots=True)
class View:
    """What one command sees on the host about one id.

    `fifo` (exec.fifo exists) is runc's only evidence for `created`: a start that was killed before
    it unlinked the fifo leaves a running program that runc calls created. `shared_pids`: the
    container has no pid namespace of its own; `poststop`: it has hooks for its end.
    """

    directory: bool
    fifo: bool
    state: StateFile
    init: InitState
    frozen: bool
    shared_pids: bool = False
    poststop: bool = False
    torn: str = ""  # what there is of a state that does not parse


NOTHING_THERE = View(
    directory=False, fifo=False, state=StateFile.ABSENT, init=InitState.GONE, frozen=False
)


def status(view: View) -> Status:
    """Weighs the evidence in runc's order: state.json, freezer, init, exec.fifo."""
    if not view.directory:
        return Status.ABSENT
    if view.state is not StateFile.VALID:
        return Status.BROKEN if view.state is StateFile.ABSENT else Status.TORN
    if view.frozen:
        return Status.PAUSED
    if view.init is InitState.GONE:
        return Status.STOPPED
    return Status.CREATED if view.fifo else Status.RUNNING


_LIVING = frozenset({Status.CREATED, Status.RUNNING, Status.PAUSED})


class SignalEffect(Enum):
    """What becomes of an init that a signal reaches."""

    NOTHING = "nothing"
    EXITS_2 = "exits-2"  # by itself, with code 2: a created init is still a Go program
    DIES = "dies"  # of this signal, and with it every process of its pid namespace
    SUSPENDED = "suspended"
    HANDLED = "handled"  # the program's own business
    PENDING = "pending"  # frozen: it takes effect when thawed


def effect_of_signal(
    status: Status, signal: int, *, handled: bool, shared_pids: bool = False
) -> SignalEffect:
    """PID 1's rules, for a signal from outside; `handled`: the program has a handler for it."""
    if status not in _LIVING or signal == 0:
        return SignalEffect.NOTHING
    if signal == signals.KILL:
        return SignalEffect.DIES
    if status is Status.PAUSED:
        return SignalEffect.PENDING
    if signal == signals.STOP:
        return SignalEffect.SUSPENDED
    if status is Status.CREATED:
        ends = signal in signals.ENDS_CREATED
        return SignalEffect.EXITS_2 if ends else SignalEffect.NOTHING
    if handled:
        return SignalEffect.HANDLED
    return _default_effect(signal) if shared_pids else SignalEffect.NOTHING


def _default_effect(signal: int) -> SignalEffect:
    if signal in signals.DEFAULT_IGNORED:
        return SignalEffect.NOTHING
    return SignalEffect.SUSPENDED if signal in signals.DEFAULT_SUSPENDS else SignalEffect.DIES
