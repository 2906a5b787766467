"""JSON as Go's decoder reads it: its complaints about syntax and types are part of runc's answers.

It must never take a value of another type for the one that is asked for.
"""

import json
import re
from typing import cast

Object = dict[str, object]


class Unreadable(Exception):
    """A file that runc gives up on before it looks at anything else; str() is its complaint."""


def load(path: str, kind: str) -> Object:
    """The first value in the file, an object of Go's type `kind`: Go leaves alone what follows it."""
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        return load_text(file.read(), kind)


def load_text(text: str, kind: str) -> Object:
    """Likewise, of a text. `null` is an empty object to Go."""
    if not text.strip():
        raise Unreadable("EOF")
    try:
        value: object = json.JSONDecoder().raw_decode(text.lstrip())[0]
    except json.JSONDecodeError as problem:
        raise Unreadable(_go_syntax_error(problem)) from problem
    except (RecursionError, ValueError) as problem:
        raise Unreadable("exceeded max depth, or digits of a number") from problem
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Unreadable(f"json: cannot unmarshal {_kind(value)} into Go value of type {kind}")
    return cast("Object", value)


def _go_syntax_error(problem: json.JSONDecodeError) -> str:
    """The words that Go would have; of rarer mistakes the character only."""
    inside_string = problem.msg == "Invalid control character at"
    if problem.msg.startswith("Unterminated") or not (
        inside_string or problem.doc[problem.pos :].strip()
    ):
        return "unexpected EOF"
    context = {
        "Expecting value": "looking for beginning of value",
        "Expecting property name enclosed in double quotes": (
            "looking for beginning of object key string"
        ),
        "Expecting ':' delimiter": "after object key",
        "Expecting ',' delimiter": "after object key:value pair",
        "Invalid control character at": "in string literal",
    }.get(problem.msg, "in JSON")
    return f"invalid character {problem.doc[problem.pos]!r} {context}"


def _kind(value: object) -> str:
    kinds: dict[type, str] = {list: "array", dict: "object", str: "string", bool: "bool"}
    return kinds.get(type(value), "number")


def _wrong(value: object, key: str, wanted: str) -> Unreadable:
    return Unreadable(f"json: cannot unmarshal {_kind(value)} into {key} of type {wanted}")


def object_at(parent: Object, key: str) -> Object | None:
    value = parent.get(key)
    if value is None or isinstance(value, dict):
        return cast("Object | None", value)
    raise _wrong(value, key, "object")


_HALF = re.compile("[\ud800-\udc7f\udd00-\udfff]")


def text_at(parent: Object, key: str) -> str:
    value = parent.get(key)
    if value is None or isinstance(value, str):
        # Half a character, to Go, is none that is known; the rest are bytes that were no UTF-8.
        return _HALF.sub("\ufffd", value or "")
    raise _wrong(value, key, "string")


def flag_at(parent: Object, key: str) -> bool:
    value = parent.get(key)
    if value is None or isinstance(value, bool):
        return bool(value)
    raise _wrong(value, key, "bool")


_RANGES = {
    "int64": range(-(2**63), 2**63),
    "uint64": range(2**64),
    "uint32": range(2**32),
    "uint16": range(2**16),
}


def number_at(parent: Object, key: str, kind: str = "int64") -> int:
    """`kind` is one of Go's; a number that does not fit it is told with its digits."""
    value = parent.get(key)
    if value is None:
        return 0
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise _wrong(value, key, kind)
    if isinstance(value, float) or value not in _RANGES[kind]:
        raise Unreadable(f"json: cannot unmarshal number {value} into {key} of type {kind}")
    return value


def objects_at(parent: Object, key: str) -> tuple[Object, ...]:
    value = parent.get(key)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise _wrong(value, key, "[]object")
    found = (object_at({key: one}, key) for one in cast("list[object]", value))
    return tuple(one or {} for one in found)


def words_at(parent: Object, key: str) -> dict[str, str]:
    """An object of texts, and of nothing else."""
    found = object_at(parent, key) or {}
    return {name: text_at(found, name) for name in found}


def texts_at(parent: Object, key: str) -> tuple[str, ...]:
    value = parent.get(key)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise _wrong(value, key, "[]string")
    return tuple(text_at({key: one}, key) for one in cast("list[object]", value))


def numbers_at(parent: Object, key: str) -> tuple[int, ...]:
    value = parent.get(key)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise _wrong(value, key, "[]uint32")
    return tuple(number_at({key: one}, key, "uint32") for one in cast("list[object]", value))
