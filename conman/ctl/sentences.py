"""gRPC's failures as sentences for a person.

It exists because `StatusCode.UNAVAILABLE: failed to connect to all addresses` tells a
person neither what nor what to do. It must never be imported before something failed.
"""

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import grpc
    from google.rpc.error_details_pb2 import ErrorInfo

    from conman.ctl.address import Address

_ERROR_DOMAIN = "conman"
_START_IT = "start it with `conmand`, or name its socket with --address or CONMAN_ADDRESS"
#: What is bit by bit, and goes on no longer than somebody takes it.
_TOLD = {
    "ReadArchive": "it is copied in part, copy again",
    "WriteArchive": "it is copied in part, copy again",
    "Logs": "that is not all of the log",
    "Events": "more may have happened",
}
#: gRPC's words for a way that it did not find.
_NO_WAY = (
    "failed to connect",
    "errors resolving",
    "DNS resolution failed",
    "Failed to create channel",
)
_DETAILS_KEY = "grpc-status-details-bin"


@dataclass(frozen=True, slots=True)
class Failed:
    """One failed try. `reason` and `metadata` (field, hint) are conman's own, "" and None when it was not."""

    code: str
    details: str
    reason: str = ""
    metadata: "Mapping[str, str] | None" = None

    @property
    def never_sent(self) -> bool:
        """Whether conmand cannot have seen the request. Decides words only."""
        return self.details.startswith(_NO_WAY)


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a try was UNAVAILABLE, in a sentence, and whether waiting can help.

    `answered`: conmand itself said so, it is there.
    """

    told: str
    passing: bool = True
    answered: bool = False


def read_failure(error: "grpc.RpcError") -> Failed:
    """What the error says, with the ErrorInfo that conman attached."""
    info = _info(error)
    code, details = error.code().name, error.details() or ""
    return (
        Failed(code, details, info.reason, dict(info.metadata)) if info else Failed(code, details)
    )


def _info(error: "grpc.RpcError") -> "ErrorInfo | None":
    pairs = error.trailing_metadata() or ()
    encoded = next((pair.value for pair in pairs if pair.key == _DETAILS_KEY), None)
    return None if encoded is None else _of_details(encoded)


def _of_details(encoded: bytes) -> "ErrorInfo | None":
    from google.protobuf.message import DecodeError
    from google.rpc.error_details_pb2 import ErrorInfo
    from google.rpc.status_pb2 import Status

    try:
        details = Status.FromString(encoded).details
        infos = [
            ErrorInfo.FromString(each.value)
            for each in details
            if each.type_url.endswith("/google.rpc.ErrorInfo")
        ]
    except DecodeError:
        return None
    return next((info for info in infos if info.domain == _ERROR_DOMAIN), None)


def sentence(failed: Failed, method: str, address: "Address", deadline_s: float | None) -> str:
    """What went wrong, why, and what to do next."""
    if failed.metadata is not None:
        return _with_hint(failed.details, failed.metadata.get("hint", ""))
    match failed.code:
        case "DEADLINE_EXCEEDED" if deadline_s is not None and method in _TOLD:
            return f"{_TOLD[method]}: {deadline_s:g} s are over; give it longer with --deadline"
        case "DEADLINE_EXCEEDED" if deadline_s is not None:
            return (
                f"no answer from conmand within {deadline_s:g} s; what it began goes on:"
                " look with `conmanctl container status`, or give it longer with --deadline"
            )
        case "UNIMPLEMENTED":
            return (
                f"conmand at {address.shown} does not know {method}:"
                " it is older than this conmanctl, restart it"
            )
        case _ if failed.never_sent:
            return f"conmand cannot be reached at {address.shown}: {failed.details}"
        case _:
            return f"conmand at {address.shown} failed: {failed.code}: {failed.details}"


def _with_hint(message: str, hint: str) -> str:
    if not hint or hint in message:
        return message
    return f"{message} {hint}" if message.endswith(".") else f"{message}. {hint}"


def cause(failed: Failed, address: "Address") -> Cause:
    """Why a try was UNAVAILABLE."""
    if failed.metadata is not None:
        return Cause(_with_hint(failed.details, failed.metadata.get("hint", "")), answered=True)
    why, passing = _why(failed, address)
    told = f"conmand cannot be reached at {address.shown}: {why}"
    return Cause(f"{told}; {_START_IT}" if passing else told, passing)


def _why(failed: Failed, address: "Address") -> tuple[str, bool]:
    if not failed.never_sent:
        return "the connection broke before it answered", True
    if address.socket_path is None:
        return failed.details, True
    return _why_not_at(address.socket_path)


def _why_not_at(path: str) -> tuple[str, bool]:
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return "there is no such socket", True
    except OSError as error:
        return os.strerror(error.errno or 0).lower(), False
    if not stat.S_ISSOCK(mode):
        return "that is no socket", False
    if not os.access(path, os.W_OK):
        return "permission denied, only its owner may use it, and root", False
    return "nobody listens there", True
