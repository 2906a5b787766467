"""What of the host a container sees: mounts and devices, as far as text can tell.

Whether a source is there, and a device one, is for an effect to find out.
"""

import re
from collections.abc import Iterable, Sequence

from conman.api.fields import bad, few, plain_path, shown
from conman.core.spec import Device, Mount, MountType
from conman.wire.v1 import conman_pb2 as wire

PROPAGATIONS = ("private", "rprivate", "slave", "rslave", "shared", "rshared")

#: Of mount(8), for any file system; what has a field of its own is not among them.
_FLAGS = (
    *("exec", "noexec", "suid", "nosuid", "dev", "nodev", "sync", "async", "dirsync"),
    *("atime", "noatime", "diratime", "nodiratime", "relatime", "norelatime"),
    *("strictatime", "nostrictatime", "mand", "nomand", "noswap"),
)
#: Of tmpfs(5): numbers of inodes, and whom its root belongs to.
_SETTINGS = re.compile(
    r"(nr_inodes=[0-9]{1,15}[kmgKMG]?|nr_blocks=[0-9]{1,15}|(uid|gid)=[0-9]{1,9})"
)
_ELSEWHERE = {"ro": "readonly", "rw": "readonly", "size": "size_bytes", "mode": "mode"}
_PERMISSIONS = re.compile("(?!.*(.).*\\1)[rwm]{1,3}")


def mounts(messages: Iterable[wire.Mount]) -> tuple[Mount, ...]:
    """In their order, each target once."""
    found = tuple(_mount(message) for message in messages)
    few("mounts", len(found))
    _each_once("mounts", [mount.target for mount in found])
    return found


def devices(messages: Iterable[wire.Device]) -> tuple[Device, ...]:
    """In their order, each path in the container once."""
    found = tuple(_device(message) for message in messages)
    few("devices", len(found))
    _each_once("devices", [device.container_path for device in found])
    return found


def _mount(message: wire.Mount) -> Mount:
    target = _place("mounts", message.target, "the mount target")
    if message.type == wire.Mount.TYPE_BIND:
        return _bind(message, target)
    if message.type != wire.Mount.TYPE_TMPFS:
        bad("mounts", f"there is no mount type {message.type}", "give TYPE_BIND or TYPE_TMPFS")
    return _tmpfs(message, target)


def _bind(message: wire.Mount, target: str) -> Mount:
    if message.size_bytes or message.mode or message.options:
        _foreign(target, "bind", "size_bytes, mode or options", "a tmpfs")
    if message.propagation not in ("", *PROPAGATIONS):
        bad(
            "mounts",
            f"there is no propagation {shown(message.propagation)}",
            f"give one of {', '.join(PROPAGATIONS)}",
        )
    if not message.source:
        bad("mounts", f"the mount at {shown(target)} has no source", "give an absolute path")
    source = plain_path("mounts", message.source, "the mount source")
    return Mount(MountType.BIND, target, source, message.readonly, message.propagation)


def _tmpfs(message: wire.Mount, target: str) -> Mount:
    if message.source or message.propagation:
        _foreign(target, "tmpfs", "a source or propagation", "a bind")
    if message.size_bytes < 0:
        bad("mounts", f"the size of the tmpfs at {shown(target)} is negative", "give bytes, or 0")
    if message.mode > 0o7777:
        bad("mounts", f"the mode {message.mode:o} of a tmpfs is none", "give 0 to 7777, octal")
    return Mount(
        MountType.TMPFS,
        target,
        readonly=message.readonly,
        size_bytes=message.size_bytes,
        mode=message.mode,
        options=_options(message.options),
    )


def _options(options: Sequence[str]) -> tuple[str, ...]:
    few("mounts", len(options))
    for option in options:
        key = option.partition("=")[0]
        if key in _ELSEWHERE:
            bad(
                "mounts",
                f"the tmpfs option {shown(option)} has a field of its own",
                f"give {_ELSEWHERE[key]}",
            )
        if option not in _FLAGS and not _SETTINGS.fullmatch(option):
            bad(
                "mounts",
                f"there is no tmpfs option {shown(option)}",
                f"give {', '.join(_FLAGS[:6])}, noatime, nr_inodes=N, uid=N, gid=N",
            )
    return tuple(dict.fromkeys(options))


def _device(message: wire.Device) -> Device:
    if not message.host_path:
        bad("devices", "a device has no host_path", "give a device node's absolute path")
    host = plain_path("devices", message.host_path, "the device")
    inside = message.container_path or host
    permissions = message.permissions or "rwm"
    if not _PERMISSIONS.fullmatch(permissions):
        bad(
            "devices",
            f"{shown(permissions)} are no permissions of a device",
            "give one to three of r, w and m",
        )
    return Device(host, _place("devices", inside, "the device in the container"), permissions)


def _place(field: str, value: str, what: str) -> str:
    if not value:
        bad(field, f"{what} is empty", "give an absolute path inside the container")
    path = plain_path(field, value, what)
    if path == "/":
        bad(field, f"{what} is '/', the root itself", "give a path below it")
    return path


def _each_once(field: str, paths: Sequence[str]) -> None:
    for path in paths:
        if paths.count(path) > 1:
            bad(field, f"{shown(path)} is given twice in {field}", "give each place once")


def _foreign(target: str, kind: str, what: str, whose: str) -> None:
    bad("mounts", f"the {kind} at {shown(target)} has {what}", f"only {whose} has those")
