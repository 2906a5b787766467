"""The exit code in what WaitContainer answers: of a container that has none it must never be 0.

It exists because the field of a code that nobody knows reads as 0, which to a script is success.
"""

from typing import TYPE_CHECKING

from conman.ctl.failure import CommandFailed

if TYPE_CHECKING:
    from conman.wire.v1 import conman_pb2 as wire


def code_of(answer: "wire.WaitContainerResponse", container: str) -> int:
    """Raises CommandFailed where nobody can tell how it ended."""
    from conman.wire.v1 import conman_pb2 as wire

    status = answer.status
    if not answer.HasField("status"):
        raise CommandFailed(
            f"container {container} was removed before its program had ended: it has no exit code"
        )
    if status.state == wire.UNKNOWN:
        raise CommandFailed(
            f"container {container} is UNKNOWN ({status.reason}), and its exit code cannot be told:"
            f" {status.message}; ask again"
        )
    return status.exit_code
