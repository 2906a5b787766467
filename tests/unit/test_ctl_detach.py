"""The keys that leave a session: how they are written, and found in what is typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conman.ctl import detach

CTRL_P, CTRL_Q = b"\x10", b"\x11"


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        (detach.USUAL, CTRL_P + CTRL_Q),
        ("ctrl-a", b"\x01"),
        ("ctrl-z,z", b"\x1az"),
        ("a", b"a"),
        ("A,b,C", b"AbC"),
        ("ctrl-@,ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_", b"\x00\x1b\x1c\x1d\x1e\x1f"),
    ],
)
def test_keys(text: str, sent: bytes) -> None:
    assert detach.keys(text) == sent


@pytest.mark.parametrize(
    "text",
    ["", ",", "ctrl-", "ctrl-1", "ctrl-ab", "ctrl-ä", "alt-x", "ctrl-p,", "ä", "ctrl-`", "\x01"],
)
def test_what_is_no_key(text: str) -> None:
    with pytest.raises(ValueError, match="is no key; it is keys with commas between"):
        detach.keys(text)


def typed(watch: detach.Watch, *chunks: bytes) -> tuple[bytes, bool]:
    passed = b""
    for chunk in chunks:
        more, detached = watch.typed(chunk)
        passed += more
        if detached:
            return passed, True
    return passed, False


@pytest.mark.parametrize(
    ("keys", "chunks", "passed", "detached"),
    [
        (CTRL_P + CTRL_Q, [b"ls\r", CTRL_P, CTRL_Q, b"lost"], b"ls\r", True),
        (CTRL_P + CTRL_Q, [CTRL_P, b"x"], CTRL_P + b"x", False),
        (CTRL_P + CTRL_Q, [CTRL_P, CTRL_P, CTRL_Q], CTRL_P, True),
        (CTRL_P + CTRL_Q, [CTRL_Q + CTRL_P], CTRL_Q, False),
        (b"aab", [b"aaab"], b"a", True),
        (b"abac", [b"ababac"], b"ab", True),
        (b"q", [b"xqy"], b"x", True),
    ],
)
def test_they_are_found(keys: bytes, chunks: list[bytes], passed: bytes, detached: bool) -> None:
    assert typed(detach.Watch(keys), *chunks) == (passed, detached)


@given(
    keys=st.lists(st.sampled_from(b"ab"), min_size=1, max_size=4).map(bytes),
    data=st.lists(st.sampled_from(b"abc"), max_size=30).map(bytes),
    cut=st.integers(0, 30),
)
def test_nothing_else_is_swallowed(keys: bytes, data: bytes, cut: int) -> None:
    """What is passed on, then the keys or a beginning of them, is what was typed."""
    watch = detach.Watch(keys)
    passed, detached = typed(watch, data[:cut], data[cut:])
    assert detached is (keys in data)
    if detached:
        assert passed == data[: data.index(keys)]
    else:
        assert data.startswith(passed)
        assert keys.startswith(data[len(passed) :])
