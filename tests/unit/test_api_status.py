"""Refusals on the wire: the right code, one sentence, an ErrorInfo, and never too much of it."""

import grpc
import pytest
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status
from hypothesis import given
from hypothesis import strategies as st

from conman.api.status import DETAILS_KEY, grpc_status, wire_text
from conman.errors import Code, Refusal

anything = st.text(st.characters(), max_size=40) | st.just("\U0001f980" * 5000)


def details_of(refusal: Refusal) -> tuple[Status, ErrorInfo]:
    [(key, encoded)] = grpc_status(refusal).trailing_metadata
    assert key == DETAILS_KEY
    status = Status.FromString(encoded)
    [packed] = status.details
    info = ErrorInfo()
    assert packed.Unpack(info)
    return status, info


def test_a_refusal() -> None:
    refusal = Refusal(
        Code.NOT_FOUND, "NoSuchContainer", "there is no x", "list them", "container_id"
    )
    status = grpc_status(refusal)
    assert status.code is grpc.StatusCode.NOT_FOUND
    assert status.sentence == "there is no x; list them."
    details, info = details_of(refusal)
    assert (details.code, details.message) == (5, status.sentence)
    assert (info.reason, info.domain) == ("NoSuchContainer", "conman")
    assert dict(info.metadata) == {"field": "container_id", "hint": "list them"}


def test_what_is_not_said_is_not_in_the_metadata() -> None:
    _, info = details_of(Refusal(Code.INTERNAL, "Bug", "oh"))
    assert dict(info.metadata) == {}


@pytest.mark.parametrize("code", Code)
def test_every_code_is_one_of_grpc(code: Code) -> None:
    assert grpc_status(Refusal(code, "R", "w")).code.name == code.value


@given(anything, anything, anything, anything)
def test_any_text_fits_the_trailers(reason: str, what: str, hint: str, field: str) -> None:
    refusal = Refusal(Code.INTERNAL, reason, what, hint, field)
    status = grpc_status(refusal)
    [(key, encoded)] = status.trailing_metadata
    percent_encoded = 3 * len(status.sentence.encode())
    assert percent_encoded + len(key) + len(encoded) * 4 / 3 < 8000
    assert details_of(refusal)[0].message == status.sentence


@given(st.text(st.characters()), st.integers(4, 20))
def test_wire_text_is_utf_8_and_no_longer_than_allowed(text: str, limit: int) -> None:
    assert len(wire_text(text, limit).encode()) <= limit
    whole = wire_text(text)
    assert whole.encode().decode() == whole
    if text.isascii() and len(text) <= limit:
        assert wire_text(text, limit) == whole == text


def test_a_sentence_is_one_line() -> None:
    status = grpc_status(Refusal(Code.NOT_FOUND, "R", "there is no a\nb\x1bc", "look\nthere"))
    assert status.sentence == "there is no a\\nb\\x1bc; look\\nthere."
