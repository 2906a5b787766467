"""A run's config.json: what the user asked for, in a container as docker's users know it.

Pure, and a function of row, run and setting alone: the same give the same bytes, so that a bundle made
again after a crash is the same bundle. Nothing here may ask the host anything: what it does not permit
is in `Permits`.
"""

import json

from conman.core.bundle.capabilities import capabilities_of
from conman.core.bundle.concessions import concede
from conman.core.bundle.devices import device_nodes, device_rules
from conman.core.bundle.filesystem import masked_paths, mounts_of, read_only_paths
from conman.core.bundle.limits import resources_of, rlimits_of
from conman.core.bundle.patch import patched
from conman.core.layout import Layout
from conman.core.model import Container
from conman.core.permits import Permits
from conman.core.spec import ConsoleSize
from conman.oci import runtime_spec as oci

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

#: Marks by which conman tells its processes: an environment of the user's must not forge them.
_OUR_MARKS = ("CONMAN_RUN", "CONMAN_CALL", "CONMAN_SHIM", "CONMAN_EXEC")

# No cgroup namespace: on cgroup v1 docker has none either. A new network namespace has its
# loopback brought up by the runtime.
_NAMESPACES = ("pid", "ipc", "uts", "mount", "network")


def config_json(
    container: Container,
    run: int,
    layout: Layout,
    permits: Permits,
    console_size: ConsoleSize | None = None,
) -> bytes:
    """The bytes of this run's config.json."""
    spec, _ = permitted(container, run, layout, permits, console_size)
    return (json.dumps(spec, sort_keys=True, separators=(",", ":")) + "\n").encode()


def warnings_of(container: Container, layout: Layout, permits: Permits) -> tuple[str, ...]:
    """What was asked for and is not in its config.json on this host, a sentence each."""
    _, warnings = permitted(container, container.run, layout, permits)
    return warnings


def hostname(container: Container) -> str:
    """The one asked for, else the short form of the id."""
    return container.spec.hostname or container.id[:12]


def permitted(
    container: Container,
    run: int,
    layout: Layout,
    permits: Permits,
    console_size: ConsoleSize | None = None,
) -> tuple[oci.Spec, tuple[str, ...]]:
    """What is asked of the runtime, and what conmand itself may not give, a sentence each."""
    asked = _asked(container, run, layout)
    if console_size is not None:
        asked["process"]["consoleSize"] = {
            "height": console_size.rows,
            "width": console_size.columns,
        }
    patch = container.spec.runtime_spec_patch
    if patch:
        asked = patched(asked, patch, container.id, run, layout)
    return concede(asked, permits)


def _asked(container: Container, run: int, layout: Layout) -> oci.Spec:
    return {
        "ociVersion": oci.VERSION,
        "process": _process(container, layout.run_marker(container.id, run)),
        "root": {"path": "rootfs", "readonly": container.spec.rootfs_readonly},
        "hostname": hostname(container),
        "mounts": mounts_of(container.spec),
        "annotations": dict(container.spec.annotations),
        "linux": _linux(container, layout.cgroup(container.id, run)),
    }


def _process(container: Container, run_marker: str) -> oci.Process:
    spec = container.spec
    process: oci.Process = {
        "args": [spec.command, *spec.args],
        "capabilities": capabilities_of(spec, container.resolved.uid),
        "cwd": spec.cwd,
        "env": _environment(container, run_marker),
        "noNewPrivileges": not spec.privileged,
        "terminal": container.spec.stdio.tty,
        "user": _user(container),
    }
    if spec.ulimits:
        process["rlimits"] = rlimits_of(spec.ulimits)
    return process


def _user(container: Container) -> oci.User:
    resolved = container.resolved
    user: oci.User = {"uid": resolved.uid, "gid": resolved.gid}
    if resolved.groups:
        user["additionalGids"] = list(resolved.groups)
    return user


def _environment(container: Container, run_marker: str) -> list[str]:
    """Defaults, then the user's own, the last of each name; then our mark."""
    variables = {"PATH": f"PATH={DEFAULT_PATH}", "HOSTNAME": f"HOSTNAME={hostname(container)}"}
    if container.spec.stdio.tty:
        variables["TERM"] = "TERM=xterm"
    if container.resolved.home:
        variables["HOME"] = f"HOME={container.resolved.home}"
    for entry in container.spec.env:
        variables[entry.partition("=")[0]] = entry
    users = [entry for name, entry in variables.items() if name not in _OUR_MARKS]
    return [*users, run_marker]


def _linux(container: Container, cgroup: str) -> oci.Linux:
    spec = container.spec
    resources: oci.Resources = {"devices": device_rules(container), **resources_of(spec.resources)}
    linux: oci.Linux = {
        "cgroupsPath": cgroup,
        "maskedPaths": masked_paths(spec),
        "namespaces": [{"type": name} for name in _NAMESPACES],
        "readonlyPaths": read_only_paths(spec),
        "resources": resources,
    }
    if nodes := device_nodes(container):
        linux["devices"] = nodes
    if spec.sysctls:
        linux["sysctl"] = dict(spec.sysctls)
    return linux
