"""From a refusal to a gRPC status with a google.rpc.ErrorInfo.

It exists so that every failure looks the same to a client, whoever found it. It must
never let text through that a client could not receive: not UTF-8, or too long for the
8 KiB that gRPC allows all trailers of a call.
"""

import grpc
from google.protobuf.any_pb2 import Any as Packed
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status

from conman.errors import Code, Refusal
from conman.frozen import frozen

DOMAIN = "conman"
DETAILS_KEY = "grpc-status-details-bin"
# The sentence travels twice, percent-encoded (three times its size) and in the details.
_SENTENCE_BYTES = 1000
_HINT_BYTES = 500
_WORD_BYTES = 100

BUG = Refusal(
    Code.INTERNAL,
    "Bug",
    "conmand met an error of its own",
    "look into its log, and report it",
)


@frozen
class GrpcStatus:
    """What a servicer's abort takes."""

    code: grpc.StatusCode
    sentence: str
    trailing_metadata: tuple[tuple[str, bytes], ...]


def grpc_status(refusal: Refusal) -> GrpcStatus:
    """The status of one refusal."""
    code = grpc.StatusCode[refusal.code.value]
    sentence = wire_text(_one_line(refusal.sentence()), _SENTENCE_BYTES)
    number: int = code.value[0]
    status = Status(code=number, message=sentence, details=[_packed(refusal)])
    return GrpcStatus(code, sentence, ((DETAILS_KEY, status.SerializeToString()),))


def _packed(refusal: Refusal) -> Packed:
    said = {
        "field": wire_text(refusal.field, _WORD_BYTES),
        "hint": wire_text(_one_line(refusal.hint), _HINT_BYTES),
    }
    info = ErrorInfo(
        reason=wire_text(refusal.reason, _WORD_BYTES),
        domain=DOMAIN,
        metadata={key: value for key, value in said.items() if value},
    )
    packed = Packed()
    packed.Pack(info)
    return packed


def _one_line(text: str) -> str:
    """What cannot be printed is escaped: a path in a sentence may hold a line's end."""
    escaped = (each if each.isprintable() else ascii(each)[1:-1] for each in text)
    return "".join(escaped)


def wire_text(text: str, limit: int | None = None) -> str:
    """Text that protobuf takes: lone surrogates escaped, cut to `limit` bytes of UTF-8."""
    encoded = text.encode(errors="backslashreplace")
    if limit is None or len(encoded) <= limit:
        return encoded.decode()
    return encoded[: limit - 3].decode(errors="ignore") + "..."
