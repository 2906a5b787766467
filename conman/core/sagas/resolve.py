"""What a new container's spec means on this host, looked up once: users, groups, devices, mounts' sources.

Before the intent, as the root itself (decision 16): it changes nothing, and a crash leaves nothing. What
was found is in the intent; a name that changes its meaning later changes no container.
"""

from conman.core import accounts
from conman.core.effects import vocabulary as v
from conman.core.effects.effect import Outcome
from conman.core.spec import ContainerSpec, Device, MountType, Node, Resolved
from conman.errors import Code, Refusal
from conman.frozen import replace
from conman.primitives.results import DeviceNode, Devices
from conman.primitives.shared_results import Absent, Content, Done, Failed

#: What a privileged container gets: all devices of the host.
_ALL_DEVICES = Device("/dev", "/dev")


async def resolve(spec: ContainerSpec) -> Resolved | Refusal:
    """Names to numbers; a refusal for what is not there."""
    if (refusal := await _check_sources(spec)) is not None:
        return refusal
    nodes = await _find_nodes(spec)
    if isinstance(nodes, Refusal):
        return nodes
    identity = await find_identity(spec.rootfs_path, spec.user, spec.groups)
    return identity if isinstance(identity, Refusal) else replace(identity, nodes=nodes)


async def _check_sources(spec: ContainerSpec) -> Refusal | None:
    for mount in spec.mounts:
        if mount.type is not MountType.BIND:
            continue
        looked = await v.CheckSource(mount.source)
        if not isinstance(looked, Done):
            why = _why_not(looked)
            return _bad(
                "mounts",
                "BadMountSource",
                f"the mount source {mount.source} {why}",
                "name a file or directory of the host; conman makes none",
            )
    return None


async def _find_nodes(spec: ContainerSpec) -> tuple[Node, ...] | Refusal:
    """Of a path that is given twice, as of one that a directory has too, the last one holds."""
    found: dict[str, Node] = {}
    for device in (*((_ALL_DEVICES,) if spec.privileged else ()), *spec.devices):
        looked = await v.FindDevices(device.host_path)
        if not isinstance(looked, Devices):
            return _bad(
                "devices",
                "BadDevice",
                f"the device {device.host_path} {_why_not(looked)}",
                "name a device node of the host, or a directory of them",
            )
        nodes = [_node(each, device) for each in looked.nodes]
        found |= {node.path: node for node in nodes}
    return tuple(found.values())


def _node(found: DeviceNode, device: Device) -> Node:
    return Node(
        device.container_path + found.path.removeprefix(device.host_path),
        found.kind,
        found.major,
        found.minor,
        found.mode,
        found.uid,
        found.gid,
        device.permissions,
    )


async def find_identity(root: str, user: str, groups: tuple[str, ...]) -> Resolved | Refusal:
    """Who they are in this root file system."""
    if (known := accounts.without_looking(user, groups)) is not None:
        return known
    passwd = await v.ReadInRoot(root, "/etc/passwd")
    group = await v.ReadInRoot(root, "/etc/group")
    files: list[bytes] = []
    for name, looked in (("passwd", passwd), ("group", group)):
        match looked:
            case Content(data):
                files.append(data)
            case Absent():
                files.append(b"")
            case _:
                return _bad(
                    "user",
                    "BadAccounts",
                    f"the root's /etc/{name} {_why_not(looked)}",
                    "mend it, or give the user as UID:GID, in numbers",
                )
    return accounts.resolve(user, groups, files[0], files[1])


def _why_not(looked: Outcome) -> str:
    match looked:
        case Absent():
            return "does not exist"
        case Failed(error="ENODEV"):
            return "is no device node"
        case Failed(error="EFBIG"):
            return "is larger than 4 MiB"
        case Failed(error="EINVAL"):
            return "is no regular file"
        case Failed(text=text):
            return f"cannot be looked at: {text}"
        case _:
            return "cannot be looked at in time"


def _bad(field: str, reason: str, what: str, hint: str) -> Refusal:
    return Refusal(Code.INVALID_ARGUMENT, reason, what, hint, field)
