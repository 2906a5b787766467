"""Whether the shim of a container can be asked for anything: one condition has one answer, whatever is asked.

A look at the ledger, no more: that a shim answers it must never promise.
"""

from conman.core.model import SHIM_LOST, State
from conman.core.requests import ContainerView
from conman.errors import Code, Refusal


def out_of_reach(view: ContainerView, what: str) -> Refusal | None:
    """Why not; None: if its run is prepared, its shim may be asked. `what`: cannot be, as a sentence says it."""
    if is_for_good(view):
        return _for_good(f"{what}: it is UNKNOWN ({view.message})", "remove it with --force")
    if view.state is State.UNKNOWN:
        return Refusal(
            Code.UNAVAILABLE,
            "HostFailed",
            f"{what}: it is UNKNOWN ({view.message})",
            "conman looks again by itself: try again when it is known",
        )
    if view.reason == SHIM_LOST:
        return _for_good(f"{what}: {view.message}", "stop it, and start it again")
    return None


def is_for_good(view: ContainerView) -> bool:
    """Nobody looks again: at a record that cannot be read, at what no record owns. A create that is being undone ends."""
    return view.container is None and view.reason in {"Quarantined", "Unowned"}


def _for_good(what: str, hint: str) -> Refusal:
    """Asking again does not mend it."""
    return Refusal(Code.FAILED_PRECONDITION, "HostFailed", what, hint, "container_id")
