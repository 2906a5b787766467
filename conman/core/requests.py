"""What may be asked of conman, and what it answers. Already validated: the edge did that.

`request_id` may be empty (no retry protection); `digest` stands for the whole body, so that the same
id with another body is told apart. `container` is what the user typed: id, name or unique id prefix.
"""

from dataclasses import dataclass

from conman.core.model import Container, ContainerSpec, State
from conman.core.resources import Resources
from conman.errors import Refusal


@dataclass(frozen=True, slots=True)
class CreateContainer:
    """Answered by ContainerCreated."""

    request_id: str
    digest: str
    name: str
    spec: ContainerSpec


@dataclass(frozen=True, slots=True)
class StartContainer:
    """Answered by Okay."""

    request_id: str
    digest: str
    container: str


@dataclass(frozen=True, slots=True)
class StopContainer:
    """The container's stop signal, after `timeout_ns` KILL. Answered by Okay once it has EXITED.

    None: what the container was created with.
    """

    request_id: str
    digest: str
    container: str
    timeout_ns: int | None


@dataclass(frozen=True, slots=True)
class KillContainer:
    """One signal, at most once. Answered by Okay when it was sent."""

    request_id: str
    digest: str
    container: str
    signal: int


@dataclass(frozen=True, slots=True)
class RemoveContainer:
    """Answered by Okay when nothing of it is left."""

    request_id: str
    digest: str
    container: str
    force: bool


@dataclass(frozen=True, slots=True)
class PauseContainer:
    """Answered by Okay when every process of it stands still."""

    request_id: str
    digest: str
    container: str


@dataclass(frozen=True, slots=True)
class UnpauseContainer:
    """Answered by Okay when they go on."""

    request_id: str
    digest: str
    container: str


@dataclass(frozen=True, slots=True)
class UpdateContainer:
    """`resources`: what changes; None of a field: as it was. Answered by ContainerUpdated."""

    request_id: str
    digest: str
    container: str
    resources: Resources


@dataclass(frozen=True, slots=True)
class RenameContainer:
    """Answered by Okay when `name` is its name."""

    request_id: str
    digest: str
    container: str
    name: str


@dataclass(frozen=True, slots=True)
class Selection:
    """Which containers: those that satisfy every field that is not empty, by any of its values.

    `ids`: full, or beginnings; `names`: parts. `labels` must all be there: (key, value), None for any value.
    """

    ids: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    states: tuple[State, ...] = ()
    labels: tuple[tuple[str, str | None], ...] = ()
    exit_codes: tuple[int, ...] = ()


ALL = Selection()


@dataclass(frozen=True, slots=True)
class ListContainers:
    """Answered by ContainerList, oldest first. `detailed` is for whoever tells it."""

    chosen: Selection = ALL
    detailed: bool = False


@dataclass(frozen=True, slots=True)
class InspectContainer:
    """Answered by ContainerView."""

    container: str


@dataclass(frozen=True, slots=True)
class ContainerStatus:
    """Answered by ContainerView."""

    container: str


@dataclass(frozen=True, slots=True)
class WaitContainer:
    """Answered by ContainerView at the next end of a run; `removed`: by Okay once it is gone."""

    container: str
    removed: bool = False


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
)
Request = MutatingRequest | ListContainers | ContainerStatus | InspectContainer | WaitContainer


@dataclass(frozen=True, slots=True)
class ContainerCreated:
    """The new container's id; `warnings` for people."""

    container_id: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ContainerUpdated:
    """The limits are kept; `warnings`: which of them this host cannot set, for people."""

    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Okay:
    """Done; there is nothing more to say."""


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class ContainerList:
    """All live records."""

    containers: tuple[ContainerView, ...]


Reply = ContainerCreated | ContainerUpdated | Okay | ContainerView | ContainerList | Refusal
