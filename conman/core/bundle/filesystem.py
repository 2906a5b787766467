"""What a container sees as its file system besides the root: mounts, and what of /proc and /sys it may touch.

The order matters: a mount below another comes after it. A user's mount takes the place of the usual one
with the same target.
"""

from conman.core.spec import ContainerSpec, Mount, MountType
from conman.oci import runtime_spec as oci

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

#: What a tmpfs has unless its options say the opposite.
_TMPFS_DEFAULTS = (("exec", "noexec"), ("suid", "nosuid"), ("dev", "nodev"))
_STICKY_FOR_ALL = 0o1777


def masked_paths(spec: ContainerSpec) -> list[str]:
    return [] if spec.privileged else list(_MASKED)


def read_only_paths(spec: ContainerSpec) -> list[str]:
    return [] if spec.privileged else list(_READ_ONLY)


def mounts_of(spec: ContainerSpec) -> list[oci.Mount]:
    """The usual ones, then the user's, a mount before what lies below it."""
    taken = [mount.target for mount in spec.mounts]
    usual = [_usual(*fields, spec.privileged) for fields in _MOUNTS if fields[0] not in taken]
    below = sorted(spec.mounts, key=lambda mount: mount.target.count("/"))
    return [*usual, *(_mount(mount) for mount in below)]


def _usual(
    destination: str,
    kind: str,
    source: str,
    options: str,
    privileged: bool,  # noqa: FBT001 - of the whole container
) -> oci.Mount:
    kept = [each for each in options.split(",") if each != "ro" or not privileged]
    return {"destination": destination, "type": kind, "source": source, "options": kept}


def _mount(mount: Mount) -> oci.Mount:
    match mount.type:
        case MountType.BIND:
            source = mount.source
            options = ["rbind", mount.propagation or "rprivate"]
        case MountType.TMPFS:
            source = "tmpfs"
            options = _tmpfs_options(mount)
    access = "ro" if mount.readonly else "rw"
    return {
        "destination": mount.target,
        "type": mount.type.value,
        "source": source,
        "options": [*options, access],
    }


def _tmpfs_options(mount: Mount) -> list[str]:
    usual = [no for yes, no in _TMPFS_DEFAULTS if yes not in mount.options]
    given = [each for each in mount.options if each not in usual]
    mode = f"mode={mount.mode or _STICKY_FOR_ALL:o}"
    size = [f"size={mount.size_bytes}"] if mount.size_bytes else []
    return [*usual, *given, mode, *size]
