"""Exhibits that only several clients can show: one that asks alone never meets itself."""

from collections.abc import Awaitable, Callable
from typing import Any

from conman.core import queues, readers, turns
from conman.core.effects import vocabulary as v
from conman.core.ledger import Ledger
from conman.core.machine import Machine
from conman.core.model import ReserveName
from conman.core.requests import (
    CreateContainer,
    KillContainer,
    MutatingRequest,
    Okay,
    OpenStream,
    RemoveContainer,
    StartContainer,
)
from conman.core.sagas import commits
from conman.core.turns import Work
from conman.errors import Refusal
from conman.frozen import replace
from conman.shim import machine as shim
from scenarios.museum.exhibit import Exhibit, Replaced


async def _conflict_is_no_matter(
    original: Callable[..., Awaitable[Refusal | None]], effect: v.Commit, container_id: str
) -> Refusal | None:
    """The name was free when it was asked for; that the store has given it away since is not heard."""
    refusal = await original(effect, container_id)
    if refusal is None or not any(isinstance(one, ReserveName) for one in effect.changes):
        return refusal
    nameless = (one for one in effect.changes if not isinstance(one, ReserveName))
    return await original(type(effect)(tuple(nameless)), container_id)


def _request_under_way(machine: Machine, request: MutatingRequest) -> Any:  # noqa: ANN401 - its work
    """The work on this container that a client has asked for; None: there is none."""
    if isinstance(request, CreateContainer):
        return None
    task = vars(machine)["_tasks"].get(machine.ledger.resolve(request.container))
    return task.work if task is not None and task.work.request is not None else None


def _removed_before_it_is(
    original: Callable[..., None],
    machine: Machine,
    call: int,
    request: MutatingRequest,
    drawn: bytes,
) -> None:
    """A forced removal is told as done while a start is under way; it is done after that."""
    work = _request_under_way(machine, request)
    is_start = work is not None and isinstance(work.request, StartContainer)
    if is_start and isinstance(request, RemoveContainer) and request.force:
        vars(Machine)["_send"](machine, call, Okay())
        call = -call
    original(machine, call, request, drawn)


def _joins_whatever_is_under_way(
    original: Callable[..., None],
    machine: Machine,
    call: int,
    request: MutatingRequest,
    drawn: bytes,
) -> None:
    """One operation at a time on a container: who comes meanwhile is told what came of that one."""
    work = _request_under_way(machine, request)
    if work is None:
        original(machine, call, request, drawn)
    else:
        work.callers.append(call)


def _known_when_it_is_over(
    original: Callable[..., None],
    machine: Machine,
    call: int,
    request: MutatingRequest,
    drawn: bytes,
) -> None:
    """A request's id counts once its answer is recorded, and not while it is under way."""
    vars(machine)["_requests"].pop(request.request_id, None)
    original(machine, call, request, drawn)


def _one_at_a_time(original: Callable[..., None], machine: Machine, key: str) -> None:
    """One lock for all containers, held through every wait."""
    held = vars(machine)
    for waiting in (key, *list(held["_queues"])):
        if not list(held["_tasks"]):
            original(machine, waiting)


def _in_its_turn(_original: Callable[[str], str], object_id: str) -> str:
    """A log has no turns of its own: it waits for what is done to its container."""
    return object_id


def _attaches_in_its_turn(original: Callable[[Work], bool], work: Work) -> bool:
    return original(work) and not isinstance(work.request, OpenStream)


def _kills_in_its_turn(original: Callable[[Work], bool], work: Work) -> bool:
    return original(work) and not isinstance(work.request, KillContainer)


def _has_patience(_original: object, _work: Work) -> bool:
    return False


def _execs_end_in_their_turn(original: Callable[[Work], bool], work: Work) -> bool:
    return original(work) and work.kind is not turns.Kind.SETTLE_EXECS


def _not_told_meanwhile(
    original: Callable[..., set[str]], ledger: Ledger, *observed: object
) -> set[str]:
    """While something is done to a container, nobody is told how it is."""
    return original(ledger, *observed) | set(ledger.intents)


def _all_are_answered(
    original: Callable[..., shim.Reaction], state: shim.State, failure: str | None
) -> shim.Reaction:
    """Whoever waits for the end of the run is told what there is, when somebody's log is reopened."""
    after, answers = original(state, failure)
    body = shim.describe(after)
    others = tuple(shim.Send(after.connection, seq, body) for seq in after.asking)
    return replace(after, asking=()), (*answers, *others)


_MACHINE = f"{Machine.__module__}.{Machine.__name__}"

EXHIBITS = (
    Exhibit(
        "two-of-one-name",
        "A",
        "of two creates of one name at once both succeed",
        "",
        "core",
        ("I9",),
        "create-create",
        (Replaced(f"{commits.__name__}.commit", _conflict_is_no_matter),),
    ),
    Exhibit(
        "retry-while-it-is-under-way",
        "A",
        "a request that is repeated while it is under way is done twice",
        "",
        "core",
        ("I9",),
        "create-twice",
        (Replaced(f"{_MACHINE}._mutate", _known_when_it_is_over),),
    ),
    Exhibit(
        "removed-before-it-is",
        "C",
        "a removal is told as done while a start is under way",
        "",
        "core",
        ("I9",),
        "start-remove",
        (Replaced(f"{_MACHINE}._begin", _removed_before_it_is),),
    ),
    Exhibit(
        "answer-to-another",
        "C",
        "who asks for a stop is told what came of another's new limits",
        "",
        "core",
        ("I9",),
        "update-stop",
        (Replaced(f"{_MACHINE}._mutate", _joins_whatever_is_under_way),),
    ),
    Exhibit(
        "one-lock",
        "C",
        "one lock for all, held through every wait: who asks for another container waits too",
        "the first conman",
        "core",
        ("I5",),
        "two-workers",
        (Replaced(f"{_MACHINE}._next", _one_at_a_time),),
    ),
    Exhibit(
        "reopening-waits-for-a-stop",
        "J",
        "a log is not reopened while its container is being stopped",
        "CRI-O#6297",
        "core",
        ("I5",),
        "reopen-log-stop",
        (Replaced(f"{turns.__name__}.beside", _in_its_turn),),
    ),
    Exhibit(
        "attaching-waits-for-a-stop",
        "J",
        "nobody comes to a program's streams while its container is being stopped",
        "",
        "core",
        ("I5",),
        "attach-stop",
        (Replaced(f"{queues.__name__}.comes_between", _attaches_in_its_turn),),
    ),
    Exhibit(
        "killing-waits-for-a-stop",
        "C",
        "who has no patience with a program that is being stopped cannot kill it",
        "",
        "core",
        ("I5",),
        "kill-stop",
        (Replaced(f"{queues.__name__}.comes_between", _kills_in_its_turn),),
    ),
    Exhibit(
        "removing-waits-for-a-stop",
        "C",
        "who removes by force what is being stopped waits until its program's time is over",
        "",
        "core",
        ("I5",),
        "remove-stop",
        (Replaced(f"{queues.__name__}.has_no_patience", _has_patience),),
    ),
    Exhibit(
        "execs-wait-for-a-stop",
        "J",
        "an exec that has ended is not told while its container is being stopped",
        "",
        "core",
        ("I5",),
        "exec-ends-in-stop",
        (Replaced(f"{queues.__name__}.comes_between", _execs_end_in_their_turn),),
    ),
    Exhibit(
        "status-waits-for-a-stop",
        "J",
        "nobody is told how a container is while it is being stopped",
        "CRI-O#6297",
        "core",
        ("I5",),
        "reopen-log-stop",
        (Replaced(f"{readers.__name__}.ending", _not_told_meanwhile),),
    ),
    Exhibit(
        "end-told-before-it-is-known",
        "J",
        "whoever waits for the end of a run is answered before it, when its log is reopened",
        "",
        "shim",
        ("I5",),
        "reopen-log-end",
        (Replaced(f"{shim.__name__}._log_rest", _all_are_answered),),
    ),
)
