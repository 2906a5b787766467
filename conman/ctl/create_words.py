"""Values of a create's options that are more than one word: pairs, ulimits, files, a spec.

Raises ValueError, or OSError for a file, with what is wrong; who calls says of which option.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

import click

from conman.ctl import sizes

if TYPE_CHECKING:
    from conman.wire.v1 import conman_pb2 as wire

#: Larger than any request may be.
_LARGEST_FILE = 4 * 1024 * 1024


def directory(text: str) -> str:
    """An absolute path."""
    if not text:
        raise ValueError("DIR: the directory of the root file system is empty")
    return os.path.abspath(text)


def pair(text: str) -> tuple[str, str]:
    """KEY=VALUE."""
    key, separator, value = text.partition("=")
    if not separator:
        raise ValueError(f"{text}: KEY=VALUE is needed")
    return key, value


def ulimit(text: str) -> "wire.Ulimit":
    """NAME=SOFT[:HARD]."""
    from conman.wire.v1 import conman_pb2 as wire

    name, separator, limits = text.partition("=")
    soft, colon, hard = limits.partition(":")
    if not separator:
        raise ValueError(f"{text}: NAME=SOFT[:HARD] is needed")
    return wire.Ulimit(name=name, soft=_limit(soft), hard=_limit(hard if colon else soft))


def _limit(text: str) -> int:
    if text == "unlimited":
        return -1
    if not text.removeprefix("-").isdecimal() or not -(2**63) <= int(text[:30]) < 2**63:
        raise ValueError(f"{text!r} is no number, nor 'unlimited'")
    return int(text)


def log_option(request: "wire.CreateContainerRequest", text: str) -> None:
    """max-size=SIZE or max-file=N."""
    key, value = pair(text)
    match key:
        case "max-size":
            request.log.max_size_bytes = sizes.size_or_unlimited(value)
        case "max-file":
            request.log.max_files = _small(value)
        case _:
            raise ValueError(f"{key} is no option of the log: give max-size=16m or max-file=5")


def _small(text: str) -> int:
    if not -(2**31) <= (found := sizes.integer(text)) < 2**31:
        raise ValueError(f"{text} is out of range")
    return found


def restart_policy(text: str) -> "wire.RestartPolicy":
    """NAME[:N]. Which names there are, and what N may be, is conmand's to say."""
    from conman.wire.v1 import conman_pb2 as wire

    name, colon, count = text.partition(":")
    if not name or (colon and not count.removeprefix("-").isdecimal()):
        raise ValueError(f"{text!r}: no, on-failure[:N], always or unless-stopped is needed")
    if count and not -(2**31) <= int(count[:30]) < 2**31:
        raise ValueError(f"{text!r}: nobody counts so far")
    return wire.RestartPolicy(name=name, maximum_retry_count=int(count or 0))


def restart(request: "wire.CreateContainerRequest", text: str) -> None:
    """The last one holds."""
    request.restart_policy.CopyFrom(restart_policy(text))


def env(request: "wire.CreateContainerRequest | wire.CreateExecRequest", text: str) -> None:
    """KEY=VALUE as it is; KEY with the value that it has here, if it has one."""
    if "=" in text or not text:
        request.env.append(text)
    elif text in os.environ:
        request.env.append(f"{text}={os.environ[text]}")


def env_file(request: "wire.CreateContainerRequest | wire.CreateExecRequest", path: str) -> None:
    """Before what the command line says by itself, so that this holds."""
    for line in _lines(path):
        env(request, line)


def label(request: "wire.CreateContainerRequest", text: str) -> None:
    """KEY alone is a label without a value."""
    key, _, value = text.partition("=")
    request.labels[key] = value


def label_file(request: "wire.CreateContainerRequest", path: str) -> None:
    """Before what the command line says by itself, so that this holds."""
    for line in _lines(path):
        label(request, line)


def patch(text: str) -> str:
    """JSON as it is, else the content of the file of that name."""
    return text if text.lstrip().startswith("{") else _read(text)


def spec_of(paths: Sequence[str]) -> "wire.CreateContainerRequest":
    """What the file says, an empty request where there is none."""
    from conman.wire.v1 import conman_pb2 as wire

    request = wire.CreateContainerRequest()
    for path in paths:
        try:
            _merge(request, path)
        except (ValueError, OSError) as error:
            raise click.UsageError(f"--spec {error}") from error
    return request


def _merge(request: "wire.CreateContainerRequest", path: str) -> None:
    """Field names as in the proto file, or in camelCase."""
    from google.protobuf.json_format import ParseDict, ParseError

    try:
        _ = ParseDict(_values(path), request)
    except (ParseError, RecursionError) as error:
        raise ValueError(f"{path}: {error}") from error
    if request.request_id:
        raise ValueError(f"{path}: request_id is drawn anew for each create; leave it out")


def _values(path: str) -> dict[str, Any]:
    import json
    import tomllib

    text = _read(path)
    try:
        found: object = tomllib.loads(text) if path.endswith(".toml") else json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: {error}") from error
    if isinstance(found, dict):
        return cast("dict[str, Any]", found)
    raise ValueError(f"{path}: an object is needed")


def _lines(path: str) -> Iterator[str]:
    """KEY=VALUE or KEY, without comments and empty lines. As docker has lines: only a newline ends one."""
    for number, line in enumerate(_read(path).split("\n"), start=1):
        stripped = line.removesuffix("\r").lstrip()
        if stripped and not stripped.startswith("#"):
            _check_key(f"{path}: line {number}", stripped.partition("=")[0])
            yield stripped


def _check_key(where: str, key: str) -> None:
    if not key:
        raise ValueError(f"{where}: before the = a name is needed")
    if " " in key or "\t" in key:
        raise ValueError(
            f"{where}: there is white space in the name {key!r}; write KEY=VALUE, no shell reads this"
        )


def _read(path: str) -> str:
    if path == "-":
        data = sys.stdin.buffer.read(_LARGEST_FILE + 1)
    else:
        with open(path, "rb") as file:
            data = file.read(_LARGEST_FILE + 1)
    if len(data) > _LARGEST_FILE:
        raise ValueError(f"{path} has more than {_LARGEST_FILE} bytes")
    try:
        # Without the mark that editors elsewhere put before it.
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8: {error.reason}") from error
