"""A way to a program's streams: its shim is told of a token, and the client where to go with it.

Nothing is written and nothing on the host changes hands, so there is no intent and nothing to recover: a token
that nobody comes with is forgotten by itself, and a session that is open needs no daemon. So it may come between
while a stop waits for the program's end, and must never write a row.
"""

from conman.core.admission import Setting
from conman.core.effects import vocabulary as v
from conman.core.effects.effect import Outcome
from conman.core.exec_admission import exec_not_found, no_terminal
from conman.core.execs import ExecState, found
from conman.core.ledger import Ledger, not_found
from conman.core.model import Container, State
from conman.core.reach import out_of_reach
from conman.core.requests import OpenStream, Reply, StreamOpened
from conman.core.shim_call import told_state, unanswered
from conman.errors import Code, Refusal


def admit_stream(
    request: OpenStream, container_id: str, ledger: Ledger, setting: Setting
) -> Container | Refusal:
    """Whose streams there are: of a run that is prepared, whether its program has begun or not."""
    if not ledger.knows(container_id):
        return not_found(request.container)
    view = ledger.view(container_id, setting.layout)
    name = view.name or container_id
    if objection := out_of_reach(view, f"the streams of container {name} cannot be reached"):
        return objection
    row = ledger.containers[container_id]
    if not row.is_prepared(setting.layout.boot_id):
        return _nothing_to_read(name, view.state, view.message)
    if request.exec_id:
        return _admit_exec(row, request)
    if request.streams.stdin and not row.spec.stdio.stdin:
        return _no_stdin(row)
    if request.console_size is not None and not row.spec.stdio.tty:
        return no_terminal(f"container {row.name}")
    return row


async def open_stream(row: Container, request: OpenStream, setting: Setting) -> Reply:
    token, exec_id = request.token, request.exec_id
    size = request.console_size
    told = await v.OfferStream(row.id, row.run, token, exec_id, request.streams, size)
    known = told_state(told)
    if known is None or known.stream is None:
        return _unreachable(row, told)
    if known.stream:
        return _no_socket(row, known.stream)
    one = found(row.execs, exec_id)
    if one is not None:
        path = setting.layout.exec_socket(row.id, row.run, exec_id)
        return StreamOpened(path, token, tty=one.spec.tty)
    path = setting.layout.stream_socket(row.id, row.run)
    return StreamOpened(path, token, tty=row.spec.stdio.tty)


def _admit_exec(row: Container, request: OpenStream) -> Container | Refusal:
    """Before it is started, too: so nothing of it is missed."""
    one = found(row.execs, request.exec_id)
    if one is None:
        return exec_not_found(row.name, request.exec_id)
    if one.state is ExecState.EXITED:
        return Refusal(
            Code.FAILED_PRECONDITION,
            "NotRunning",
            f"exec {one.id} of container {row.name} has no streams: it is over",
            "ask ExecStatus how it ended; what it wrote is kept nowhere",
            "exec_id",
        )
    if request.streams.stdin and not one.spec.stdin:
        return Refusal(
            Code.FAILED_PRECONDITION,
            "NoStdin",
            f"exec {one.id} of container {row.name} was created without an input",
            "leave stdin out, or create it with stdin",
            "stdin",
        )
    if request.console_size is not None and not one.spec.tty:
        return no_terminal(f"exec {one.id} of container {row.name}")
    return row


def _nothing_to_read(name: str, state: State, message: str) -> Refusal:
    because = f" ({message})" if message else ""
    return Refusal(
        Code.FAILED_PRECONDITION,
        "NotRunning",
        f"container {name} has no streams: it is {state.value}{because}",
        "start it first; what it has written is in its log",
        "container_id",
    )


def _no_stdin(row: Container) -> Refusal:
    return Refusal(
        Code.FAILED_PRECONDITION,
        "NoStdin",
        f"container {row.name} was created without an input",
        "leave stdin out, or create it with stdin (conmanctl: -i)",
        "stdin",
    )


def _unreachable(row: Container, told: Outcome) -> Refusal:
    return Refusal(
        Code.UNAVAILABLE,
        "HostFailed",
        f"the streams of container {row.name} cannot be reached: {unanswered(told)}",
        "another shim is on its way if this one has died: try again",
    )


def _no_socket(row: Container, why: str) -> Refusal:
    return Refusal(
        Code.FAILED_PRECONDITION,
        "HostFailed",
        f"the streams of container {row.name} cannot be reached: its shim makes no socket: {why}",
        "mend the cause below the run directory, then try again",
    )
