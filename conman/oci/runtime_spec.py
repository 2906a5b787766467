"""The part of the OCI runtime specification (config.json, 1.0.2) that conman writes, as types.

The names are the specification's own, camelCase and all, so that a value of these types is its JSON.
Only shapes live here: what goes into them is `conman.core.bundle`'s business.
"""

from typing import NotRequired, TypedDict

VERSION = "1.0.2"


class User(TypedDict):
    """Numeric: names are the root file system's, and a runtime does not look them up."""

    uid: int
    gid: int
    additionalGids: NotRequired[list[int]]


class Capabilities(TypedDict):
    """Names as CAP_*; a set that is left out is empty."""

    bounding: NotRequired[list[str]]
    effective: NotRequired[list[str]]
    inheritable: NotRequired[list[str]]
    permitted: NotRequired[list[str]]
    ambient: NotRequired[list[str]]


class Rlimit(TypedDict):
    """`type` as RLIMIT_*; 2^64 - 1: unlimited."""

    type: str
    soft: int
    hard: int


class ConsoleSize(TypedDict):
    """Of a terminal, in characters."""

    height: int
    width: int


class Process(TypedDict):
    """The container's first process."""

    args: list[str]
    capabilities: NotRequired[Capabilities]
    consoleSize: NotRequired[ConsoleSize]
    cwd: str
    env: list[str]
    noNewPrivileges: NotRequired[bool]
    oomScoreAdj: NotRequired[int]
    rlimits: NotRequired[list[Rlimit]]
    terminal: bool
    user: User


class Root(TypedDict):
    """`path` is relative to the bundle."""

    path: str
    readonly: bool


class Mount(TypedDict):
    """One mount, in the order of the list."""

    destination: str
    type: NotRequired[str]
    source: NotRequired[str]
    options: NotRequired[list[str]]


class Namespace(TypedDict):
    """A new namespace of this type."""

    type: str


class Device(TypedDict):
    """A device node to make."""

    path: str
    type: str
    major: int
    minor: int
    fileMode: int
    uid: int
    gid: int


class DeviceRule(TypedDict):
    """One rule of the device cgroup; without major or minor: all."""

    allow: bool
    type: NotRequired[str]
    major: NotRequired[int]
    minor: NotRequired[int]
    access: NotRequired[str]


class Memory(TypedDict):
    """Bytes; `swap` is memory and swap together, -1 any."""

    limit: NotRequired[int]
    reservation: NotRequired[int]
    swap: NotRequired[int]


class Cpu(TypedDict):
    """Microseconds; `cpus` and `mems` as "0-2,7"."""

    shares: NotRequired[int]
    quota: NotRequired[int]
    period: NotRequired[int]
    cpus: NotRequired[str]
    mems: NotRequired[str]


class Pids(TypedDict):
    """Processes and threads."""

    limit: int


class Resources(TypedDict):
    """Limits."""

    devices: NotRequired[list[DeviceRule]]
    memory: NotRequired[Memory]
    cpu: NotRequired[Cpu]
    pids: NotRequired[Pids]


class Hook(TypedDict):
    """A program that the runtime runs at one of the container's instants."""

    path: str
    env: NotRequired[list[str]]


class Linux(TypedDict):
    """What only Linux has."""

    cgroupsPath: str
    devices: NotRequired[list[Device]]
    maskedPaths: NotRequired[list[str]]
    namespaces: list[Namespace]
    readonlyPaths: NotRequired[list[str]]
    resources: NotRequired[Resources]
    sysctl: NotRequired[dict[str, str]]


class Spec(TypedDict):
    """The whole config.json."""

    annotations: dict[str, str]
    hooks: NotRequired[dict[str, list[Hook]]]
    hostname: str
    linux: Linux
    mounts: NotRequired[list[Mount]]
    ociVersion: str
    process: Process
    root: Root
