"""--volume, --mount, --tmpfs and --device, in docker's words, to the wire's messages.

It must never judge what conmand judges; it refuses what it cannot read, and makes a host's path absolute,
since conmand's working directory is not the caller's.
"""

import os
from typing import TYPE_CHECKING

from conman.ctl.sizes import size

if TYPE_CHECKING:
    from conman.wire.v1 import conman_pb2 as wire

PROPAGATIONS = ("private", "rprivate", "slave", "rslave", "shared", "rshared")
_MODES = frozenset("rwm")


def volume(text: str) -> "wire.Mount":
    """SRC:DST[:OPTION,...]. Raises ValueError."""
    from conman.wire.v1 import conman_pb2 as wire

    source, colon, rest = text.partition(":")
    target, _, options = rest.partition(":")
    if not colon or not source or not target:
        raise ValueError(f"{text}: SRC:DST[:ro] is needed")
    if "/" not in source and source not in (".", ".."):
        raise ValueError(f"{text}: there are no named volumes; for a directory write ./{source}")
    mount = wire.Mount(source=os.path.abspath(source), target=target)
    for option in filter(None, options.split(",")):
        if option in ("ro", "rw"):
            mount.readonly = option == "ro"
        elif option in PROPAGATIONS:
            mount.propagation = option
        else:
            raise ValueError(f"{text}: {option!r} is none of ro, rw, {', '.join(PROPAGATIONS)}")
    return mount


def tmpfs(text: str) -> "wire.Mount":
    """DST[:OPTION,...], with size= and mode= among them. Raises ValueError."""
    from conman.wire.v1 import conman_pb2 as wire

    target, _, options = text.partition(":")
    mount = wire.Mount(type=wire.Mount.TYPE_TMPFS, target=target)
    _set_tmpfs_options(mount, options)
    return mount


def mount(text: str) -> "wire.Mount":
    """type=bind|tmpfs,source=...,target=...,... as comma separated values. Raises ValueError."""
    from conman.wire.v1 import conman_pb2 as wire

    pairs = [_pair(field) for field in _fields(text)]
    kinds = [value for key, value in pairs if key == "type"]
    if kinds not in (["bind"], ["tmpfs"]):
        raise ValueError(f"{text}: one type=bind or type=tmpfs is needed")
    made = wire.Mount(type=f"TYPE_{kinds[0].upper()}")
    for key, value in pairs:
        if key != "type":
            _set(made, key, value)
    return made


def device(text: str) -> "wire.Device":
    """HOST[:CONTAINER][:rwm]. Raises ValueError."""
    from conman.wire.v1 import conman_pb2 as wire

    host, *rest = text.split(":")
    permissions = ""
    if len(rest) == 2 or (len(rest) == 1 and rest[0] and set(rest[0]) <= _MODES):
        permissions = rest.pop()
    if not host or len(rest) > 1:
        raise ValueError(f"{text}: HOST[:CONTAINER][:rwm] is needed")
    inside = rest[0] if rest else ""
    return wire.Device(host_path=host, container_path=inside, permissions=permissions)


def _fields(text: str) -> list[str]:
    """A path with a comma stands in double quotes, as in a CSV file."""
    import csv

    [fields] = csv.reader([text], strict=True) if text else [[]]
    return fields


def _pair(field: str) -> tuple[str, str]:
    key, _, value = field.partition("=")
    return key.strip().lower(), value


def _set(made: "wire.Mount", key: str, value: str) -> None:
    match key:
        case "source" | "src":
            made.source = os.path.abspath(value)
        case "target" | "destination" | "dst":
            made.target = value
        case "readonly" | "ro":
            made.readonly = _truth(key, value)
        case "bind-propagation":
            made.propagation = value
        case "tmpfs-size":
            made.size_bytes = size(value)
        case "tmpfs-mode":
            made.mode = _octal(value)
        case "tmpfs-options":
            _set_tmpfs_options(made, value)
        case _:
            raise ValueError(f"{key!r} is no key of --mount")


def _set_tmpfs_options(made: "wire.Mount", options: str) -> None:
    for option in filter(None, options.split(",")):
        key, _, value = option.partition("=")
        _set_tmpfs(made, key, value, option)


def _set_tmpfs(made: "wire.Mount", key: str, value: str, option: str) -> None:
    match key:
        case "size":
            made.size_bytes = size(value)
        case "mode":
            made.mode = _octal(value)
        case "ro" | "rw":
            made.readonly = key == "ro"
        case _:
            made.options.append(option)


def _truth(key: str, value: str) -> bool:
    if value.lower() not in ("", "true", "1", "false", "0"):
        raise ValueError(f"{key}={value}: true or false is needed")
    return value.lower() not in ("false", "0")


def _octal(value: str) -> int:
    try:
        found = int(value, 8)
    except ValueError:
        found = -1
    if not 0 <= found < 2**32:
        raise ValueError(f"the mode {value!r} is not octal, as 1777")
    return found
