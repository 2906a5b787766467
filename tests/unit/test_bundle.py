"""config.json, as far as it can be told without a runtime; `test_options_runc.py` runs one."""

import json
from dataclasses import replace
from typing import Any

import pytest

from conman.core.bundle.config import DEFAULT_PATH, config_json, hostname
from conman.core.layout import Layout
from conman.core.model import Container, ContainerSpec, RootfsMode, State
from conman.core.permits import Permits
from conman.core.spec import Resolved

ID = "0123456789abcdef" * 2
SPEC = ContainerSpec("/bin/sleep", ("100",))
LAYOUT = Layout("/data", "/run/c", "deadbeef", "boot")
NOBODY_ELSE = Resolved()


def container(spec: ContainerSpec = SPEC, resolved: Resolved = NOBODY_ELSE) -> Container:
    row = Container(ID, "web", spec, RootfsMode.OVERLAY, State.CREATED, 3)
    return replace(row, resolved=resolved)


def config(spec: ContainerSpec = SPEC, resolved: Resolved = NOBODY_ELSE) -> Any:  # noqa: ANN401 - it is JSON
    return json.loads(config_json(container(spec, resolved), 3, LAYOUT, Permits()))


def test_the_same_row_gives_the_same_bytes() -> None:
    first, second = (
        config_json(container(replace(SPEC, env=("B=2", "A=1"))), 3, LAYOUT, Permits())
        for _ in range(2)
    )
    assert first == second
    assert json.dumps(json.loads(first), sort_keys=True, separators=(",", ":")) + "\n" == (
        first.decode()
    )


def test_without_cgroups_it_is_the_same_config() -> None:
    without = replace(LAYOUT, has_cgroups=False)
    assert config_json(container(), 3, without, Permits()) == config_json(
        container(), 3, LAYOUT, Permits()
    )


def test_command_directory_and_cgroup() -> None:
    spec = replace(SPEC, cwd="/srv", rootfs_readonly=True, annotations=(("a", "1"),))
    found = config(spec)
    assert found["process"]["args"] == ["/bin/sleep", "100"]
    assert found["process"]["cwd"] == "/srv"
    assert found["root"] == {"path": "rootfs", "readonly": True}
    assert found["linux"]["cgroupsPath"] == f"/conman-deadbeef/{ID}-3"
    assert found["annotations"] == {"a": "1"}


def test_what_the_host_may_refuse_is_left_out() -> None:
    found = config()
    assert "oomScoreAdj" not in found["process"]
    assert "rlimits" not in found["process"]


def test_environment_has_docker_s_defaults() -> None:
    assert config()["process"]["env"] == [
        f"PATH={DEFAULT_PATH}",
        f"HOSTNAME={ID[:12]}",
        f"CONMAN_RUN=deadbeef/{ID}-3",
    ]


def test_the_user_s_environment_wins_and_the_last_of_a_name() -> None:
    env = config(replace(SPEC, env=("A=1", "PATH=/bin", "A=2", "HOSTNAME=h")))["process"]["env"]
    assert env == ["PATH=/bin", "HOSTNAME=h", "A=2", f"CONMAN_RUN=deadbeef/{ID}-3"]


@pytest.mark.parametrize("mark", ["CONMAN_RUN", "CONMAN_CALL", "CONMAN_SHIM", "CONMAN_EXEC"])
def test_our_marks_cannot_be_forged(mark: str) -> None:
    env = config(replace(SPEC, env=(f"{mark}=deadbeef/other",)))["process"]["env"]
    assert f"{mark}=deadbeef/other" not in env
    assert env[-1] == f"CONMAN_RUN=deadbeef/{ID}-3"


def test_hostname_is_the_one_asked_for_or_the_short_id() -> None:
    assert hostname(container()) == ID[:12]
    assert config(replace(SPEC, hostname="web"))["hostname"] == "web"


def test_root_has_the_fourteen_capabilities_and_others_none_in_effect() -> None:
    root = config()["process"]["capabilities"]
    assert len(root["bounding"]) == 14
    assert root["effective"] == root["permitted"] == root["bounding"]
    assert set(config(resolved=Resolved(1000))["process"]["capabilities"]) == {"bounding"}


def test_the_ids_reach_the_config() -> None:
    user = config(resolved=Resolved(1000, 100, (4, 5), "/home/w"))["process"]
    assert user["user"] == {"uid": 1000, "gid": 100, "additionalGids": [4, 5]}
    assert "HOME=/home/w" in user["env"]


def test_devices_are_denied_first() -> None:
    rules = config()["linux"]["resources"]["devices"]
    assert rules[0] == {"allow": False, "access": "rwm"}
    assert {"allow": True, "type": "c", "major": 1, "minor": 3, "access": "rwm"} in rules
    assert {"allow": True, "type": "c", "major": 136, "access": "rwm"} in rules
