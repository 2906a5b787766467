"""What this host lets conmand give to containers: probed once at start-up, then a plain value.

Asking for more is no mistake of the user's: it is done without, with a warning (`bundle.concessions`).
It must never be asked of the host again while a daemon lives: a row and its setting make a config.json.
"""

from conman.frozen import frozen

#: All that Linux has, in the order of their numbers (capability.h, as of Linux 6.x).
CAPABILITIES = (
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
)

#: Kinds of limits that a cgroup may know, by the names of config.json; "swap" goes with memory.
LIMITS = ("memory", "swap", "cpu", "cpuset", "pids")

#: Of setrlimit(2), by docker's names.
RLIMITS = (
    "as",
    "core",
    "cpu",
    "data",
    "fsize",
    "locks",
    "memlock",
    "msgqueue",
    "nice",
    "nofile",
    "nproc",
    "rss",
    "rtprio",
    "rttime",
    "sigpending",
    "stack",
)

#: RLIM_INFINITY.
UNLIMITED = 2**64 - 1


@frozen
class Permits:
    """By default everything. `hard_limits`: (RLIMIT_*, value) that cannot be raised.

    `lowest_oom_score_adj`: what a process of ours may have at least.
    """

    capabilities: tuple[str, ...] = CAPABILITIES
    limits: tuple[str, ...] = LIMITS
    hard_limits: tuple[tuple[str, int], ...] = ()
    lowest_oom_score_adj: int = -1000
