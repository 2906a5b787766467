"""A create's fields, each taken as it was meant, or refused with its name and the way out."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conman.api import translate
from conman.api.fields import WORD_BYTES
from conman.core.resources import Resources
from conman.core.restart import RestartName, RestartPolicy
from conman.core.spec import ContainerSpec, Device, LogLimits, Mount, MountType, Ulimit
from conman.errors import Code, ConmanError
from conman.wire.v1 import conman_pb2 as wire
from tests.unit.any_create import FULL_DEVICE, MIB, MORE, RID, a_create, lists, maps, texts


def refused_field(message: wire.CreateContainerRequest) -> str | None:
    try:
        translate.create(message)
    except ConmanError as error:
        return error.refusal.field
    return None


def test_a_create_with_nothing_but_what_it_needs() -> None:
    request = translate.create(a_create())
    assert request.name == "web"
    assert request.request_id == RID
    assert request.spec == ContainerSpec(
        command="sh", rootfs_path="/r", cwd="/", user="", hostname="", stop_signal=15, runtime=""
    )


def test_a_create_with_everything() -> None:
    request = translate.create(
        a_create(
            request_id="",
            args=["-c", ""],
            rootfs_readonly=True,
            env=["A=1", "B=", "C=d=e"],
            cwd="/w",
            user="1:2",
            hostname="h.example",
            labels={"b": "2", "a": ""},
            annotations={"k": "v"},
            stop_signal="int",
            runtime="/usr/bin/crun",
            groups=["4", "adm"],
            mounts=[
                wire.Mount(source="/a//b/.", target="/x/", readonly=True, propagation="rslave"),
                wire.Mount(
                    type=wire.Mount.TYPE_TMPFS,
                    target="/t",
                    size_bytes=9,
                    mode=0o700,
                    options=["exec"],
                ),
            ],
            devices=[wire.Device(host_path="/dev/fuse", permissions="rw"), FULL_DEVICE],
            cap_add=["net_admin", "CAP_NET_ADMIN"],
            cap_drop=["all"],
            privileged=True,
            resources=wire.Resources(
                memory_bytes=8 * MIB, memory_swap_bytes=-1, cpuset_cpus="0-1,3"
            ),
            ulimits=[wire.Ulimit(name="nproc", soft=5, hard=-1), wire.Ulimit(name="core")],
            sysctls={"net.ipv4.ip_forward": "1", "kernel.sem": "1 2"},
            stop_timeout_ms=0,
            runtime_spec_patch='{"process": {"oomScoreAdj": 5}}',
            log=wire.LogOptions(max_size_bytes=1024),
            restart_policy=wire.RestartPolicy(name="on-failure", maximum_retry_count=3),
        )
    )
    assert request.request_id == ""
    assert request.spec == ContainerSpec(
        command="sh",
        args=("-c", ""),
        rootfs_path="/r",
        rootfs_readonly=True,
        env=("A=1", "B=", "C=d=e"),
        cwd="/w",
        user="1:2",
        hostname="h.example",
        labels=(("a", ""), ("b", "2")),
        annotations=(("k", "v"),),
        stop_signal=2,
        runtime="/usr/bin/crun",
        groups=("4", "adm"),
        mounts=(
            Mount(MountType.BIND, "/x", "/a/b", readonly=True, propagation="rslave"),
            Mount(MountType.TMPFS, "/t", size_bytes=9, mode=0o700, options=("exec",)),
        ),
        devices=(Device("/dev/fuse", "/dev/fuse", "rw"), Device("/dev/a", "/dev/b", "rwm")),
        cap_add=("CAP_NET_ADMIN",),
        cap_drop=("ALL",),
        privileged=True,
        resources=Resources(memory_bytes=8 * MIB, memory_swap_bytes=-1, cpuset_cpus="0-1,3"),
        ulimits=(Ulimit("core", 0, 0), Ulimit("nproc", 5, -1)),
        sysctls=(("kernel.sem", "1 2"), ("net.ipv4.ip_forward", "1")),
        stop_timeout_ms=0,
        runtime_spec_patch='{"process": {"oomScoreAdj": 5}}',
        log=LogLimits(1024, 5),
        restart=RestartPolicy(RestartName.ON_FAILURE, 3),
    )


def test_the_longest_host_name_is_taken() -> None:
    """As sethostname(2) has it."""
    assert translate.create(a_create(hostname="x" * 64)).spec.hostname == "x" * 64


def a_tmpfs(**more: Any) -> wire.Mount:  # noqa: ANN401 - as the message
    return wire.Mount(type=wire.Mount.TYPE_TMPFS, target="/x", **more)


def test_a_tmpfs_takes_every_mode_and_options_with_values() -> None:
    [mount] = translate.create(
        a_create(mounts=[a_tmpfs(mode=0o7777, options=["uid=7", "exec", "uid=7"])])
    ).spec.mounts
    assert mount == Mount(MountType.TMPFS, "/x", mode=0o7777, options=("uid=7", "exec"))


BAD_CREATES: list[tuple[str, dict[str, Any], str]] = [
    ("request_id", {"request_id": "7"}, "not 32 lower-case hex digits"),
    ("request_id", {"request_id": RID.upper()}, "not 32 lower-case hex digits"),
    ("name", {"name": ""}, "name is empty"),
    ("name", {"name": "-web"}, "no name for a container"),
    ("name", {"name": "web\n"}, "no name for a container"),
    ("name", {"name": "wéb"}, "no name for a container"),
    ("name", {"name": "x" * 129}, "no name for a container"),
    ("name", {"name": "../x"}, "no name for a container"),
    ("command", {"command": ""}, "there is no command"),
    ("command", {"command": "a\0b"}, "NUL"),
    ("command", {"command": "x" * (WORD_BYTES + 1)}, "at most 131071"),
    ("args", {"args": ["ok", "\0"]}, "NUL"),
    ("args", {"args": ["x" * WORD_BYTES] * 17}, "the kernel takes at most"),
    ("env", {"env": ["A"]}, "'A' is not KEY=VALUE"),
    ("env", {"env": ["=A"]}, "is not KEY=VALUE"),
    ("env", {"env": [""]}, "is not KEY=VALUE"),
    ("env", {"env": ["A=\0"]}, "NUL"),
    ("rootfs_path", {"rootfs_path": ""}, "no root file system"),
    ("rootfs_path", {"rootfs_path": "rootfs"}, "is relative"),
    ("rootfs_path", {"rootfs_path": "/a\0"}, "NUL"),
    ("rootfs_path", {"rootfs_path": "/" + "x" * 4095}, "at most 4095"),
    ("cwd", {"cwd": "w"}, "is relative"),
    ("cwd", {"cwd": "/\0"}, "NUL"),
    ("user", {"user": "1:"}, "is not USER or USER:GROUP"),
    ("user", {"user": "4294967295"}, "is not USER or USER:GROUP"),
    ("user", {"user": "-1"}, "is not USER or USER:GROUP"),
    ("user", {"user": "9" * 5000}, "is not USER or USER:GROUP"),
    ("hostname", {"hostname": "a_b"}, "no host name"),
    ("hostname", {"hostname": "x" * 65}, "no host name"),
    ("labels", {"labels": {"": "x"}}, "a key of labels is empty"),
    ("labels", {"labels": {"a": "\0"}}, "NUL"),
    ("annotations", {"annotations": {"": ""}}, "a key of annotations is empty"),
    ("annotations", {"annotations": {"\0": ""}}, "NUL"),
    ("stop_signal", {"stop_signal": "SIGFOO"}, "there is no signal 'SIGFOO'"),
    ("stop_signal", {"stop_signal": "0"}, "there is no signal"),
    ("runtime", {"runtime": "bin/runc"}, "is relative"),
    ("runtime", {"runtime": "runc -x"}, "is no runtime"),
    ("runtime", {"runtime": "-x"}, "is no runtime"),
    ("user", {"user": "a b"}, "is not USER or USER:GROUP"),
    ("user", {"user": "a:b:c"}, "is not USER or USER:GROUP"),
    ("groups", {"groups": [""]}, "'' is no group"),
    ("groups", {"groups": ["-1"]}, "'-1' is no group"),
    ("groups", {"groups": ["1"] * 1025}, "at most 1024"),
    ("labels", {"labels": {str(n): "x" * 100_000 for n in range(11)}}, "at most 1048576"),
    ("cap_add", {"cap_add": ["ALL"] * 1025}, "at most 1024"),
    ("cap_drop", {"cap_drop": ["ALL"] * 1025}, "at most 1024"),
    ("cap_add", {"cap_add": ["SYS_ALMIGHTY"]}, "no capability 'SYS_ALMIGHTY'"),
    ("cap_drop", {"cap_drop": [""]}, "no capability ''"),
    ("mounts", {"mounts": [wire.Mount(source="/a")]}, "target is empty"),
    ("mounts", {"mounts": [wire.Mount(source="/a", target="b")]}, "'b' is relative"),
    ("mounts", {"mounts": [wire.Mount(source="/a", target="/.//")]}, "the root itself"),
    ("mounts", {"mounts": [wire.Mount(source="/a", target="/x/../y")]}, "climbs"),
    ("mounts", {"mounts": [wire.Mount(source="/a/../..", target="/x")]}, "climbs"),
    ("mounts", {"mounts": [wire.Mount(source="a", target="/x")]}, "source 'a' is relative"),
    ("mounts", {"mounts": [wire.Mount(target="/x")]}, "has no source"),
    ("mounts", {"mounts": [wire.Mount(source="/a\0", target="/x")]}, "NUL"),
    ("mounts", {"mounts": [wire.Mount(source="/a", target=t) for t in ("/x", "/x/")]}, "twice"),
    ("mounts", {"mounts": [wire.Mount(source="/a", target="/x", mode=1)]}, "only a tmpfs"),
    ("mounts", {"mounts": [wire.Mount(source="/a", target="/x", propagation="x")]}, "propagation"),
    ("mounts", {"mounts": [a_tmpfs(source="/a")]}, "has a source or propagation; only a bind"),
    ("mounts", {"mounts": [a_tmpfs(propagation="rslave")]}, "only a bind"),
    ("mounts", {"mounts": [a_tmpfs(size_bytes=-1)]}, "is negative"),
    ("mounts", {"mounts": [a_tmpfs(mode=0o10000)]}, "the mode 10000"),
    ("mounts", {"mounts": [a_tmpfs(options=["size=4"])]}, "give size_bytes"),
    ("mounts", {"mounts": [a_tmpfs(options=["exec,suid"])]}, "no tmpfs option"),
    ("mounts", {"mounts": [wire.Mount(type=7, target="/x")]}, "no mount type 7"),
    ("devices", {"devices": [wire.Device()]}, "no host_path"),
    ("devices", {"devices": [wire.Device(host_path="dev")]}, "is relative"),
    ("devices", {"devices": [wire.Device(host_path="/dev/x", permissions="rr")]}, "permissions"),
    ("devices", {"devices": [wire.Device(host_path="/dev/x", permissions="x")]}, "permissions"),
    ("devices", {"devices": [FULL_DEVICE, FULL_DEVICE]}, "'/dev/b' is given twice"),
    (
        "resources.memory_bytes",
        {"resources": wire.Resources(memory_bytes=6 * MIB - 1)},
        "is 6291455 bytes; give 6 MiB or more, or 0 for none",
    ),
    (
        "resources.memory_bytes",
        {"resources": wire.Resources(memory_bytes=-1)},
        "the memory limit is -1 bytes",
    ),
    (
        "resources.memory_swap_bytes",
        {"resources": wire.Resources(memory_swap_bytes=8 * MIB)},
        "limit the memory too",
    ),
    (
        "resources.memory_swap_bytes",
        {"resources": wire.Resources(memory_bytes=8 * MIB, memory_swap_bytes=7 * MIB)},
        "is 7 MiB, less than the memory limit of 8 MiB",
    ),
    (
        "resources.memory_reservation_bytes",
        {"resources": wire.Resources(memory_bytes=8 * MIB, memory_reservation_bytes=9 * MIB)},
        "is 9 MiB, more than the memory limit of 8 MiB",
    ),
    (
        "resources.nano_cpus",
        {"resources": wire.Resources(nano_cpus=1)},
        "the number of processors is 0.000000001",
    ),
    (
        "resources.nano_cpus",
        {"resources": wire.Resources(nano_cpus=8193 * 10**9)},
        "give 0.01 to 8192, or 0 for none",
    ),
    (
        "resources.nano_cpus",
        {"resources": wire.Resources(nano_cpus=10**9, cpu_quota_us=5000)},
        "together",
    ),
    (
        "resources.cpu_shares",
        {"resources": wire.Resources(cpu_shares=1)},
        "the number of CPU shares is 1; give 2 to 262144, or 0 for the usual",
    ),
    (
        "resources.cpu_period_us",
        {"resources": wire.Resources(cpu_period_us=999)},
        "the CPU period is 999 microseconds",
    ),
    (
        "resources.cpu_quota_us",
        {"resources": wire.Resources(cpu_quota_us=-2)},
        "the CPU quota is -2 microseconds",
    ),
    (
        "resources.cpuset_cpus",
        {"resources": wire.Resources(cpuset_cpus="1-0")},
        "the set of processors is '1-0'",
    ),
    (
        "resources.cpuset_mems",
        {"resources": wire.Resources(cpuset_mems="0,")},
        "the set of memory nodes is '0,'",
    ),
    ("resources.cpuset_cpus", {"resources": wire.Resources(cpuset_cpus="0-8192")}, "below 8192"),
    (
        "resources.pids_limit",
        {"resources": wire.Resources(pids_limit=-2)},
        "the limit of processes is -2",
    ),
    (
        "resources.pids_limit",
        {"resources": wire.Resources(pids_limit=2**62)},
        "give 1 to 4194304, or 0 or -1 for none",
    ),
    ("ulimits", {"ulimits": [wire.Ulimit(name="files")]}, "no ulimit 'files'"),
    ("ulimits", {"ulimits": [wire.Ulimit(name="core", soft=2, hard=1)]}, "more than its hard"),
    ("ulimits", {"ulimits": [wire.Ulimit(name="core", soft=-1, hard=1)]}, "more than its hard"),
    ("ulimits", {"ulimits": [wire.Ulimit(name="core", soft=0, hard=-2)]}, "is -2"),
    ("ulimits", {"ulimits": [wire.Ulimit(name="core")] * 2}, "twice"),
    ("sysctls", {"sysctls": {"vm.swappiness": "1"}}, "not a container's own"),
    ("sysctls", {"sysctls": {"kernel.hostname": "x"}}, "not a container's own"),
    ("sysctls", {"sysctls": {"net./../../kernel": "x"}}, "not a container's own"),
    ("sysctls", {"sysctls": {"net.a": "\0"}}, "NUL"),
    ("stdin_once", {"stdin_once": True}, "no input that could end"),
    ("stop_timeout_ms", {"stop_timeout_ms": -1}, "out of range"),
    (
        "log.max_size_bytes",
        {"log": wire.LogOptions(max_size_bytes=1023)},
        "is 1023 bytes; give 1 KiB to 1 PiB, or 0 or -1",
    ),
    ("log.max_size_bytes", {"log": wire.LogOptions(max_size_bytes=-2)}, "file is -2 bytes"),
    ("log.max_files", {"log": wire.LogOptions(max_files=1)}, "the number of a log's files is 1"),
    ("log.max_files", {"log": wire.LogOptions(max_files=1001)}, "files is 1001"),
    (
        "auto_remove",
        {"auto_remove": True, "restart_policy": wire.RestartPolicy(name="always")},
        "restarted by its policy always",
    ),
    *(
        ("restart_policy", {"restart_policy": wire.RestartPolicy(**given)}, why)
        for given, why in (
            ({"name": "sometimes"}, "there is no restart policy 'sometimes'"),
            ({"name": "on-failure", "maximum_retry_count": -1}, "the maximum retry count is -1"),
            ({"name": "always", "maximum_retry_count": 3}, "with the restart policy always"),
            ({"maximum_retry_count": 3}, "with the restart policy no"),
        )
    ),
    *(
        ("runtime_spec_patch", {"runtime_spec_patch": text}, why)
        for text, why in (
            ("[", "Expected `object`"),
            ("[]", "Expected `object`"),
            ('{"root": {"path": "/"}}', "unknown field `root`"),
            ('{"process": {"args": ["x"]}}', "unknown field `args`"),
            ('{"process": {"env": []}}', "unknown field `env`"),
            ('{"process": {"terminal": true}}', "unknown field `terminal`"),
            ('{"linux": {"cgroupsPath": "/x"}}', "unknown field `cgroupsPath`"),
            ('{"linux": {"rootfsPropagation": "shared"}}', "unknown field `rootfsPropagation`"),
            ('{"linux": null}', "got `null`"),
            ('{"linux": {"namespaces": [{"type": "pid"}]}}', "no new mount namespace"),
            ('{"linux": {"namespaces": []}}', "no new mount namespace"),
            ('{"linux": {"namespaces": null}}', "got `null`"),
            ('{"linux": {"namespaces": [{"type": "user"}]}}', "`$.linux.namespaces[0].type`"),
            ('{"mounts": [{"destination": "/x", "source": "\\u0000"}]}', "NUL"),
            (" " * 262_145, "at most 262144"),
            ('{"a":' * 40_000, "refused"),
        )
    ),
]


@pytest.mark.parametrize(("field", "changes", "why"), BAD_CREATES)
def test_bad_creates_name_the_field(field: str, changes: dict[str, Any], why: str) -> None:
    with pytest.raises(ConmanError) as caught:
        translate.create(a_create(**changes))
    refusal = caught.value.refusal
    assert (refusal.code, refusal.field) == (Code.INVALID_ARGUMENT, field)
    assert why in refusal.sentence()
    assert refusal.hint
    # What is wrong comes first, what to do about it second.
    assert refusal.what.split()[0] not in {"give", "keep", "remove", "see", "take", "write"}
    assert len(refusal.sentence()) < 300


@given(st.data(), st.sampled_from([f.name for f in wire.CreateContainerRequest.DESCRIPTOR.fields]))
def test_one_odd_field_in_a_good_request(data: st.DataObject, field: str) -> None:
    descriptor = wire.CreateContainerRequest.DESCRIPTOR.fields_by_name[field]
    if field in MORE:
        value: Any = data.draw(MORE[field])
    elif field == "rootfs_readonly":
        value = True
    elif descriptor.message_type is not None:
        value = data.draw(maps)
    else:
        value = data.draw(lists if descriptor.is_repeated else texts)
    refused = refused_field(a_create(**{field: value}))
    limits = {
        "resources": {f"resources.{limit.name}" for limit in wire.Resources.DESCRIPTOR.fields},
        "log": {"log.max_size_bytes", "log.max_files"},
    }
    assert refused in {None, *limits.get(field, {field})}
