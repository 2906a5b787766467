"""Requests that change nothing: list, status, inspect, wait, of execs too. Answered from the ledger, or parked.

A record whose end has been observed but not yet committed is not told about: saying RUNNING would
contradict what the daemon knows, saying EXITED what a crash could take back. Such a reader waits.
"""

from collections.abc import Collection

from conman.core.departed import departed
from conman.core.exec_admission import exec_not_found, execs_unknown
from conman.core.execs import ExecState
from conman.core.execs import found as found_exec
from conman.core.layout import Layout
from conman.core.ledger import Ledger, not_found
from conman.core.model import Change, DropContainer, PutContainer, State
from conman.core.outputs import Send
from conman.core.requests import (
    ALL,
    ContainerList,
    ContainerStatus,
    ContainerView,
    ExecList,
    ExecQuestion,
    ExecStatus,
    ExecView,
    InspectContainer,
    ListContainers,
    ListExecs,
    Okay,
    Reply,
    Selection,
    WaitContainer,
    WaitExec,
)
from conman.errors import Refusal

ReadRequest = ListContainers | ContainerStatus | InspectContainer | WaitContainer | ExecQuestion


class Readers:
    """Who waits for what."""

    def __init__(self) -> None:
        #: By container, then by call: one that goes away is found at once.
        self._waiters: dict[str, dict[int, WaitContainer]] = {}
        self._execs: dict[str, dict[int, WaitExec]] = {}
        self._parked: dict[int, ReadRequest] = {}

    def ask(
        self, call: int, request: ReadRequest, ledger: Ledger, layout: Layout, ending: set[str]
    ) -> list[Send]:
        """The answer, if there is one now."""
        match request:
            case ListContainers(chosen):
                if ending:
                    self._parked[call] = request
                    return []
                views = tuple(ledger.view(i, layout) for i in ledger.listed())
                return [Send(call, ContainerList(selected(chosen, views)))]
            case ContainerStatus(text) | InspectContainer(text) | WaitContainer(text):
                found = ledger.resolve(text)
            case ListExecs(text) | ExecStatus(text) | WaitExec(text):
                found = ledger.resolve(text)
        if isinstance(found, Refusal):
            ended = departed(ledger, text) if isinstance(request, WaitContainer) else None
            return [Send(call, ended or found)]
        if found in ending:
            self._parked[call] = request
            return []
        if isinstance(request, ExecQuestion):
            return self._of_execs(call, request, ledger.view(found, layout), ledger)
        view = ledger.view(found, layout)
        if isinstance(request, WaitContainer) and (request.removed or _is_alive(view)):
            self._waiters.setdefault(found, {})[call] = request
            return []
        return [Send(call, view)]

    def _of_execs(
        self, call: int, request: ExecQuestion, whose: ContainerView, ledger: Ledger
    ) -> list[Send]:
        if whose.state is State.UNKNOWN or whose.container is None:
            return [Send(call, execs_unknown(whose))]
        if isinstance(request, ListExecs):
            by_age = sorted(whose.container.execs, key=lambda one: one.created_at)
            return [Send(call, ExecList(whose.id, tuple(by_age)))]
        reply = _exec_view(whose.id, request.exec_id, ledger)
        if isinstance(request, WaitExec) and not _is_over(reply):
            self._execs.setdefault(whose.id, {})[call] = request
            return []
        return [Send(call, reply)]

    def tell(self, changes: tuple[Change, ...], ledger: Ledger, layout: Layout) -> list[Send]:
        """Answers for those who waited for what was just committed."""
        sends: list[Send] = []
        for change in changes:
            match change:
                case PutContainer(row):
                    sends += self._wake_execs(row.id, ledger)
                    if row.state is State.EXITED:
                        # Where the store failed at first its mark goes only after this commit.
                        sends += self._wake(row.id, ledger.recorded(row, layout), removed=False)
                case DropContainer(object_id):
                    ended = departed(ledger, object_id)
                    sends += self._wake_execs(object_id, ledger)
                    sends += self._wake(object_id, ended or Okay(), removed=True)
                    sends += self._wake(object_id, not_found(object_id), removed=False)
                case _:
                    pass
        return sends

    def unpark(self) -> list[tuple[int, ReadRequest]]:
        """Those whose answer had to wait; ask again for each."""
        parked, self._parked = self._parked, {}
        return list(parked.items())

    def forget(self, call: int) -> None:
        """Whoever asked is gone. A run may go on for years, and be asked about every second."""
        self._parked.pop(call, None)
        for waiting in (self._waiters, self._execs):
            for object_id in [each for each, calls in waiting.items() if call in calls]:
                del waiting[object_id][call]
                if not waiting[object_id]:
                    del waiting[object_id]

    def _wake_execs(self, object_id: str, ledger: Ledger) -> list[Send]:
        """Those whose exec has ended, or is not remembered any more."""
        sends: list[Send] = []
        for call, request in self._execs.pop(object_id, {}).items():
            reply = _exec_view(object_id, request.exec_id, ledger)
            if _is_over(reply):
                sends.append(Send(call, reply))
            else:
                self._execs.setdefault(object_id, {})[call] = request
        return sends

    def _wake(self, object_id: str, reply: Reply, *, removed: bool) -> list[Send]:
        waiting = self._waiters.pop(object_id, {}).items()
        woken = [Send(call, reply) for call, request in waiting if request.removed is removed]
        rest = {call: request for call, request in waiting if request.removed is not removed}
        if rest:
            self._waiters[object_id] = rest
        return woken


def selected(chosen: Selection, views: tuple[ContainerView, ...]) -> tuple[ContainerView, ...]:
    """Those that the selection means, in their order."""
    return views if chosen == ALL else tuple(view for view in views if _is_meant(chosen, view))


def _is_meant(chosen: Selection, view: ContainerView) -> bool:
    row = view.container
    labels = dict(row.spec.labels) if row else {}
    code = row.exit_code if row and view.state is State.EXITED else None
    return (
        (not chosen.ids or view.id.startswith(chosen.ids))
        and (not chosen.names or any(part in view.name for part in chosen.names))
        and _is_of_state(chosen, view)
        and all(key in labels and value in (None, labels[key]) for key, value in chosen.labels)
        and (not chosen.exit_codes or code in chosen.exit_codes)
    )


def _is_of_state(chosen: Selection, view: ContainerView) -> bool:
    if not (chosen.states or chosen.restarting):
        return True
    row = view.container
    restarts = row is not None and row.next_restart_at > 0 and view.state is State.EXITED
    return view.state in chosen.states or (chosen.restarting and restarts)


def _exec_view(object_id: str, exec_id: str, ledger: Ledger) -> ExecView | Refusal:
    row = ledger.containers.get(object_id)
    one = found_exec(row.execs, exec_id) if row is not None else None
    if row is None or one is None:
        return exec_not_found(row.name if row else object_id, exec_id)
    return ExecView(object_id, one)


def _is_over(reply: ExecView | Refusal) -> bool:
    return isinstance(reply, Refusal) or reply.exec.state is ExecState.EXITED


def _is_alive(view: ContainerView) -> bool:
    return view.state in (State.CREATED, State.RUNNING, State.PAUSED)


def ending(
    ledger: Ledger, ended: Collection[tuple[str, int]], stale: Collection[str] = ()
) -> set[str]:
    """Objects whose end was observed and is not yet committed: not to be told about now.

    Nor is what recovery has yet to look at (`stale`): its row is what the last daemon knew.
    """
    found = set(stale)
    for object_id, run in sorted(ended):
        row = ledger.containers.get(object_id)
        if row is not None and row.init is not None and row.run == run:
            found.add(object_id)
    return found - set(ledger.marks)
