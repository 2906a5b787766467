"""What `spec` and `features` print: the configuration to begin with, and what this runtime says it can.

It must never overwrite a config.json.
"""

import os
from typing import Any

from fakerunc.log import go_error
from fakerunc.place import Refused
from fakerunc.record import OCI_VERSION, go_json

_CAPABILITIES = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]
_QUIET = ["nosuid", "noexec", "nodev"]
_MASKED = [
    "/proc/acpi",
    "/proc/asound",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/sched_debug",
    "/sys/firmware",
    "/proc/scsi",
]
_READ_ONLY = "/proc/bus /proc/fs /proc/irq /proc/sys /proc/sysrq-trigger".split()  # noqa: SIM905


def write_spec(directory: str, *, rootless: bool) -> None:
    """config.json, in the directory or the working one; Refused in runc's words."""
    try:
        os.chdir(directory or ".")
    except OSError as failure:
        raise Refused(go_error("chdir", directory, failure)) from failure
    if os.path.lexists("config.json"):
        raise Refused("File config.json exists. Remove it first")
    text = go_json(_rootless(_spec()) if rootless else _spec(), indent="\t")
    fd = os.open("config.json", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    with open(fd, "w", encoding="utf-8") as file:
        file.write(text)


def _spec() -> dict[str, Any]:
    kinds = ("bounding", "effective", "permitted", "ambient")
    limit = {"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}
    path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return {
        "ociVersion": OCI_VERSION,
        "process": {
            "terminal": True,
            "user": {"uid": 0, "gid": 0},
            "args": ["sh"],
            "env": [path, "TERM=xterm"],
            "cwd": "/",
            "capabilities": dict.fromkeys(kinds, _CAPABILITIES),
            "rlimits": [limit],
            "noNewPrivileges": True,
        },
        "root": {"path": "rootfs", "readonly": True},
        "hostname": "runc",
        "mounts": _mounts(),
        "linux": {
            "resources": {"devices": [{"allow": False, "access": "rwm"}]},
            "namespaces": _kinds("pid", "network", "ipc", "uts", "mount"),
            "maskedPaths": _MASKED,
            "readonlyPaths": _READ_ONLY,
        },
    }


def _kinds(*names: str) -> list[dict[str, str]]:
    return [{"type": name} for name in names]


def _mount(destination: str, kind: str, source: str, *options: str) -> dict[str, Any]:
    made = {"destination": destination, "type": kind, "source": source}
    return made | ({"options": list(options)} if options else {})


def _mounts() -> list[dict[str, Any]]:
    pts = ("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5")
    return [
        _mount("/proc", "proc", "proc"),
        _mount("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
        _mount("/dev/pts", "devpts", "devpts", *pts),
        _mount("/dev/shm", "tmpfs", "shm", *_QUIET, "mode=1777", "size=65536k"),  # noqa: S108
        _mount("/dev/mqueue", "mqueue", "mqueue", *_QUIET),
        _mount("/sys", "sysfs", "sysfs", *_QUIET, "ro"),
        _mount("/sys/fs/cgroup", "cgroup", "cgroup", *_QUIET, "relatime", "ro"),
    ]


def _rootless(spec: dict[str, Any]) -> dict[str, Any]:
    """For one user: no gid of a tty group, the host's /sys and network, a user namespace."""
    for mount in spec["mounts"]:
        if mount["destination"] == "/dev/pts":
            mount["options"].remove("gid=5")
    bound = _mount("/sys", "none", "/sys", "rbind", *_QUIET, "ro")
    spec["mounts"] = [bound if m["destination"] == "/sys" else m for m in spec["mounts"]]
    own = {"containerID": 0, "hostID": os.geteuid(), "size": 1}
    group = {"containerID": 0, "hostID": os.getegid(), "size": 1}
    spec["linux"] = {
        "uidMappings": [own],
        "gidMappings": [group],
        "namespaces": _kinds("pid", "ipc", "uts", "mount", "user"),
        "maskedPaths": _MASKED,
        "readonlyPaths": _READ_ONLY,
    }
    return spec


def features(version: str) -> str:
    """What runc says of itself: a caller that believes it asks for what a stand-in only records."""
    hooks = "prestart createRuntime createContainer startContainer poststart poststop"
    kinds = "cgroup ipc mount network pid user uts"
    said = {
        "ociVersionMin": "1.0.0",
        "ociVersionMax": OCI_VERSION,
        "hooks": hooks.split(),
        "mountOptions": _MOUNT_OPTIONS,
        "linux": {
            "namespaces": kinds.split(),
            "capabilities": [f"CAP_{name}" for name in _ALL_CAPABILITIES],
            "cgroup": {"v1": True, "v2": True, "systemd": True, "systemdUser": True},
            "seccomp": {
                "enabled": True,
                "actions": [f"SCMP_ACT_{name}" for name in _ACTIONS],
                "operators": [f"SCMP_CMP_{name}" for name in _OPERATORS],
                "archs": [f"SCMP_ARCH_{name}" for name in _ARCHITECTURES],
            },
            "apparmor": {"enabled": True},
            "selinux": {"enabled": True},
        },
        "annotations": {
            "io.github.seccomp.libseccomp.version": "2.5.4",
            "org.opencontainers.runc.checkpoint.enabled": "true",
            "org.opencontainers.runc.commit": "stand-ins, no containers",
            "org.opencontainers.runc.version": version,
        },
    }
    return go_json(said, indent=4) + "\n"


_MOUNT_OPTIONS = [
    "acl",
    "async",
    "atime",
    "bind",
    "defaults",
    "dev",
    "diratime",
    "dirsync",
    "exec",
    "iversion",
    "lazytime",
    "loud",
    "mand",
    "noacl",
    "noatime",
    "nodev",
    "nodiratime",
    "noexec",
    "noiversion",
    "nolazytime",
    "nomand",
    "norelatime",
    "nostrictatime",
    "nosuid",
    "nosymfollow",
    "private",
    "ratime",
    "rbind",
    "rdev",
    "rdiratime",
    "relatime",
    "remount",
    "rexec",
    "rnoatime",
    "rnodev",
    "rnodiratime",
    "rnoexec",
    "rnorelatime",
    "rnostrictatime",
    "rnosuid",
    "rnosymfollow",
    "ro",
    "rprivate",
    "rrelatime",
    "rro",
    "rrw",
    "rshared",
    "rslave",
    "rstrictatime",
    "rsuid",
    "rsymfollow",
    "runbindable",
    "rw",
    "shared",
    "silent",
    "slave",
    "strictatime",
    "suid",
    "symfollow",
    "sync",
    "tmpcopyup",
    "unbindable",
]
_ALL_CAPABILITIES = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
]
_ACTIONS = (
    "ALLOW",
    "ERRNO",
    "KILL",
    "KILL_PROCESS",
    "KILL_THREAD",
    "LOG",
    "NOTIFY",
    "TRACE",
    "TRAP",
)
_OPERATORS = ("EQ", "GE", "GT", "LE", "LT", "MASKED_EQ", "NE")
_ARCHITECTURES = [
    "AARCH64",
    "ARM",
    "MIPS",
    "MIPS64",
    "MIPS64N32",
    "MIPSEL",
    "MIPSEL64",
    "MIPSEL64N32",
    "PPC",
    "PPC64",
    "PPC64LE",
    "S390",
    "S390X",
    "X32",
    "X86",
    "X86_64",
]
