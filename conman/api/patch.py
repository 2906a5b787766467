"""What of config.json a `runtime_spec_patch` may change: the types below say it, and nothing else.

It exists for what has no field. What has one, and what conman's promise rests on (the root, the command,
the cgroup, the marks in the environment, mount and pid namespaces of its own) is not among them, so
it is refused by its name. `null` removes, as RFC 7386 has it.
"""

from typing import Annotated, Literal, NoReturn

import msgspec

from conman.api.fields import bad, shown

PATCH_BYTES = 256 * 1024

_Id = Annotated[int, msgspec.Meta(ge=0, le=2**32 - 2)]
_Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
_Uint64 = Annotated[int, msgspec.Meta(ge=0)]
_Rlim = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
_Path = Annotated[str, msgspec.Meta(pattern="^/", max_length=4095)]
_Text = Annotated[str, msgspec.Meta(max_length=131_071)]


class _Part(msgspec.Struct, forbid_unknown_fields=True):
    """Of an object only what is named may be there."""


class _User(_Part):
    umask: Annotated[int, msgspec.Meta(ge=0, le=0o7777)] | None = None


class _Capabilities(_Part):
    bounding: list[_Text] | None = None
    effective: list[_Text] | None = None
    inheritable: list[_Text] | None = None
    permitted: list[_Text] | None = None
    ambient: list[_Text] | None = None


class _Rlimit(_Part):
    type: Annotated[str, msgspec.Meta(pattern="^RLIMIT_[A-Z]{2,10}$")]
    soft: _Rlim
    hard: _Rlim


class _Process(_Part):
    apparmorProfile: _Text | None = None  # noqa: N815 - the specification's names, here and below
    capabilities: _Capabilities | None = None
    noNewPrivileges: bool | None = None  # noqa: N815
    oomScoreAdj: Annotated[int, msgspec.Meta(ge=-1000, le=1000)] | None = None  # noqa: N815
    rlimits: list[_Rlimit] | None = None
    selinuxLabel: _Text | None = None  # noqa: N815
    user: _User = msgspec.field(default_factory=_User)


class _Mount(_Part):
    destination: _Path
    type: _Text = ""
    source: _Text = ""
    options: list[_Text] = []


class _Hook(_Part):
    path: _Path
    args: list[_Text] = []
    env: list[_Text] = []
    timeout: Annotated[int, msgspec.Meta(ge=1, le=60)] = 60


class _Hooks(_Part):
    prestart: list[_Hook] | None = None
    createRuntime: list[_Hook] | None = None  # noqa: N815
    createContainer: list[_Hook] | None = None  # noqa: N815
    startContainer: list[_Hook] | None = None  # noqa: N815
    poststart: list[_Hook] | None = None
    poststop: list[_Hook] | None = None


class _Namespace(_Part):
    type: Literal["pid", "ipc", "uts", "mount", "network", "cgroup"]
    path: _Path | None = None


class _Device(_Part):
    path: _Path
    type: Literal["c", "b", "u", "p"]
    major: Annotated[int, msgspec.Meta(ge=0, le=4095)] = 0
    minor: Annotated[int, msgspec.Meta(ge=0, le=1_048_575)] = 0
    fileMode: Annotated[int, msgspec.Meta(ge=0, le=0o7777)] = 0o666  # noqa: N815
    uid: _Id = 0
    gid: _Id = 0


class _DeviceRule(_Part):
    allow: bool
    type: Literal["a", "c", "b"] | None = None
    major: _Int64 | None = None
    minor: _Int64 | None = None
    access: Annotated[str, msgspec.Meta(pattern="^[rwm]{1,3}$")] | None = None


class _Memory(_Part):
    limit: _Int64 | None = None
    reservation: _Int64 | None = None
    swap: _Int64 | None = None
    kernelTCP: _Int64 | None = None  # noqa: N815
    swappiness: Annotated[int, msgspec.Meta(ge=0, le=100)] | None = None
    disableOOMKiller: bool | None = None  # noqa: N815


class _Cpu(_Part):
    shares: _Uint64 | None = None
    quota: _Int64 | None = None
    period: _Uint64 | None = None
    realtimeRuntime: _Int64 | None = None  # noqa: N815
    realtimePeriod: _Uint64 | None = None  # noqa: N815
    cpus: _Text | None = None
    mems: _Text | None = None


class _Pids(_Part):
    limit: _Int64


class _HugepageLimit(_Part):
    pageSize: _Text  # noqa: N815
    limit: _Uint64


class _Resources(_Part):
    devices: list[_DeviceRule] | None = None
    memory: _Memory | None = None
    cpu: _Cpu | None = None
    pids: _Pids | None = None
    hugepageLimits: list[_HugepageLimit] | None = None  # noqa: N815
    unified: dict[_Text, _Text] | None = None


class _Argument(_Part):
    index: Annotated[int, msgspec.Meta(ge=0, le=5)]
    value: _Uint64
    op: _Text
    valueTwo: _Uint64 = 0  # noqa: N815


class _Syscall(_Part):
    names: list[_Text]
    action: _Text
    errnoRet: Annotated[int, msgspec.Meta(ge=0, le=4095)] | None = None  # noqa: N815
    args: list[_Argument] = []


class _Seccomp(_Part):
    defaultAction: _Text  # noqa: N815
    defaultErrnoRet: Annotated[int, msgspec.Meta(ge=0, le=4095)] | None = None  # noqa: N815
    architectures: list[_Text] = []
    flags: list[_Text] = []
    syscalls: list[_Syscall] = []


class _Personality(_Part):
    domain: Literal["LINUX", "LINUX32"]


class _Linux(_Part):
    devices: list[_Device] | None = None
    maskedPaths: list[_Path] | None = None  # noqa: N815
    mountLabel: _Text | None = None  # noqa: N815
    namespaces: list[_Namespace] | msgspec.UnsetType = msgspec.UNSET
    personality: _Personality | None = None
    readonlyPaths: list[_Path] | None = None  # noqa: N815
    resources: _Resources | None = None
    seccomp: _Seccomp | None = None


class _Patch(_Part):
    hooks: _Hooks | None = None
    linux: _Linux = msgspec.field(default_factory=_Linux)
    mounts: list[_Mount] | None = None
    process: _Process = msgspec.field(default_factory=_Process)


def runtime_spec_patch(value: str) -> str:
    """JSON text of a merge patch, or ""; what may not be patched is named."""
    if not value:
        return ""
    size = len(value.encode())
    if size > PATCH_BYTES:
        _bad(f"it has {size} bytes", f"at most {PATCH_BYTES} are possible")
    try:
        found = msgspec.json.decode(value, type=_Patch)
    except (msgspec.DecodeError, RecursionError) as error:
        _bad(f"{error}"[:200], "see docs/options.md for what can be patched")
    if "\\u0000" in value:
        _bad("it holds a NUL character", "remove it")
    if found.linux.namespaces is not msgspec.UNSET:
        _keeps_its_own(found.linux.namespaces)
    return value


def _keeps_its_own(namespaces: list[_Namespace]) -> None:
    """Members are found and ended by them: what lives on elsewhere could not be promised to end."""
    kinds = [each.type for each in namespaces]
    for kind in ("mount", "pid"):
        if not any(each.type == kind and not each.path for each in namespaces):
            _bad(f"linux.namespaces has no new {kind} namespace", "keep that one")
    for kind in kinds:
        if kinds.count(kind) > 1:
            _bad(f"linux.namespaces has {shown(kind)} twice", "give each once")


def _bad(what: str, hint: str) -> NoReturn:
    bad("runtime_spec_patch", f"the runtime_spec_patch is refused: {what}", hint)
