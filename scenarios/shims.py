"""Shims as actors, and what their daemon's death leaves of all that one has yet to read and say.

An answer into the void is no event, nor is a question of a dead daemon that would only be answered: neither
does anything that another one could see, before or after whatever else happens. So they are over at once
here, and no order of them is explored (decision 19). What a question *does* stays, and is read in turn.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from conman.shim import machine as shim
from conman.shim.execs import in_flight

Inbox = tuple[shim.Input, ...]
Actions = tuple[shim.Action, ...]


@dataclass(frozen=True, slots=True)
class Shim:
    """The shim as an actor: its machine's state, and what it has yet to do.

    With a `request` it is not yet born: its spawner has asked the zygote for a shim of this mark, and
    the request, which outlives the spawner, holds the lock. `unheard`: its spawner died before it was
    bound; it ends as soon as it says something, for nobody reads it. `hellos`: so many in a row it has let
    the daemon wait for in vain, and has answered nothing since.
    """

    pid: int
    directory: str
    request: str = ""
    bound: bool = False
    hellos: int = 0
    unheard: bool = False
    state: shim.State = field(default_factory=shim.State)
    actions: tuple[shim.Action, ...] = ()
    inbox: tuple[shim.Input, ...] = ()


def next_input(state: shim.State, inbox: Sequence[shim.Input]) -> int | None:
    """The place of what is read next: while a call is under way no other child is reaped."""
    calls = state.phase == shim.Phase.CREATING or in_flight(state.execs) is not None
    for place, event in enumerate(inbox):
        if not (calls and isinstance(event, shim.ChildEnded)):
            return place
    return None


def left_alone(one: Shim, connection: int | None = None) -> Shim:
    """A shim as its daemon's death leaves it. `connection`: the daemon's, if it had one.

    The next daemon knows nothing of its silence, and is to hear it itself.
    """
    one = replace(one, hellos=0)
    if not one.bound:
        one = replace(one, unheard=True)
    inbox = one.inbox if connection is None else _unread(one.inbox, connection)
    if not (inbox or one.actions or _is_asked(one.state)):
        return one
    state, actions, inbox = _alone(one.state, one.actions, inbox)
    return replace(one, state=state, actions=actions, inbox=inbox)


def _alone(state: shim.State, actions: Actions, inbox: Inbox) -> tuple[shim.State, Actions, Inbox]:
    """The same shim where all connections to it are dead; what it has yet to read in order of reading."""
    said = tuple(action for action in actions if not isinstance(action, shim.Send))
    state, inbox = _without_idle_talk(state, inbox)
    if _is_asked(state):
        state = replace(state, asking=(), asking_execs=(), asking_log=())
    return state, said, inbox


def _is_asked(state: shim.State) -> bool:
    return bool(state.asking or state.asking_execs or state.asking_log)


def _without_idle_talk(state: shim.State, inbox: Inbox) -> tuple[shim.State, Inbox]:
    ahead, rest, kept = state, list(inbox), list[shim.Input]()
    while (place := next_input(ahead, rest)) is not None:
        event = rest.pop(place)
        before, (ahead, reaction) = ahead, shim.step(ahead, event)
        idle = _is_void(reaction) and _is_same(before, ahead)
        # A waiting one leaves with whom it serves; once something is kept it waits no more.
        if idle and not kept:
            state = ahead
        elif not idle:
            kept.append(event)
    return state, (*kept, *rest)


def _is_void(reaction: Actions) -> bool:
    return all(isinstance(action, shim.Send) for action in reaction)


def _is_same(before: shim.State, after: shim.State) -> bool:
    return (
        replace(
            after,
            connection=before.connection,
            asking=before.asking,
            asking_execs=before.asking_execs,
            asking_log=before.asking_log,
        )
        == before
    )


def _unread(inbox: Inbox, connection: int) -> Inbox:
    """Of each question and each end the last.

    Each dead daemon's questions that do something would otherwise make a state of their own.
    """
    last: dict[object, shim.Input] = {}
    for event in (*inbox, shim.Disconnected(connection)):
        match event:
            case shim.Requested(op=op):
                kind: object = op
            case shim.ChildEnded(pid):
                kind = pid  # of an exec, or of the init: each ends once
            case _:
                kind = type(event)
        last.pop(kind, None)
        last[kind] = event
    return tuple(last.values())
