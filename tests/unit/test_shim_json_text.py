"""The shim's JSON against the standard library's: nobody can tell which one read or wrote a text."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conman.shim.json_text import dumps, loads

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES, st.booleans())
def test_what_is_written_is_what_json_writes(value: object, sort_keys: bool) -> None:
    text = dumps(value, sort_keys=sort_keys)
    assert text == json.dumps(value, sort_keys=sort_keys, separators=(",", ":"))
    assert loads(text) == loads(text.encode()) == value


@pytest.mark.parametrize("text", ['  {"a": [1, 2.5e3, null, true]}\r\n', "[ ]", "-0", '"\\u00e4"'])
def test_what_people_write_is_read(text: str) -> None:
    assert loads(text) == json.loads(text)


@pytest.mark.parametrize(
    "text", ["", " ", "{", '{"a" 1}', "[1,]", "{} {}", "1\u00a0", "nul", '"\n"', '"\\x"', "[1"]
)
def test_what_is_no_json_is_refused_in_the_same_words(text: str) -> None:
    with pytest.raises(ValueError) as theirs:  # noqa: PT011 - compared below
        json.loads(text)
    with pytest.raises(type(theirs.value)) as ours:
        loads(text)
    assert str(ours.value) == str(theirs.value)


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(ValueError, match="utf-8"):
        loads(b'"\xff"')


def test_what_has_no_json_is_refused() -> None:
    with pytest.raises(TypeError, match="set is no JSON"):
        dumps({1})
