"""How much of a container's log is kept: the request's LogOptions, judged.

Pure. It must never let a log be so short that a reader cannot tell where he was.
"""

from conman.api.fields import bad
from conman.core.limit_words import in_bytes
from conman.core.spec import LogLimits
from conman.wire.v1 import conman_pb2 as wire

_LEAST_BYTES, _MOST_BYTES = 1024, 2**50
_LEAST_FILES, _MOST_FILES = 2, 1000


def log_limits(message: wire.LogOptions) -> LogLimits:
    """What is absent is the usual."""
    usual = LogLimits()
    return LogLimits(
        _bytes(message.max_size_bytes) if message.HasField("max_size_bytes") else usual.file_bytes,
        _files(message.max_files) if message.HasField("max_files") else usual.files,
    )


def options(limits: LogLimits) -> wire.LogOptions:
    """The same, as it was asked for."""
    return wire.LogOptions(max_size_bytes=limits.file_bytes, max_files=limits.files)


def _bytes(value: int) -> int:
    if value in (0, -1):
        return 0
    if not _LEAST_BYTES <= value <= _MOST_BYTES:
        hint = f"give {in_bytes(_LEAST_BYTES)} to {in_bytes(_MOST_BYTES)}, or 0 or -1 for no limit"
        bad("log.max_size_bytes", f"the size of a log's file is {in_bytes(value)}", hint)
    return value


def _files(value: int) -> int:
    if not _LEAST_FILES <= value <= _MOST_FILES:
        hint = f"give {_LEAST_FILES} to {_MOST_FILES}: whoever reads along needs the one before the newest"
        bad("log.max_files", f"the number of a log's files is {value}", hint)
    return value
