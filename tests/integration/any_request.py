"""What a client might send: every field of every request of conman.proto, found by its descriptor.

A request begins as a good one, and some of its fields become anything that their types allow; or its
bytes do. A new request is covered when the service has it. It must never name a real directory of the
host as a root file system, nor the real runtime: as root both would be used.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message
from hypothesis import assume
from hypothesis import strategies as st

from conman.wire.v1 import conman_pb2 as wire

METHODS: Mapping[str, MethodDescriptor] = wire.DESCRIPTOR.services_by_name["Conman"].methods_by_name

RID = "0123456789abcdef" * 2
LIMITS = [0, 1, -1, 2, 64, 4096, 2**31 - 1, -(2**31), 2**32 - 1, 2**63 - 1, -(2**63), 2**64 - 1]
WORDS = [
    *("", " ", "\0", "a\0b", "\n", "\u202e", "\ufeff", "\U0001f980", "٣", "%s%n%x", "{}", "$(id)"),
    *("/", "..", "../../etc", "/a/../../b", "//", "/nowhere", "relative/dir", ".", "-", "--", "-1"),
    *("=", "A=1", "=b", "A", "1:2", ":", "root:", "nobody:nogroup", "no-such-user", "4294967295"),
    *("9" * 5000, "x" * 64, "x" * 129, "x" * 256, "x" * 4096, "x" * 131_072, "é" * 70_000),
    *(
        "SIGKILL",
        "0",
        "65",
        "RTMIN+99",
        "rprivate",
        "rwm",
        "noexec",
        "size=1",
        "/dev/null",
        "/proc",
    ),
    *("ALL", "net_admin", "nofile", "net.core.somaxconn", "kernel.hostname", "0-3", "8192", "runc"),
    *("created", "started", "a" * 32, RID, RID[:5], "fakerunc", "crun;reboot", "text/plain"),
]
NESTED = [
    *(
        '{"a":' * 900 + "1" + "}" * 900,
        "[" * 100_000,
        '{"process":' * 5000,
        "nul",
        '"',
        "[]",
        "null",
    ),
    *('{"process":{"args":["sh"]}}', '{"linux":{"namespaces":[]}}', '{"root":null}', '{"hooks":5}'),
    *('{"linux":{"resources":{"memory":{"limit":1e999}}}}', '{"process":{"user":{"umask":-1}}}'),
    *('{"mounts":[{"destination":"x"}]}', '{"linux":{"resources":{"unified":{"\\u0000":""}}}}'),
    *('{"process":{"oomScoreAdj":' + "9" * 400 + "}}", '{"a":1,"a":2}', '{"ociVersion":"9"}'),
]

texts = st.one_of(
    st.sampled_from(WORDS),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.text("aA0_.-/=:,\0\n", max_size=8),
)
patches = st.one_of(
    st.sampled_from(NESTED),
    texts,
    st.integers(1, 100_000).map(lambda deep: '{"linux":' * deep),
)


@dataclass(frozen=True, slots=True)
class Standing:
    """What there is to be named: a directory for roots, containers by name and by id."""

    rootfs: str
    containers: tuple[str, ...]


def request_type(method: str) -> type[Message]:
    return message_factory.GetMessageClass(METHODS[method].input_type)


def good(method: str, standing: Standing) -> dict[str, Any]:
    """The least that is no bad input."""
    if method == "CreateContainer":
        return {"name": "fresh", "command": "/bin/sleep", "rootfs_path": standing.rootfs}
    mine = {"container_id": standing.containers[0], "new_name": "other", "resources": {}}
    names = {field.name for field in METHODS[method].input_type.fields}
    return {name: value for name, value in mine.items() if name in names}


@st.composite
def requests(draw: st.DrawFn, method: str, standing: Standing) -> Message:
    """A good one of which up to three fields are anything."""
    kind = METHODS[method].input_type
    values = good(method, standing)
    if kind.fields:
        names = [field.name for field in kind.fields]
        chosen = draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True))
        for name in chosen:
            values[name] = draw(_value(kind.fields_by_name[name], standing))
    assume(not _is_dangerous(values, standing))
    return request_type(method)(**values)


@st.composite
def mangled(draw: st.DrawFn, method: str, standing: Standing) -> bytes:
    """The bytes of such a request, cut, changed, followed by others; or no request's at all."""
    whole = draw(requests(method, standing)).SerializeToString()[:4096]
    match draw(st.sampled_from(["cut", "changed", "followed", "noise"])):
        case "cut":
            return whole[: draw(st.integers(0, len(whole)))]
        case "changed" if whole:
            at = draw(st.integers(0, len(whole) - 1))
            sent = whole[:at] + bytes([draw(st.integers(0, 255))]) + whole[at + 1 :]
        case "followed":
            sent = whole + draw(st.binary(max_size=40))
        case _:
            sent = draw(st.binary(max_size=200))
    assume(not _is_dangerous(_readable(method, sent), standing))
    return sent


def _readable(method: str, sent: bytes) -> dict[str, Any]:
    """What conmand will read of it, if it can."""
    try:
        message = request_type(method).FromString(sent)
    except Exception:  # noqa: BLE001 - any of protobuf's: then it names nothing
        return {}
    return {field.name: value for field, value in message.ListFields()}


def _is_dangerous(values: Mapping[str, Any], standing: Standing) -> bool:
    """Whether a real directory of the host would be copied, or a real runtime called."""
    rootfs, runtime = values.get("rootfs_path", ""), values.get("runtime", "")
    there = "\0" not in rootfs and len(rootfs) < 4096 and os.path.isdir(rootfs)
    real = runtime not in ("", "fakerunc") and "\0" not in runtime and os.path.exists(runtime)
    return (there and rootfs != standing.rootfs) or real or runtime in ("runc", "crun")


def _value(field: FieldDescriptor, standing: Standing) -> st.SearchStrategy[Any]:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        parts = field.message_type.fields_by_name
        pairs = st.dictionaries(
            *(_one(parts[part], standing) for part in ("key", "value")), max_size=3
        )
        return pairs | st.integers(1000, 1100).map(lambda many: {f"k{i}": "v" for i in range(many)})
    if not field.is_repeated:
        return _one(field, standing)
    many = st.integers(1000, 1100).map(lambda count: [_short(field)] * count)
    return st.lists(_one(field, standing), max_size=3) | many


def _short(field: FieldDescriptor) -> Any:  # noqa: ANN401 - whatever the field takes
    """A list of long ones would be over gRPC's limit, and tell nothing else."""
    if field.type == FieldDescriptor.TYPE_STRING:
        return "net_raw"
    return {} if field.type == FieldDescriptor.TYPE_MESSAGE else 1


def _one(field: FieldDescriptor, standing: Standing) -> st.SearchStrategy[Any]:
    match field.type:
        case FieldDescriptor.TYPE_STRING if field.name == "runtime_spec_patch":
            return patches
        case FieldDescriptor.TYPE_STRING:
            return texts | st.sampled_from([standing.rootfs, *standing.containers])
        case FieldDescriptor.TYPE_BYTES:
            return st.binary(max_size=2000)
        case FieldDescriptor.TYPE_BOOL:
            return st.booleans()
        case FieldDescriptor.TYPE_MESSAGE:
            return _part(field.message_type, standing)
        case FieldDescriptor.TYPE_UINT32:
            return _numbers(0, 2**32 - 1)
        case FieldDescriptor.TYPE_INT32 | FieldDescriptor.TYPE_ENUM:
            return _numbers(-(2**31), 2**31 - 1)
        case FieldDescriptor.TYPE_INT64:
            return _numbers(-(2**63), 2**63 - 1)
        case other:
            raise NotImplementedError(
                f"{field.full_name} is of type {other}: teach this page about it"
            )


def _numbers(least: int, most: int) -> st.SearchStrategy[int]:
    limits = [number for number in LIMITS if least <= number <= most]
    return st.sampled_from(limits) | st.integers(least, most) | st.integers(max(least, -10), 10)


def _part(kind: Descriptor, standing: Standing) -> st.SearchStrategy[dict[str, Any]]:
    fields = {field.name: _value(field, standing) for field in kind.fields}
    return st.fixed_dictionaries({}, optional=fields)
