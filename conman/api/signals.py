"""Linux signals by the names and numbers that people use.

It exists because runtimes are told numbers only. It must never send one.
"""

from signal import Signals

KILL = int(Signals.SIGKILL)
TERM = int(Signals.SIGTERM)
# As glibc has them: the kernel's 32 and 33 are its own.
RTMIN = 34
RTMAX = 64


def parse_signal(text: str) -> int | None:
    """`TERM`, `sigterm`, `15`, `RTMIN+3`, `RTMAX-2`; None when there is no such signal."""
    if text.isascii() and text.isdecimal():
        return _in_range(int(text), 1) if len(text) <= 2 else None
    name = text.upper().removeprefix("SIG")
    if not text.isascii():
        return None
    if name.startswith(("RTMIN", "RTMAX")):
        return _realtime(name)
    known = Signals.__members__.get(f"SIG{name}")
    return None if known is None else int(known)


def _realtime(name: str) -> int | None:
    base, offset = (RTMIN if name.startswith("RTMIN") else RTMAX), name[5:]
    if not offset:
        return base
    digits = offset[1:]
    sign = {"+": 1, "-": -1}.get(offset[0])
    if sign is None or not digits.isdecimal() or len(digits) > 2:
        return None
    return _in_range(base + sign * int(digits), RTMIN)


def _in_range(number: int, lowest: int) -> int | None:
    return number if lowest <= number <= RTMAX else None
