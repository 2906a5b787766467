"""A CreateContainerRequest that is good, and strategies for what a client might put into one."""

import json
from typing import Any

from hypothesis import strategies as st

from conman.wire.v1 import conman_pb2 as wire

MIB = 1024 * 1024
FULL_DEVICE = wire.Device(host_path="/dev/a", container_path="/dev/b")
RID = "0123456789abcdef" * 2
texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.text("aA0_.-/=:\0\n ", max_size=6),
    st.sampled_from([RID, "x" * 129, "/", "..", "9" * 5000, "٣", "1:2", "SIGKILL", "A=1"]),
)
maps = st.dictionaries(texts, texts, max_size=3)
lists = st.lists(texts, max_size=3)


def a_create(**changes: object) -> wire.CreateContainerRequest:
    good: dict[str, Any] = {"request_id": RID, "name": "web", "command": "sh", "rootfs_path": "/r"}
    return wire.CreateContainerRequest(**(good | changes))


numbers = st.integers(-(2**63), 2**63 - 1) | st.sampled_from([0, -1, 1, 8 * MIB, 5000])
lengths = st.integers(0, 2**32 - 1)
mounts = st.builds(
    wire.Mount,
    type=st.integers(0, 3),
    source=texts | st.just("/a"),
    target=texts | st.just("/x"),
    readonly=st.booleans(),
    propagation=texts | st.just(""),
    size_bytes=numbers,
    mode=lengths,
    options=lists,
)
devices = st.builds(wire.Device, host_path=texts, container_path=texts, permissions=texts)
resources = st.builds(
    wire.Resources,
    **{
        f.name: st.none() | (texts if f.name.startswith("cpuset") else numbers)
        for f in wire.Resources.DESCRIPTOR.fields
    },
)
ulimits = st.builds(
    wire.Ulimit, name=texts | st.sampled_from(["core", "nofile"]), soft=numbers, hard=numbers
)
patched_names = texts | st.sampled_from(
    [
        "process",
        "linux",
        "hooks",
        "mounts",
        "capabilities",
        "resources",
        "rlimits",
        "user",
        "memory",
    ]
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inside: (
        st.lists(inside, max_size=2) | st.dictionaries(patched_names, inside, max_size=2)
    ),
    max_leaves=6,
)
policies = st.builds(
    wire.RestartPolicy,
    name=texts | st.sampled_from(["no", "on-failure", "always", "unless-stopped"]),
    maximum_retry_count=st.integers(-(2**31), 2**31 - 1),
)
patches = texts | json_values.map(json.dumps)
MORE: dict[str, st.SearchStrategy[Any]] = {
    "groups": lists,
    "mounts": st.lists(mounts, max_size=2),
    "devices": st.lists(devices, max_size=2),
    "cap_add": lists,
    "cap_drop": lists,
    "privileged": st.booleans(),
    "resources": st.none() | resources,
    "ulimits": st.lists(ulimits, max_size=2),
    "sysctls": maps,
    "stop_timeout_ms": st.none() | numbers,
    "runtime_spec_patch": patches,
    "restart_policy": st.none() | policies,
    "auto_remove": st.booleans(),
    "stdin": st.booleans(),
    "stdin_once": st.booleans(),
    "tty": st.booleans(),
    "log": st.none() | st.builds(wire.LogOptions, max_size_bytes=st.none() | numbers),
}
creates = st.builds(
    wire.CreateContainerRequest,
    request_id=texts,
    name=texts,
    command=texts,
    args=lists,
    rootfs_path=texts,
    rootfs_readonly=st.booleans(),
    env=lists,
    cwd=texts,
    user=texts,
    hostname=texts,
    labels=maps,
    annotations=maps,
    stop_signal=texts,
    runtime=texts,
    **MORE,
)
