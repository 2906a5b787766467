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


class Capabilities(TypedDict):
    """Names as CAP_*; a set that is left out is empty."""

    bounding: list[str]
    effective: NotRequired[list[str]]
    permitted: NotRequired[list[str]]


class Process(TypedDict):
    """The container's first process."""

    args: list[str]
    capabilities: Capabilities
    cwd: str
    env: list[str]
    noNewPrivileges: bool
    terminal: bool
    user: User


class Root(TypedDict):
    """`path` is relative to the bundle."""

    path: str
    readonly: bool


class Mount(TypedDict):
    """One mount, in the order of the list."""

    destination: str
    type: str
    source: str
    options: list[str]


class Namespace(TypedDict):
    """A new namespace of this type."""

    type: str


class DeviceRule(TypedDict):
    """One rule of the device cgroup; without major or minor: all."""

    allow: bool
    type: NotRequired[str]
    major: NotRequired[int]
    minor: NotRequired[int]
    access: str


class Resources(TypedDict):
    """Limits."""

    devices: list[DeviceRule]


class Linux(TypedDict):
    """What only Linux has."""

    cgroupsPath: str
    maskedPaths: list[str]
    namespaces: list[Namespace]
    readonlyPaths: list[str]
    resources: Resources


class Spec(TypedDict):
    """The whole config.json."""

    annotations: dict[str, str]
    hostname: str
    linux: Linux
    mounts: list[Mount]
    ociVersion: str
    process: Process
    root: Root
