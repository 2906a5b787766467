"""JSON by the C half of `json`, whose Python half brings regular expressions that every shim would carry.

What is not understood at once is handed to `json` itself, which knows better or says what is wrong. Pure;
it must never read or write anything that `json` would not.
"""

from _json import encode_basestring_ascii, make_encoder, make_scanner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class _Usual:
    """What a scanner asks of its decoder."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float


_NOTHING = object()
_scan = make_scanner(_Usual)  # pyright: ignore[reportArgumentType] - its stub asks for a scanner


def loads(data: str | bytes) -> "Any":  # noqa: ANN401 - as json's own
    """Raises ValueError."""
    text = data if isinstance(data, str) else data.decode()
    try:
        value, end = _scan(text, 0)
    except (StopIteration, SystemError, ValueError):
        value, end = _NOTHING, -1
    if end == len(text.rstrip(" \t\r\n")):
        return value
    import json  # noqa: PLC0415 - that is the point

    return json.loads(text)


def dumps(value: object, *, sort_keys: bool = False) -> str:
    """Without spaces."""
    return "".join(_encoders[sort_keys](value, 0))


def _refuse(value: object) -> object:
    raise TypeError(f"{type(value).__name__} is no JSON")


_encoders = [
    make_encoder(
        markers=None,
        default=_refuse,
        encoder=encode_basestring_ascii,
        indent=None,
        key_separator=":",
        item_separator=",",
        sort_keys=sort_keys,
        skipkeys=False,
        allow_nan=True,
    )
    for sort_keys in (False, True)
]
