"""What may be asked of conman, and what it answers. Already validated: the edge did that.

`request_id` may be empty (no retry protection); `digest` stands for the whole body, so that the same
id with another body is told apart. `container` is what the user typed: id, name or unique id prefix.
"""

from conman.core.execs import Exec, ExecSpec
from conman.core.model import Container, ContainerSpec, State
from conman.core.resources import Resources
from conman.core.restart import RestartPolicy
from conman.core.spec import ConsoleSize
from conman.errors import Refusal
from conman.frozen import frozen


@frozen
class CreateContainer:
    """Answered by ContainerCreated."""

    request_id: str
    digest: str
    name: str
    spec: ContainerSpec


@frozen
class StartContainer:
    """Answered by Okay."""

    request_id: str
    digest: str
    container: str
    console_size: ConsoleSize | None = None


@frozen
class StopContainer:
    """The container's stop signal, after `timeout_ns` KILL. Answered by Okay once it has EXITED.

    None: what the container was created with.
    """

    request_id: str
    digest: str
    container: str
    timeout_ns: int | None


@frozen
class KillContainer:
    """One signal, at most once. Answered by Okay when it was sent."""

    request_id: str
    digest: str
    container: str
    signal: int


@frozen
class RemoveContainer:
    """Answered by Okay when nothing of it is left."""

    request_id: str
    digest: str
    container: str
    force: bool


@frozen
class PauseContainer:
    """Answered by Okay when every process of it stands still."""

    request_id: str
    digest: str
    container: str


@frozen
class UnpauseContainer:
    """Answered by Okay when they go on."""

    request_id: str
    digest: str
    container: str


@frozen
class UpdateContainer:
    """`resources`: what changes; None of a field, or of `restart`: as it was. Answered by ContainerUpdated."""

    request_id: str
    digest: str
    container: str
    resources: Resources
    restart: RestartPolicy | None = None


@frozen
class RenameContainer:
    """Answered by Okay when `name` is its name."""

    request_id: str
    digest: str
    container: str
    name: str


@frozen
class Streams:
    """Which streams of a program somebody wants."""

    stdin: bool = False
    stdout: bool = False
    stderr: bool = False


@frozen
class OpenStream:
    """A way to the streams of an exec, or "" of the container itself. Answered by StreamOpened.

    `token` is drawn when the request comes in. There is nothing to retry: another call, another token.
    """

    container: str
    exec_id: str
    streams: Streams
    token: str = ""
    request_id: str = ""
    digest: str = ""
    console_size: ConsoleSize | None = None


@frozen
class ReopenContainerLog:
    """Answered by Okay when what comes is written to the file that has the log's name. To be repeated at will."""

    container: str
    request_id: str = ""
    digest: str = ""


@frozen
class CreateExec:
    """Answered by ExecCreated: it can be attached to and started. With `start`: when its program runs."""

    request_id: str
    digest: str
    container: str
    spec: ExecSpec
    start: bool = False


@frozen
class StartExec:
    """Answered by Okay when its program runs; an exec is started once."""

    request_id: str
    digest: str
    container: str
    exec_id: str
    console_size: ConsoleSize | None = None


@frozen
class KillExec:
    """One signal to its first process, at most once. Answered by Okay when it was sent."""

    request_id: str
    digest: str
    container: str
    exec_id: str
    signal: int


@frozen
class Selection:
    """Which containers: those that satisfy every field that is not empty, by any of its values.

    `ids`: full, or beginnings; `names`: parts. `labels` must all be there: (key, value), None for any value.
    `restarting`: besides those in one of `states`, those that are about to be restarted.
    """

    ids: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    states: tuple[State, ...] = ()
    labels: tuple[tuple[str, str | None], ...] = ()
    exit_codes: tuple[int, ...] = ()
    restarting: bool = False


ALL = Selection()


@frozen
class ListContainers:
    """Answered by ContainerList, oldest first. `detailed` is for whoever tells it."""

    chosen: Selection = ALL
    detailed: bool = False


@frozen
class InspectContainer:
    """Answered by ContainerView."""

    container: str


@frozen
class ContainerStatus:
    """Answered by ContainerView."""

    container: str


@frozen
class WaitContainer:
    """Answered by ContainerView at the next end of a run; `removed`: by Okay once it is gone.

    Of a container that removes itself both are told how it had ended, a while longer than it is there.
    """

    container: str
    removed: bool = False


@frozen
class ListExecs:
    """Answered by ExecList, oldest first."""

    container: str


@frozen
class ExecStatus:
    """Answered by ExecView."""

    container: str
    exec_id: str


@frozen
class WaitExec:
    """Answered by ExecView once it has EXITED."""

    container: str
    exec_id: str


MutatingRequest = (
    CreateContainer
    | StartContainer
    | StopContainer
    | KillContainer
    | RemoveContainer
    | PauseContainer
    | UnpauseContainer
    | UpdateContainer
    | RenameContainer
    | OpenStream
    | ReopenContainerLog
    | CreateExec
    | StartExec
    | KillExec
)
ExecQuestion = ListExecs | ExecStatus | WaitExec
Request = (
    MutatingRequest
    | ListContainers
    | ContainerStatus
    | InspectContainer
    | WaitContainer
    | ExecQuestion
)


@frozen
class ContainerCreated:
    """The new container's id; `warnings` for people."""

    container_id: str
    warnings: tuple[str, ...] = ()


@frozen
class ContainerUpdated:
    """The limits are kept; `warnings`: which of them this host cannot set, for people."""

    warnings: tuple[str, ...] = ()


@frozen
class StreamOpened:
    """Who comes to the socket at `path` with the token is let in, once, soon."""

    path: str
    token: str
    tty: bool


@frozen
class Okay:
    """Done; there is nothing more to say."""


@frozen
class ContainerView:
    """A row as the API tells it. `container` is None for a record that has no readable row.

    `state`, `reason` and `message` are what to tell: they differ from the row's when UNKNOWN.
    """

    id: str
    name: str
    state: State
    reason: str
    message: str
    container: Container | None
    log_path: str = ""
    bundle_path: str = ""


@frozen
class ContainerList:
    """All live records."""

    containers: tuple[ContainerView, ...]


@frozen
class ExecCreated:
    """The new exec's id, and its container's."""

    container_id: str
    exec_id: str


@frozen
class ExecView:
    """An exec as the API tells it."""

    container_id: str
    exec: Exec


@frozen
class ExecList:
    """Those of one container that have not ended, and the latest that have."""

    container_id: str
    execs: tuple[Exec, ...]


Reply = (
    ContainerCreated
    | ContainerUpdated
    | StreamOpened
    | Okay
    | ContainerView
    | ContainerList
    | ExecCreated
    | ExecView
    | ExecList
    | Refusal
)
