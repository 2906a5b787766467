"""conmand's log: the standard library's records, rendered by structlog on stderr, as text or JSON.

structlog is imported with the first record that is said, not before: it takes as long as all the rest of
conmand's start. Nothing here may ever fail a caller, and stdout is not for logs.
"""

import logging
import sys
from typing import Any

_ROOT = "conman"


def set_up(level: str, form: str) -> logging.Logger:
    """Returns the daemon's own logger; all of conman's are below it."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Late(form))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logger = logging.getLogger(_ROOT)
    logger.setLevel(level.upper())
    return logger


class _Late(logging.Formatter):
    """Becomes structlog's formatter when it is first needed."""

    def __init__(self, form: str) -> None:
        super().__init__()
        self._form = form
        self._real: logging.Formatter | None = None

    def format(self, record: logging.LogRecord) -> str:
        if self._real is None:
            self._real = _formatter(self._form)
        return self._real.format(record)


def _formatter(form: str) -> logging.Formatter:
    import structlog  # noqa: PLC0415 - late on purpose

    chain: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if form == "json":
        last = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    else:
        plain = structlog.dev.plain_traceback
        colors = sys.stderr.isatty()
        last = [structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=plain)]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=chain,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    )
