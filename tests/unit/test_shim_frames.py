"""Frames of a stream: there and back, in whatever pieces they come."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conman.shim import frames

SENT = [
    (frames.TOKEN, b"0" * 32),
    (frames.INPUT, b"\xff\0\n"),
    (frames.STDOUT, b"x" * frames.LIMIT),
    (frames.INPUT_END, b""),
]


@given(st.lists(st.integers(1, 70_000), max_size=20))
def test_there_and_back_in_any_pieces(sizes: list[int]) -> None:
    data = b"".join(frames.encode(*each) for each in SENT)
    decoder, got = frames.Decoder(), list[tuple[bytes, bytes]]()
    for size in (*sizes, len(data)):
        piece, data = data[:size], data[size:]
        got += decoder.feed(piece)
    assert got == SENT


def test_what_was_told_is_held_no_longer() -> None:
    decoder = frames.Decoder()
    typed = frames.encode(frames.INPUT, b"a secret\n")
    assert [*decoder.feed(typed + typed[:3])] == [(frames.INPUT, b"a secret\n")]
    slots = [getattr(decoder, name) for name in decoder.__slots__]
    assert [held for held in slots if isinstance(held, bytes)] == [typed[:3]]


def test_a_frame_is_a_kind_a_length_and_the_bytes() -> None:
    assert frames.encode(b"O", b"hello") == b"O\0\0\0\5hello"


def test_no_frame_is_longer_than_the_limit() -> None:
    too_long = b"x" * (frames.LIMIT + 1)
    with pytest.raises(frames.ForeignFrame):
        frames.encode(frames.STDOUT, too_long)
    with pytest.raises(frames.ForeignFrame):
        list(frames.Decoder().feed(b"O" + len(too_long).to_bytes(4, "big")))


def test_fields_are_one_json_object() -> None:
    frame = frames.encode_fields(frames.EXIT, {"code": 7, "signal": 0})
    [(kind, payload)] = frames.Decoder().feed(frame)
    assert (kind, frames.decode_fields(payload)) == (frames.EXIT, {"code": 7, "signal": 0})


@pytest.mark.parametrize("payload", [b"", b"\xff", b"[]", b"1"])
def test_what_is_no_json_object_is_foreign(payload: bytes) -> None:
    with pytest.raises(frames.ForeignFrame):
        frames.decode_fields(payload)
