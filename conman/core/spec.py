"""What the user asked for, and what of it the host decided once: frozen values, never changed after create,
but `ContainerSpec.resources` and `restart`, by an update.

Every field has its twin in `conman.v1.CreateContainerRequest`. Names of users and device nodes mean
something only on a host: what they meant when the container was created is `Resolved`, and stays.
"""

from dataclasses import field
from enum import Enum

from conman.core.resources import Resources
from conman.core.restart import RestartPolicy
from conman.frozen import frozen


class MountType(Enum):
    """What is mounted."""

    BIND = "bind"
    TMPFS = "tmpfs"


@frozen
class Mount:
    """`options`, `size_bytes` and `mode` are a tmpfs's, `source` and `propagation` a bind's."""

    type: MountType
    target: str
    source: str = ""
    readonly: bool = False
    propagation: str = ""
    size_bytes: int = 0
    mode: int = 0
    options: tuple[str, ...] = ()


@frozen
class Device:
    """A host's device node, or a directory of them. `permissions`: of r, w, m."""

    host_path: str
    container_path: str
    permissions: str = "rwm"


@frozen
class Ulimit:
    """`name` as "nofile"; -1: unlimited."""

    name: str
    soft: int
    hard: int


@frozen
class LogLimits:
    """A file of the log has at most `file_bytes` (0: any), and `files` of them are kept."""

    file_bytes: int = 16 * 1024 * 1024
    files: int = 5


@frozen
class ConsoleSize:
    """Of a terminal, in characters."""

    rows: int
    columns: int


@frozen
class Stdio:
    """How a program is talked with. `stdin_once`: the first who may type, and leaves, ends its input."""

    stdin: bool = False
    stdin_once: bool = False
    tty: bool = False


@frozen
class ContainerSpec:
    """The request. `cap_add`, `cap_drop`: CAP_*, or "ALL". `user`, `groups`: as they were typed."""

    command: str
    args: tuple[str, ...] = ()
    rootfs_path: str = ""
    rootfs_readonly: bool = False
    env: tuple[str, ...] = ()
    cwd: str = "/"
    user: str = ""
    hostname: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    annotations: tuple[tuple[str, str], ...] = ()
    stop_signal: int = 15
    runtime: str = ""
    resources: Resources = field(default_factory=Resources)
    groups: tuple[str, ...] = ()
    mounts: tuple[Mount, ...] = ()
    devices: tuple[Device, ...] = ()
    cap_add: tuple[str, ...] = ()
    cap_drop: tuple[str, ...] = ()
    privileged: bool = False
    ulimits: tuple[Ulimit, ...] = ()
    sysctls: tuple[tuple[str, str], ...] = ()
    stop_timeout_ms: int | None = None
    runtime_spec_patch: str = ""
    log: LogLimits = field(default_factory=LogLimits)
    restart: RestartPolicy = field(default_factory=RestartPolicy)
    stdio: Stdio = field(default_factory=Stdio)
    auto_remove: bool = False


@frozen
class Node:
    """A device node in the container. `kind`: "c" or "b"; `mode`: permission bits only."""

    path: str
    kind: str
    major: int
    minor: int
    mode: int
    uid: int
    gid: int
    access: str = "rwm"


@frozen
class Resolved:
    """What names meant when the container was created. `groups` are the further ones."""

    uid: int = 0
    gid: int = 0
    groups: tuple[int, ...] = ()
    home: str = ""
    nodes: tuple[Node, ...] = ()
