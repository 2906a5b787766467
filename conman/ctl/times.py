"""Times as people read and write them: "3 minutes ago", "10m", 2026-11-29T01:02:03Z. No clock in here."""

import re
from datetime import UTC, datetime

NS = 1_000_000_000
_UNITS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": NS, "m": 60 * NS, "h": 3600 * NS}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)")
_NUMBER = re.compile(r"\d+(\.\d{1,9})?")


def lasted(ns: int) -> str:
    """A length of time in its largest unit: "Less than a second", "5 seconds", "About an hour"."""
    seconds = max(ns, 0) // NS
    minutes, hours = seconds // 60, round(max(ns, 0) / NS / 3600)
    if seconds < 1:
        return "Less than a second"
    if seconds < 60:
        return "1 second" if seconds == 1 else f"{seconds} seconds"
    if minutes < 60:
        return "About a minute" if minutes == 1 else f"{minutes} minutes"
    if hours < 48:
        return "About an hour" if hours <= 1 else f"{hours} hours"
    days = seconds // 86_400
    for unit, length in (("days", 1), ("weeks", 7), ("months", 30)):
        if days < {"days": 14, "weeks": 60, "months": 730}[unit]:
            return f"{days // length} {unit}"
    return f"{days // 365} years"


def ago(then: int, now: int) -> str:
    """Empty for a time that is not yet."""
    return f"{lasted(now - then)} ago" if then else ""


def shown(ns: int) -> str:
    """In the local zone, to the nanosecond; "" for a time that is not yet."""
    if not ns:
        return ""
    local = datetime.fromtimestamp(ns // NS, tz=UTC).astimezone()
    zone = local.strftime("%z")
    return f"{local:%Y-%m-%dT%H:%M:%S}.{ns % NS:09d}{zone[:3]}:{zone[3:]}"


def utc(ns: int) -> str:
    """As a container's log has it: RFC 3339, to the nanosecond."""
    return f"{datetime.fromtimestamp(ns // NS, tz=UTC):%Y-%m-%dT%H:%M:%S}.{ns % NS:09d}Z"


def when(text: str, now: int) -> int:
    """Ns since the epoch, of a time (RFC 3339, or seconds since the epoch) or a length of time ago.

    Raises ValueError.
    """
    if _NUMBER.fullmatch(text):
        whole, _, fraction = text.partition(".")
        return int(whole) * NS + int(fraction.ljust(9, "0"))
    if (length := _length(text)) is not None:
        return now - length
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"{text!r} is no time: write it as 10m, 2026-01-31T12:00:00Z or 1769860800"
        ) from None
    return int(moment.astimezone().timestamp()) * NS + moment.microsecond * 1000


def _length(text: str) -> int | None:
    """Ns of "1h30m"; None: it is none."""
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return sum(round(float(number) * _UNITS[unit]) for number, unit in parts)
