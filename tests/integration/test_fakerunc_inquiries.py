"""update, events, spec, features, checkpoint and restore, on real stand-ins."""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.fakerunc_lab import Lab, exit_of, lab


@pytest.fixture
def box() -> Iterator[Lab]:
    with lab(Path(tempfile.mkdtemp(prefix="fr-", dir="/tmp"))) as one:
        yield one


def stats(box: Lab) -> dict[str, Any]:
    said = box.call("events", "--stats", "c1")
    assert (said.code, said.err) == (0, "")
    event = json.loads(said.out)
    assert (event["type"], event["id"]) == ("stats", "c1")
    return event["data"]


def test_limits_are_kept_and_told(box: Lab) -> None:
    resources = {"memory": {"limit": 50_000_000}, "pids": {"limit": 9}}
    namespaces = [{"type": "pid"}]
    linux = {"namespaces": namespaces, "cgroupsPath": "/conman-lab/c1", "resources": resources}
    box.running("sleep", "100", linux=linux)
    assert stats(box)["memory"]["usage"]["limit"] == 50_000_000
    assert stats(box)["pids"] == {"current": 1, "limit": 9}
    assert box.call("update", "--memory", "64M", "c1") == (0, "", "")
    assert stats(box)["memory"]["usage"]["limit"] == 64 << 20
    # What is not asked for stays as it is.
    assert stats(box)["pids"]["limit"] == 9
    config = json.loads((box.root / "c1/state.json").read_text())["config"]
    assert config["cgroups"] == {"path": "/conman-lab/c1", "memory": 64 << 20}
    assert box.status() == "running"
    assert box.files() == ["state.json"]


def test_resources_come_from_stdin_too(box: Lab) -> None:
    box.running("sleep", "100")
    argv = [*box.runtime, "--root", str(box.root), "update", "--resources", "-", "c1"]
    subprocess.run(argv, input=b'{"pids":{"limit":7}}', check=True)
    assert stats(box)["pids"]["limit"] == 7


@pytest.mark.parametrize("step", ["set-resources", "write-state", "rename-state", "answer"])
def test_an_update_killed_before(step: str, box: Lab) -> None:
    box.running("sleep", "100")
    fault = {"FAKERUNC_FAULTS": f"update@{step}=kill"}
    assert box.call("update", "--pids-limit", "5", "c1", **fault).code == -9
    assert stats(box)["pids"].get("limit") == (None if step == "set-resources" else 5)
    left = ["state-N"] if step == "rename-state" else []
    assert box.files() == [*left, "state.json"]
    assert box.status() == "running"
    assert box.call("delete", "--force", "c1") == (0, "", "")
    assert list(box.root.iterdir()) == []


def test_events_follow_until_the_container_is_gone(box: Lab) -> None:
    pid = box.running("sleep", "100")
    argv = [*box.runtime, "--root", str(box.root), "events", "--interval", "50ms", "c1"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as call:
        assert call.stdout
        first = json.loads(call.stdout.readline())
        assert first["data"]["pids"]["current"] == 1
        with (box.root / ".cgroups/conman-lab/c1/1/oom.count").open("a") as count:
            count.write("x")
        while '"type":"oom"' not in (line := call.stdout.readline()):
            assert line
        assert json.loads(line) == {"type": "oom", "id": "c1"}
        assert box.call("delete", "--force", "c1").code == 0
        call.stdout.read()
        assert call.wait(20) == 0
    exit_of(pid)


def test_a_specification_to_begin_with(box: Lab) -> None:
    assert box.call("spec", "--bundle", str(box.place)) == (0, "", "")
    spec = json.loads((box.place / "config.json").read_text())
    assert spec["process"]["args"] == ["sh"]
    assert "config.json exists. Remove it first" in box.call("spec", "-b", str(box.place)).err
    (box.place / "config.json").unlink()
    assert box.call("spec", "--rootless", "--bundle", str(box.place)).code == 0
    spec = json.loads((box.place / "config.json").read_text())
    mapping = {"containerID": 0, "hostID": os.geteuid(), "size": 1}
    assert spec["linux"]["uidMappings"] == [mapping]
    assert {"type": "user"} in spec["linux"]["namespaces"]
    assert "resources" not in spec["linux"]
    assert "chdir /nope: no such file" in box.call("spec", "--bundle", "/nope").err


def test_features_can_be_read(box: Lab) -> None:
    said = json.loads(box.call("features").out)
    assert said["annotations"]["org.opencontainers.runc.version"] == "1.1.5"
    assert "CAP_SYS_ADMIN" in said["linux"]["capabilities"]


def test_there_is_no_criu(box: Lab) -> None:
    box.running("sleep", "100")
    bundle = ("--bundle", str(box.bundle))
    for args in (("checkpoint", "c1"), ("restore", *bundle, "c2")):
        said = box.call(*args)
        assert said.code == 1
        assert r"CRIU version check failed: exec: \"criu\"" in said.err
    assert "with given ID already exists" in box.call("restore", *bundle, "c1").err
    assert "config.json not found" in box.call("restore", "-b", str(box.place), "c2").err
    assert "invalid container ID format" in box.call("restore", *bundle, "b@d").err
