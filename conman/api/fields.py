"""What each field of a request may hold, and the sentence for when it does not.

It exists so that bad input stops at the edge, with the field named. Pure: it must never
look at the host (whether a directory is there is for an effect to find out), and of what
it is given it must never show more than a few words.
"""

import re
from collections.abc import Iterable, Mapping
from typing import NoReturn

from conman.api.signals import parse_signal
from conman.core.spec import ConsoleSize
from conman.errors import Code, ConmanError, Refusal
from conman.wire.v1 import conman_pb2 as wire

# Linux: PATH_MAX and MAX_ARG_STRLEN with their NUL, HOST_NAME_MAX, and what execve takes in
# all under the usual stack limit of 8 MiB.
PATH_BYTES = 4095
WORD_BYTES = 128 * 1024 - 1
WORDS_BYTES = 2 * 1024 * 1024
HOSTNAME_BYTES = 64
# Longer than any name, id or prefix.
REFERENCE_BYTES = 255
LONGEST_TIMEOUT_MS = 366 * 24 * 3600 * 1000
# More than anybody was seen to need; each entry costs work at every start.
ENTRIES = 1024
# Labels, or annotations, all together.
PAIRS_BYTES = 1024 * 1024

# The kernel's struct winsize has 16 bits for each.
LONGEST_SIDE = 0xFFFF

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}")
_NAME_HINT = "take 1 to 128 of a-z A-Z 0-9 _ . -, beginning with a letter or a digit"
_FULL_ID = re.compile(r"[0-9a-f]{32}")
_HOSTNAME = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?")
_RUNTIME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.+-]{0,127}")
_SHOWN = 40


def bad(field: str, what: str, hint: str) -> NoReturn:
    """Stop here: INVALID_ARGUMENT. `what` and `hint` are clauses without a full stop."""
    raise ConmanError(Refusal(Code.INVALID_ARGUMENT, "BadInput", what, hint, field))


def shown(text: str) -> str:
    """The text in quotes, its beginning only when it is long."""
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...")


def text(field: str, value: str, *, limit: int = PATH_BYTES) -> str:
    """Any text but NUL, of at most `limit` bytes of UTF-8."""
    if "\0" in value:
        bad(field, f"{field} holds a NUL character", "remove it")
    length = len(value.encode())
    if length > limit:
        bad(field, f"{field} has {length} bytes", f"at most {limit} are possible")
    return value


def request_id(value: str) -> str:
    """Empty, or 32 lower-case hex digits."""
    if value and not _FULL_ID.fullmatch(value):
        bad(
            "request_id",
            f"the request_id {shown(value)} is not 32 lower-case hex digits",
            "draw 16 random bytes once, and send the same with each retry",
        )
    return value


def name(value: str, field: str = "name") -> str:
    """A name for a container; whether it could be taken for an id is not asked here."""
    if not value:
        bad(field, "the container's name is empty", _NAME_HINT)
    if not _NAME.fullmatch(value):
        bad(field, f"{shown(value)} is no name for a container", _NAME_HINT)
    return value


def reference(value: str, field: str = "container_id") -> str:
    """What a person may call a container; whether there is one is not asked here."""
    if not value:
        bad(field, "no container is named", "give its id, its name, or a prefix of its id")
    return text(field, value, limit=REFERENCE_BYTES)


def command(program: str, args: Iterable[str], env: Iterable[str]) -> None:
    """What execve must take: the program, its arguments and its environment."""
    if not program:
        bad("command", "there is no command", "name the program to run")
    words = [("command", program), *(("args", arg) for arg in args)]
    words += [("env", variable) for variable in env]
    total = sum(len(text(field, word, limit=WORD_BYTES).encode()) + 1 for field, word in words)
    if total > WORDS_BYTES:
        bad(
            "args",
            f"command, args and env have {total} bytes",
            f"the kernel takes at most {WORDS_BYTES}",
        )


def console_size(
    message: wire.StartContainerRequest | wire.StartExecRequest | wire.OpenStreamRequest,
) -> ConsoleSize | None:
    """Of a terminal; None: nothing is said of it."""
    if not message.HasField("console_size"):
        return None
    size = message.console_size
    for side, length in (("rows", size.rows), ("cols", size.cols)):
        if not 1 <= length <= LONGEST_SIDE:
            what, hint = f"no terminal has {length} {side}", f"give 1 to {LONGEST_SIDE}"
            bad(f"console_size.{side}", what, hint)
    return ConsoleSize(size.rows, size.cols)


def environment(entries: Iterable[str]) -> tuple[str, ...]:
    """KEY=VALUE, each."""
    for entry in entries:
        key, separator, _ = text("env", entry, limit=WORD_BYTES).partition("=")
        if not key or not separator:
            bad("env", f"the environment's {shown(entry)} is not KEY=VALUE", "write it so")
    return tuple(entries)


def rootfs_path(value: str) -> str:
    """An absolute path on the host."""
    if not value:
        bad("rootfs_path", "no root file system is named", "give a directory's absolute path")
    return absolute("rootfs_path", value, "the root file system")


def cwd(value: str) -> str:
    """An absolute path inside the container; "/" when none is given."""
    return absolute("cwd", value, "the working directory") if value else "/"


def absolute(field: str, value: str, what: str) -> str:
    if not text(field, value).startswith("/"):
        bad(field, f"{what} {shown(value)} is relative", "give an absolute path")
    return value


def plain_path(field: str, value: str, what: str) -> str:
    """As `absolute`, without "..", and without what means nothing in a path."""
    names = [name for name in absolute(field, value, what).split("/") if name not in ("", ".")]
    if ".." in names:
        bad(field, f"{what} {shown(value)} climbs with '..'", "give the path that it leads to")
    return "/" + "/".join(names)


def few(field: str, count: int) -> None:
    """A list is no longer than anybody needs."""
    if count > ENTRIES:
        bad(field, f"{field} has {count} entries", f"at most {ENTRIES} are possible")


def hostname(value: str) -> str:
    """Letters, digits, dots and hyphens."""
    if value and (not _HOSTNAME.fullmatch(value) or len(value) > HOSTNAME_BYTES):
        bad(
            "hostname",
            f"{shown(value)} is no host name",
            f"take 1 to {HOSTNAME_BYTES} letters, digits, dots and hyphens",
        )
    return value


def pairs(field: str, value: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Labels or annotations, in the order of their keys."""
    for key in value:
        if not key:
            bad(field, f"a key of {field} is empty", "give every value a key")
        _ = text(field, key), text(field, value[key], limit=WORD_BYTES)
    total = sum(len(key.encode()) + len(value[key].encode()) for key in value)
    if total > PAIRS_BYTES:
        bad(field, f"{field} have {total} bytes", f"at most {PAIRS_BYTES} are possible")
    return tuple(sorted(value.items()))


def signal(field: str, value: str, default: int) -> int:
    """A signal's number on Linux; `default` when none is given."""
    number = parse_signal(value) if value else default
    if number is None:
        bad(
            field,
            f"there is no signal {shown(value)}",
            "give a name like TERM or SIGTERM, or a number from 1 to 64",
        )
    return number


def runtime(value: str) -> str:
    """A runtime's name, or the absolute path of one."""
    if "/" in value:
        return absolute("runtime", value, "the runtime")
    if value and not _RUNTIME.fullmatch(value):
        bad("runtime", f"{shown(value)} is no runtime", "give runc, crun or an absolute path")
    return value


def timeout_ms(field: str, value: int) -> int:
    """0 to a year."""
    if not 0 <= value <= LONGEST_TIMEOUT_MS:
        bad(
            field,
            f"the timeout of {value} ms is out of range",
            f"give 0 to {LONGEST_TIMEOUT_MS}",
        )
    return value
