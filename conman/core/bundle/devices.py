"""Which devices a container has: the nodes that are made for it, and what its device cgroup lets it do."""

from conman.core.model import Container
from conman.core.spec import Node
from conman.oci import runtime_spec as oci

#: Character devices that every container may use: null, zero, full, random, urandom, tty,
#: console, ptmx, and all pseudo-terminals (-1: every minor).
_DEVICES = ((1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 1), (5, 2), (136, -1))

#: The runtime makes these itself; told twice, it would refuse one of the two.
_MADE_ANYWAY = (
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
    "/dev/tty",
    "/dev/console",
    "/dev/ptmx",
)


def device_rules(container: Container) -> list[oci.DeviceRule]:
    """Nothing, but making nodes, the devices that every container may use, and those asked for."""
    if container.spec.privileged:
        return [{"allow": True, "access": "rwm"}]
    rules: list[oci.DeviceRule] = [
        {"allow": False, "access": "rwm"},
        {"allow": True, "type": "c", "access": "m"},
        {"allow": True, "type": "b", "access": "m"},
    ]
    for major, minor in _DEVICES:
        rule: oci.DeviceRule = {"allow": True, "type": "c", "major": major, "access": "rwm"}
        if minor >= 0:
            rule["minor"] = minor
        rules.append(rule)
    return [*rules, *(_rule(node) for node in container.resolved.nodes)]


def device_nodes(container: Container) -> list[oci.Device]:
    """In the order in which they were found."""
    return [_node(node) for node in container.resolved.nodes if node.path not in _MADE_ANYWAY]


def _rule(node: Node) -> oci.DeviceRule:
    return {
        "allow": True,
        "type": node.kind,
        "major": node.major,
        "minor": node.minor,
        "access": node.access,
    }


def _node(node: Node) -> oci.Device:
    return {
        "path": node.path,
        "type": node.kind,
        "major": node.major,
        "minor": node.minor,
        "fileMode": node.mode,
        "uid": node.uid,
        "gid": node.gid,
    }
