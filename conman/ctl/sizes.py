"""Sizes, processors and durations as people write them: 64m, 1.5, 30s. Only reading; conmand judges."""

import math

_FACTORS = {"": 1, "b": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4, "p": 1024**5}
_LARGEST = 2**63 - 1


def size(text: str) -> int:
    """Bytes; as docker: a number, a letter of b, k, m, g, t, p for powers of 1024, and b or ib after it.

    Raises ValueError.
    """
    lower = text.strip().lower()
    digits = lower.rstrip("bkmgtpi")
    unit = lower[len(digits) :]
    factor = _FACTORS.get(unit.removesuffix("ib").removesuffix("b") if unit != "b" else unit)
    number = _number(digits.strip())
    if factor is None or number is None or number * factor > _LARGEST:
        raise ValueError(f"{text!r} is no size; write it as 64m, 1g or 1048576")
    return int(number * factor)


def size_or_unlimited(text: str) -> int:
    """As `size`, or -1. Raises ValueError."""
    return -1 if text.strip() == "-1" else size(text)


def nano_cpus(text: str) -> int:
    """10^-9 processors. Raises ValueError."""
    number = _number(text.strip())
    if number is None or number > _LARGEST / 10**9:
        raise ValueError(f"{text!r} is no number of processors; write it as 0.5 or 2")
    return round(number * 10**9)


def integer(text: str) -> int:
    """A whole number of 64 bits. Raises ValueError."""
    try:
        found = int(text)
    except ValueError:
        raise ValueError(f"{text}: a whole number is needed") from None
    if not -_LARGEST - 1 <= found <= _LARGEST:
        raise ValueError(f"{text} is out of range")
    return found


def seconds_ms(text: str) -> int:
    """Milliseconds of a number of seconds. Raises ValueError."""
    number = _number(text.strip())
    if number is None or number > _LARGEST / 1000:
        raise ValueError(f"{text!r} is no number of seconds")
    return round(number * 1000)


def _number(text: str) -> float | None:
    """Of ASCII digits, with at most one point: no inf, no nan, no 1e3, no sign."""
    if not text.isascii() or not text.replace(".", "", 1).isdecimal():
        return None
    found = float(text) if "." in text else int(text) if len(text) < 20 else math.inf
    return found if math.isfinite(found) else None
