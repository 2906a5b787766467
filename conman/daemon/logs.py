"""conmand's log: one line a record on stderr, as text or as JSON.

    2026-11-29T01:02:03.456Z info     create-container done container_id=7f.. container=web
    {"time": "...", "level": "info", "logger": "conman.engine.spans", "event": "...", "container": "web"}

What a record is about comes as `extra={"fields": {...}}`. Nothing here may ever fail a caller, let foreign
words forge a line, or write to stdout, which is not for logs.
"""

import json
import logging
import sys
import time
from typing import cast

_ROOT = "conman"


def set_up(level: str, form: str) -> logging.Logger:
    """Returns the daemon's own logger; all of conman's are below it."""
    # Else a stderr that cannot be written would be told there, with a traceback.
    logging.raiseExceptions = False
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Json() if form == "json" else Text())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logger = logging.getLogger(_ROOT)
    logger.setLevel(level.upper())
    return logger


class Text(logging.Formatter):
    """For people. A traceback follows its line; nothing else takes a second one."""

    def format(self, record: logging.LogRecord) -> str:
        words = [_time(record), f"{record.levelname.lower():8}", _one_line(record.getMessage())]
        words += [f"{key}={_word(value)}" for key, value in _fields(record).items()]
        if record.exc_info:
            words.append("\n" + self.formatException(record.exc_info))
        return " ".join(words)


class Json(logging.Formatter):
    """For programs: one object a line."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


def _fields(record: logging.LogRecord) -> dict[str, object]:
    return cast("dict[str, object]", getattr(record, "fields", {}))


def _time(record: logging.LogRecord) -> str:
    """RFC 3339, in UTC, to the millisecond."""
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
    return f"{seconds}.{int(record.msecs):03}Z"


def _one_line(text: str) -> str:
    """A runtime's words may hold anything."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _word(value: object) -> str:
    text = str(value)
    return text if text.isprintable() and text and not {" ", '"', "="} & set(text) else repr(text)
