"""A run's config.json: what the user asked for, in a container as docker's users know it.

Pure, and a function of the row alone: the same container and run give the same bytes, so that a
bundle made again after a crash is the same bundle. Nothing here may ask the host anything; what a
host cannot do (raised rlimits, a negative oomScoreAdj) is left out rather than probed for.
"""

import json

from conman.core.layout import Layout
from conman.core.model import Container
from conman.oci import runtime_spec as oci

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

#: Marks by which conman tells its processes: an environment of the user's must not forge them.
_OUR_MARKS = ("CONMAN_RUN", "CONMAN_CALL", "CONMAN_SHIM", "CONMAN_EXEC")

_CAPABILITIES = (
    "CAP_AUDIT_WRITE",
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_MKNOD",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_RAW",
    "CAP_SETFCAP",
    "CAP_SETGID",
    "CAP_SETPCAP",
    "CAP_SETUID",
    "CAP_SYS_CHROOT",
)

# No cgroup namespace: on cgroup v1 docker has none either. A new network namespace has its
# loopback brought up by the runtime.
_NAMESPACES = ("pid", "ipc", "uts", "mount", "network")

_MOUNTS = (
    ("/proc", "proc", "proc", "nosuid,noexec,nodev"),
    ("/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=65536k"),
    ("/dev/pts", "devpts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5"),
    ("/dev/shm", "tmpfs", "shm", "nosuid,noexec,nodev,mode=1777,size=65536k"),  # noqa: S108 - inside
    ("/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev"),
    ("/sys", "sysfs", "sysfs", "nosuid,noexec,nodev,ro"),
    ("/sys/fs/cgroup", "cgroup", "cgroup", "nosuid,noexec,nodev,relatime,ro"),
)

_MASKED = (
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/devices/virtual/powercap",
    "/sys/firmware",
)

_READ_ONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")

#: Character devices that every container may use: null, zero, full, random, urandom, tty,
#: console, ptmx, and all pseudo-terminals (-1: every minor).
_DEVICES = ((1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 1), (5, 2), (136, -1))


def config_json(container: Container, run: int, layout: Layout) -> bytes:
    """The bytes of this run's config.json."""
    spec: oci.Spec = {
        "ociVersion": oci.VERSION,
        "process": _process(container, run, layout),
        "root": {"path": "rootfs", "readonly": container.spec.rootfs_readonly},
        "hostname": hostname(container),
        "mounts": [_mount(*fields) for fields in _MOUNTS],
        "annotations": dict(container.spec.annotations),
        "linux": _linux(layout.cgroup(container.id, run)),
    }
    return (json.dumps(spec, sort_keys=True, separators=(",", ":")) + "\n").encode()


def hostname(container: Container) -> str:
    """The one asked for, else the short form of the id."""
    return container.spec.hostname or container.id[:12]


def user_ids(user: str) -> tuple[int, int] | None:
    """The numbers of "uid[:gid]", "" being root; None for anything else (names, for now)."""
    uid, colon, gid = user.partition(":")
    numbers = (uid or "0", gid if colon else "0")
    if not all(text.isascii() and text.isdecimal() for text in numbers):
        return None
    found = (int(numbers[0]), int(numbers[1]))
    return found if max(found) < 2**32 - 1 else None


def _process(container: Container, run: int, layout: Layout) -> oci.Process:
    ids = user_ids(container.spec.user)
    if ids is None:
        raise AssertionError(f"admission let the user {container.spec.user!r} pass")
    return {
        "args": [container.spec.command, *container.spec.args],
        "capabilities": _capabilities(ids[0]),
        "cwd": container.spec.cwd,
        "env": _environment(container, layout.run_marker(container.id, run)),
        "noNewPrivileges": True,
        "terminal": False,
        "user": {"uid": ids[0], "gid": ids[1]},
    }


def _capabilities(uid: int) -> oci.Capabilities:
    # An execve by anybody but root ends with none in effect; say so from the beginning.
    names: list[str] = list(_CAPABILITIES)
    if uid != 0:
        return {"bounding": names}
    return {"bounding": names, "effective": names, "permitted": names}


def _environment(container: Container, run_marker: str) -> list[str]:
    """Defaults, then the user's own, the last of each name; then our mark."""
    variables = {"PATH": f"PATH={DEFAULT_PATH}", "HOSTNAME": f"HOSTNAME={hostname(container)}"}
    for entry in container.spec.env:
        variables[entry.partition("=")[0]] = entry
    users = [entry for name, entry in variables.items() if name not in _OUR_MARKS]
    return [*users, run_marker]


def _mount(destination: str, kind: str, source: str, options: str) -> oci.Mount:
    return {
        "destination": destination,
        "type": kind,
        "source": source,
        "options": options.split(","),
    }


def _linux(cgroup: str) -> oci.Linux:
    return {
        "cgroupsPath": cgroup,
        "maskedPaths": list(_MASKED),
        "namespaces": [{"type": name} for name in _NAMESPACES],
        "readonlyPaths": list(_READ_ONLY),
        "resources": {"devices": _device_rules()},
    }


def _device_rules() -> list[oci.DeviceRule]:
    """Nothing, but making nodes, and the devices that every container may use."""
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
    return rules
