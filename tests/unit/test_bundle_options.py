"""What the options of a create become in config.json, what a patch may do to it, and what is left out."""

import json
import resource
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conman.api import translate
from conman.core.bundle.config import config_json, warnings_of
from conman.core.bundle.patch import merge
from conman.core.layout import Layout
from conman.core.model import Container, RootfsMode, State
from conman.core.permits import CAPABILITIES, UNLIMITED, Permits
from conman.core.resources import Resources
from conman.core.spec import ContainerSpec, Mount, MountType, Node, Resolved, Ulimit
from conman.errors import ConmanError
from conman.wire.v1 import conman_pb2 as wire
from tests.unit.any_create import MIB, MORE, a_create

ID = "0123456789abcdef" * 2
SPEC = ContainerSpec("/bin/sleep", ("100",))
LAYOUT = Layout("/data", "/run/c", "deadbeef", "boot")
POOR = Permits(CAPABILITIES[:3], (), (("RLIMIT_NOFILE", 100),), 5)


def container(spec: ContainerSpec, resolved: Resolved | None = None) -> Container:
    row = Container(ID, "web", spec, RootfsMode.OVERLAY, State.CREATED, 1)
    return replace(row, resolved=resolved or Resolved())


def config(spec: ContainerSpec, permits: Permits | None = None) -> Any:  # noqa: ANN401 - it is JSON
    return json.loads(config_json(container(spec), 1, LAYOUT, permits or Permits()))


def capabilities(**more: Any) -> set[str]:  # noqa: ANN401 - ContainerSpec's
    sets = config(replace(SPEC, **more))["process"]["capabilities"]
    assert sets["bounding"] == sets["effective"] == sets["permitted"]
    return set(sets["bounding"])


def test_capabilities_are_dropped_then_added() -> None:
    usual = capabilities()
    assert capabilities(cap_drop=("CAP_CHOWN",)) == usual - {"CAP_CHOWN"}
    assert capabilities(cap_add=("CAP_BPF",)) == usual | {"CAP_BPF"}
    assert capabilities(cap_drop=("ALL",)) == set()
    assert capabilities(cap_drop=("ALL",), cap_add=("CAP_BPF",)) == {"CAP_BPF"}
    assert capabilities(cap_add=("ALL",)) == set(CAPABILITIES)
    assert capabilities(cap_add=("ALL",), cap_drop=("CAP_BPF",)) == {*CAPABILITIES} - {"CAP_BPF"}
    assert capabilities(cap_add=("CAP_BPF",), cap_drop=("CAP_BPF",)) == usual | {"CAP_BPF"}
    assert capabilities(privileged=True) == set(CAPABILITIES)
    assert capabilities(privileged=True, cap_drop=("CAP_BPF",)) == {*CAPABILITIES} - {"CAP_BPF"}


def test_who_is_not_root_has_what_was_added_by_name() -> None:
    spec = replace(SPEC, cap_add=("CAP_NET_RAW",))
    row = container(spec, Resolved(33, 33))
    sets = json.loads(config_json(row, 1, LAYOUT, Permits()))["process"]["capabilities"]
    assert sets["ambient"] == sets["effective"] == sets["inheritable"] == ["CAP_NET_RAW"]
    assert len(sets["bounding"]) == 14


def test_mounts_come_after_what_is_above_them_and_instead_of_the_usual() -> None:
    mounts = (
        Mount(MountType.BIND, "/a/b", "/x", readonly=True),
        Mount(MountType.BIND, "/a", "/y", propagation="rslave"),
        Mount(MountType.TMPFS, "/dev/shm", size_bytes=5, options=("exec", "uid=7")),
    )
    found = config(replace(SPEC, mounts=mounts))["mounts"]
    places = [each["destination"] for each in found]
    assert len(places) == len(set(places))
    assert places[-3:] == ["/a", "/a/b", "/dev/shm"]
    assert found[-3]["options"] == ["rbind", "rslave", "rw"]
    assert found[-2]["options"] == ["rbind", "rprivate", "ro"]
    assert found[-1]["options"] == ["nosuid", "nodev", "exec", "uid=7", "mode=1777", "size=5", "rw"]


def test_limits() -> None:
    resources = Resources(8 * MIB, None, 7 * MIB, 1_500_000_000, 9, cpuset_cpus="0", pids_limit=3)
    found = config(replace(SPEC, resources=resources))["linux"]["resources"]
    assert found["memory"] == {"limit": 8 * MIB, "swap": 8 * MIB, "reservation": 7 * MIB}
    assert found["cpu"] == {"period": 100_000, "quota": 150_000, "shares": 9, "cpus": "0"}
    assert found["pids"] == {"limit": 3}


def test_no_limit_is_left_out() -> None:
    resources = Resources(0, -1, 0, 0, 0, 0, -1, "", "", -1)
    found = config(replace(SPEC, resources=resources))
    assert found == config(SPEC)


def test_any_swap() -> None:
    found = config(replace(SPEC, resources=Resources(8 * MIB, -1)))["linux"]["resources"]
    assert found["memory"] == {"limit": 8 * MIB, "swap": -1}


def test_ulimits_and_sysctls() -> None:
    found = config(replace(SPEC, ulimits=(Ulimit("core", 0, -1),), sysctls=(("net.a", "1"),)))
    assert found["process"]["rlimits"] == [{"type": "RLIMIT_CORE", "soft": 0, "hard": 2**64 - 1}]
    assert found["linux"]["sysctl"] == {"net.a": "1"}


def test_devices_get_a_node_and_a_rule() -> None:
    nodes = (Node("/dev/x", "b", 8, 1, 0o660, 0, 6, "r"), Node("/dev/null", "c", 1, 3, 0o666, 0, 0))
    row = container(SPEC, Resolved(nodes=nodes))
    found = json.loads(config_json(row, 1, LAYOUT, Permits()))["linux"]
    assert [each["path"] for each in found["devices"]] == ["/dev/x"]
    assert found["devices"][0] | {"fileMode": 0o660, "gid": 6} == found["devices"][0]
    rule = {"allow": True, "type": "b", "major": 8, "minor": 1, "access": "r"}
    assert found["resources"]["devices"][-2] == rule


def test_privileged_hides_nothing() -> None:
    found = config(replace(SPEC, privileged=True))
    assert found["linux"]["maskedPaths"] == found["linux"]["readonlyPaths"] == []
    assert found["linux"]["resources"]["devices"] == [{"allow": True, "access": "rwm"}]
    assert found["process"]["noNewPrivileges"] is False
    assert not [each for each in found["mounts"] if "ro" in each["options"]]


# ---- what the host does not permit ----------------------------------------------------------------


def test_the_default_container_asks_for_nothing_that_a_host_could_refuse() -> None:
    row = container(SPEC)
    permits = replace(POOR, capabilities=CAPABILITIES)
    assert warnings_of(row, LAYOUT, permits) == ()
    assert config(SPEC, permits) == config(SPEC)


def test_what_cannot_be_had_is_left_out_and_told_once() -> None:
    spec = replace(
        SPEC,
        cap_drop=("ALL",),
        cap_add=("CAP_CHOWN", "CAP_BPF"),
        ulimits=(Ulimit("core", 0, 200), Ulimit("nofile", 50, 200)),
        resources=Resources(memory_bytes=8 * MIB, cpu_shares=9, cpuset_mems="0", pids_limit=4),
        runtime_spec_patch='{"process": {"oomScoreAdj": 4}}',
    )
    found = config(spec, POOR)
    assert found["process"]["capabilities"]["bounding"] == ["CAP_CHOWN"]
    assert found["process"]["rlimits"] == [
        {"type": "RLIMIT_CORE", "soft": 0, "hard": 200},
        {"type": "RLIMIT_NOFILE", "soft": 50, "hard": 100},
    ]
    assert "oomScoreAdj" not in found["process"]
    assert set(found["linux"]["resources"]) <= {"devices", "cpu"}
    assert not found["linux"]["resources"].get("cpu")
    warnings = warnings_of(container(spec), LAYOUT, POOR)
    for word in ("CAP_BPF", "nofile is 100", "oomScoreAdj of 4", "memory limits", "pids limits"):
        assert [word in warning for warning in warnings].count(True) == 1, word
    assert len(warnings) == 7


def test_without_swap_accounting_the_rest_of_memory_is_limited() -> None:
    spec = replace(SPEC, resources=Resources(memory_bytes=8 * MIB))
    permits = Permits(limits=("memory",))
    assert config(spec, permits)["linux"]["resources"]["memory"] == {"limit": 8 * MIB}
    [warning] = warnings_of(container(spec), LAYOUT, permits)
    assert warning.startswith("swap is not limited")


# ---- the patch ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({"a": "foo"}, None, None),
    ],
)
def test_merging_is_rfc_7386(target: object, patch: object, result: object) -> None:
    """The cases of its appendix A, as far as they differ."""
    before = json.dumps(target)
    assert merge(target, patch) == result
    assert json.dumps(target) == before


def test_a_hook_with_an_environment_bears_the_mark_of_its_call() -> None:
    hooks = {
        "createRuntime": [{"path": "/h", "env": ["A=1"]}, {"path": "/h"}],
        "poststart": [{"path": "/h", "env": []}],
        "poststop": [{"path": "/h", "env": []}],
    }
    found = config(replace(SPEC, runtime_spec_patch=json.dumps({"hooks": hooks})))["hooks"]
    mark = f"CONMAN_CALL=deadbeef/{ID}-1"
    assert found["createRuntime"] == [
        {"path": "/h", "env": ["A=1", f"{mark}/create"]},
        {"path": "/h"},
    ]
    assert found["poststart"][0]["env"] == [f"{mark}/start"]
    assert found["poststop"][0]["env"] == [f"{mark}/delete"]


# ---- any accepted request -------------------------------------------------------------------------

patches = st.sampled_from(
    [
        "",
        '{"process": {"capabilities": null, "rlimits": [{"type": "RLIMIT_AS", "soft": 1, "hard": 2}]}}',
        '{"process": {"capabilities": {"bounding": null, "ambient": ["CAP_BPF"]}}}',
        '{"linux": {"resources": {"memory": {"limit": 1, "swap": null}, "cpu": null}}}',
        '{"linux": {"resources": null, "maskedPaths": null}, "mounts": null, "hooks": null}',
        '{"hooks": {"prestart": null, "poststop": []}}',
        '{"process": {"oomScoreAdj": -999, "user": {"umask": 7}}}',
    ]
)


@given(
    st.fixed_dictionaries(
        {}, optional=MORE | {"runtime_spec_patch": patches | MORE["runtime_spec_patch"]}
    ),
    st.sampled_from([Permits(), POOR]),
)
def test_any_accepted_request_has_a_config_that_conman_can_stand_by(
    fields: dict[str, Any], permits: Permits
) -> None:
    try:
        spec = translate.create(a_create(**fields)).spec
    except ConmanError:
        return
    row = container(spec)
    data = config_json(row, 1, LAYOUT, permits)
    assert data == config_json(row, 1, LAYOUT, permits)
    found = json.loads(data)
    assert found["root"] == {"path": "rootfs", "readonly": False}
    assert found["linux"]["cgroupsPath"] == f"/conman-deadbeef/{ID}-1"
    process = found["process"]
    assert process["env"][-1] == f"CONMAN_RUN=deadbeef/{ID}-1"
    assert (process["args"], process["terminal"]) == (["sh"], spec.stdio.tty)
    kinds = [each["type"] for each in found["linux"]["namespaces"]]
    assert {"pid", "mount"} <= set(kinds)
    for limit in process.get("rlimits", []):
        assert 0 <= limit["soft"] <= limit["hard"] <= 2**64 - 1
    for names in (process.get("capabilities") or {}).values():
        assert set(names) <= set(permits.capabilities)
    assert all(warnings_of(row, LAYOUT, permits))


def test_the_patch_reaches_the_row_as_it_was_written() -> None:
    message: wire.CreateContainerRequest = a_create(runtime_spec_patch=' {"mounts": []}')
    assert translate.create(message).spec.runtime_spec_patch == ' {"mounts": []}'
    assert config(translate.create(message).spec)["mounts"] == []


def test_unlimited_is_the_kernels_word_for_it() -> None:
    assert resource.RLIM_INFINITY % 2**64 == UNLIMITED
