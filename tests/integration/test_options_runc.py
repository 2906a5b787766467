"""Every option of create, seen from inside a container of the real runc, and in the kernel's own files.

Batched: few containers, each told many things, for each costs a second of a busy machine. What this host
does not permit must be warned of, so each check reads the warnings before it expects anything.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conman.host import looking as probing
from conman.host.permits import probe_permits
from conman.primitives import steps as s
from tests.integration.one_conmand import Conmand
from tests.integration.real_runtime import REAL

pytestmark = [pytest.mark.timeout(240), pytest.mark.runc]

MIB = 1024 * 1024
PASSWD = "root:x:0:0::/root:/bin/sh\nwww:x:33:44::/var/www:/bin/sh\n"  # noqa: S105 - of nobody
GROUP = "root:x:0:\nweb:x:44:\naudio:x:29:www\nadm:x:4:\n"
APPLETS = ("id", "pwd", "hostname", "env", "ls", "stat", "touch", "mount", "grep", "dd")


@pytest.fixture(scope="module")
def conmand() -> Iterator[Conmand]:
    if shutil.which("busybox") is None:
        pytest.skip("needs a busybox to look around with")
    one = Conmand(Path(tempfile.mkdtemp(prefix="cm", dir="/tmp")), "--runtime", REAL)
    for name in APPLETS:
        (one.rootfs / "bin" / name).symlink_to("busybox")
    for directory in ("etc", "tmp", "dev", "proc", "sys", "var/www"):
        (one.rootfs / directory).mkdir(parents=True, exist_ok=True)
    (one.rootfs / "etc" / "passwd").write_text(PASSWD)
    # Within the root, and nowhere else, whatever the link says.
    (one.rootfs / "etc" / "real-group").write_text(GROUP)
    (one.rootfs / "etc" / "group").unlink()
    (one.rootfs / "etc" / "group").symlink_to("../../../../etc/real-group")
    one.start()
    yield one
    one.end()


def create(conmand: Conmand, name: str, script: str, *options: str) -> dict[str, Any]:
    words = ("create", "--rootfs", str(conmand.rootfs), *options, name, "--", "/bin/sh", "-c")
    made: dict[str, Any] = conmand.ctl(*words, script).json
    return made


def said(conmand: Conmand, name: str) -> dict[str, list[str]]:
    """The lines that a finished program wrote, by the word before its first ": "."""
    assert conmand.ctl("start", name).code == 0
    status = conmand.ctl("wait", name).json["status"]
    lines = [line.split(" ", 3)[3] for line in Path(status["logPath"]).read_text().splitlines()]
    assert status["exitCode"] == 0, lines
    found: dict[str, list[str]] = {}
    for line in lines:
        key, _, value = line.partition(": ")
        found.setdefault(key, []).append(value)
    return found


def limit(conmand: Conmand, container_id: str, controller: str, v1: str, v2: str) -> str:
    """What the kernel holds against a run, on either version of control groups."""
    below = f"conman-{conmand.instance}/{container_id}-1"
    old = Path(f"/sys/fs/cgroup/{controller}/{below}/{v1}")
    return (old if old.exists() else Path(f"/sys/fs/cgroup/{below}/{v2}")).read_text().strip()


def test_who_it_is(conmand: Conmand) -> None:
    script = (
        'echo "uid: $(id -u)"; echo "gid: $(id -g)"; echo "groups: $(id -G)";'
        'echo "home: $HOME"; echo "cwd: $(pwd)"; echo "host: $(hostname)"; echo "A: $A";'
        'echo "files: $(ulimit -n) $(ulimit -H -n)"; echo "core: $(ulimit -c)";'
        'echo "shm: $(cat /proc/sys/kernel/shmmni)";'
        'echo "forward: $(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)";'
        'grep -E "Cap(Eff|Bnd|Amb)" /proc/self/status | while read k v; do echo "$k $v"; done'
    )
    options = (
        "--user www --group-add adm --group-add 77 -w /var/www -h box.example -e A=1 -e A=2"
        " --ulimit nofile=64:128 --ulimit core=0 --sysctl kernel.shmmni=99"
        " --sysctl net.ipv4.ip_unprivileged_port_start=80 --cap-drop ALL --cap-add net_raw"
    )
    assert create(conmand, "who", script, *options.split())["warnings"] == []
    seen = said(conmand, "who")
    assert seen["uid"] == ["33"]
    assert seen["gid"] == ["44"]
    assert sorted(seen["groups"][0].split(), key=int) == ["4", "29", "44", "77"]
    assert seen["home"] == ["/var/www"]
    assert seen["cwd"] == ["/var/www"]
    assert seen["host"] == ["box.example"]
    assert seen["A"] == ["2"]
    assert seen["files"] == ["64 128"]
    assert seen["core"] == ["0"]
    assert seen["shm"] == ["99"]
    assert seen["forward"] == ["80"]
    net_raw = f"{1 << 13:016x}"
    assert {key: seen[key] for key in ("CapEff", "CapBnd", "CapAmb")} == {
        "CapEff": [net_raw],
        "CapBnd": [net_raw],
        "CapAmb": [net_raw],
    }


def test_what_it_sees(conmand: Conmand) -> None:
    shown = conmand.top / "a,b:c"
    shown.mkdir()
    (shown / "file").write_text("here\n")
    script = (
        'echo "file: $(cat /x/file)"; touch /x/no 2>/dev/null && echo "x: written";'
        'touch /y/yes && echo "y: written"; touch /no 2>/dev/null && echo "root: written";'
        'echo "one: $(cat /x/one)";'
        'echo "tmp: $(stat -c %a /t)"; grep " /t " /proc/mounts | while read l; do '
        'echo "t: $l"; done; /t/run 2>/dev/null || echo "t: cannot run";'
        'echo "full: $(stat -c %t:%T:%a /dev/my-full)"; echo z >/dev/my-full || echo "full: ENOSPC"'
    )
    (shown / "one").write_text("1\n")
    options = (
        "--read-only",
        "--mount",
        f'type=bind,"source={shown}",target=/x,readonly',
        "-v",
        f"{conmand.top}/rw:/y",
        "--tmpfs",
        "/t:size=1m,mode=700",
        "--device",
        "/dev/full:/dev/my-full:w",
    )
    (conmand.top / "rw").mkdir()
    assert create(conmand, "sees", script, *options)["warnings"] == []
    seen = said(conmand, "sees")
    assert seen["file"] == ["here"]
    assert "x" not in seen
    assert seen["y"] == ["written"]
    assert "root" not in seen
    assert seen["tmp"] == ["700"]
    assert seen["one"] == ["1"]
    assert {"rw", "nosuid", "nodev", "noexec", "size=1024k"} <= set(
        seen["t"][0].split()[3].split(",")
    )
    assert seen["t"][1] == "cannot run"
    assert seen["full"] == [f"1:7:{os.stat('/dev/full').st_mode & 0o7777:o}", "ENOSPC"]
    assert (conmand.top / "rw" / "yes").exists()


def test_what_it_may_use(conmand: Conmand) -> None:
    options = "-m 64m --memory-reservation 32m --cpus 0.5 --cpu-shares 512 --pids-limit 20"
    made = create(conmand, "limited", "sleep 100", *options.split(), "--cpuset-cpus", "0")
    permits = probe_permits(has_cgroups=True)
    missing = [name for name in ("memory", "swap", "cpu", "pids") if name not in permits.limits]
    assert len(made["warnings"]) == len(missing), made
    if missing:
        pytest.skip(f"this host has no {', '.join(missing)} for containers")
    conmand.ctl("start", "limited")
    one = (conmand, made["containerId"])
    assert limit(*one, "memory", "memory.limit_in_bytes", "memory.max") == str(64 * MIB)
    assert limit(*one, "memory", "memory.soft_limit_in_bytes", "memory.low") == str(32 * MIB)
    assert limit(*one, "memory", "memory.memsw.limit_in_bytes", "memory.swap.max") in (
        str(64 * MIB),
        "0",
    )
    assert limit(*one, "cpu", "cpu.cfs_quota_us", "cpu.max") in ("50000", "50000 100000")
    assert limit(*one, "cpu", "cpu.shares", "cpu.weight") in ("512", "20")
    assert limit(*one, "pids", "pids.max", "pids.max") == "20"
    assert limit(*one, "cpuset", "cpuset.cpus", "cpuset.cpus") == "0"


def test_privileged(conmand: Conmand) -> None:
    script = (
        'echo "sys: $(grep -c "^sysfs /sys sysfs rw" /proc/mounts)";'
        'echo "masked: $(grep -c " /proc/" /proc/mounts)"; echo "null: $(stat -c %t:%T /dev/null)";'
        'grep -E "CapEff|NoNewPrivs" /proc/self/status | while read k v; do echo "$k $v"; done;'
        'for d in /dev/*; do echo "dev: $d"; done'
    )
    found = probing.look(s.FindDevices("/dev"))
    assert isinstance(found, s.Devices)
    # Others may come and go while we look.
    nodes = {node.path for node in found.nodes if node.path.count("/") == 2 and node.kind == "c"}
    warnings = create(conmand, "mighty", script, "--privileged")["warnings"]
    permits = probe_permits(has_cgroups=True)
    seen = said(conmand, "mighty")
    with open("/proc/self/status", encoding="ascii") as file:
        own = next(line.split()[1] for line in file if line.startswith("CapBnd"))
    assert seen["CapEff"] == [own]
    assert seen["NoNewPrivs"] == ["0"]
    assert seen["sys"] == ["1"]
    assert seen["masked"] == ["0"]
    assert seen["null"] == ["1:3"]
    assert {"/dev/null", "/dev/full", *nodes} <= set(seen["dev"])
    assert ("CAP_SYS_RESOURCE" in permits.capabilities) == (warnings == [])


def test_the_spec_file_and_the_patch(conmand: Conmand) -> None:
    hook = conmand.top / "hook"
    hook.write_text(f"#!/bin/sh\nenv > {conmand.top}/hook-env\n")
    hook.chmod(0o755)
    spec = conmand.top / "spec.toml"
    spec.write_text(
        f"""
        name = "told"
        rootfs_path = "{conmand.rootfs}"
        command = "/bin/sh"
        args = ["-c", "echo \\"score: $(cat /proc/self/oom_score_adj)\\"; echo \\"B: $B\\""]
        env = ["B=file"]
        stopTimeoutMs = 0
        [labels]
        a = "b"
        """
    )
    patch = {
        "process": {"oomScoreAdj": 7},
        "hooks": {"createRuntime": [{"path": str(hook), "env": ["X=1"]}]},
    }
    words = ("create", "--spec", str(spec), "-e", "B=flag", "--runtime-spec-patch")
    made = conmand.ctl(*words, json.dumps(patch)).json
    assert made["warnings"] == []
    assert said(conmand, "told") == {"score": ["7"], "B": ["flag"]}
    lines = (conmand.top / "hook-env").read_text().splitlines()
    assert "X=1" in lines
    assert f"CONMAN_CALL={conmand.instance}/{made['containerId']}-1/create" in lines
    assert conmand.status("told")["labels"] == {"a": "b"}


def test_what_cannot_be_had_is_told_and_logged(conmand: Conmand) -> None:
    """Without CAP_SYS_RESOURCE; with it there is nothing to tell."""
    patch = '{"process": {"oomScoreAdj": -500}}'
    options = ("--cap-add", "SYS_RESOURCE", "--ulimit", "nproc=2000000000", "--runtime-spec-patch")
    warnings = create(conmand, "wishes", 'echo "ok: $(ulimit -p)"', *options, patch)["warnings"]
    if "CAP_SYS_RESOURCE" in probe_permits(has_cgroups=True).capabilities:
        assert warnings == []
    else:
        kinds = [warning.split(":")[0] for warning in warnings]
        assert kinds[0] == "left out of the capabilities"
        assert kinds[1].startswith("the ulimit nproc is ")
        assert kinds[2].startswith("the oomScoreAdj of -500 is left out")
        log = conmand.errors.read_text()
        assert all(warning in log for warning in warnings)
    assert len(said(conmand, "wishes")["ok"]) == 1


def test_it_is_the_same_at_its_next_run(conmand: Conmand) -> None:
    """Who www is was settled when the container was created."""
    create(conmand, "twice", 'echo "uid: $(id -u)"', "--user", "www")
    first = said(conmand, "twice")
    passwd = conmand.rootfs / "etc" / "passwd"
    try:
        passwd.write_text(PASSWD.replace(":33:", ":34:"))
        second = said(conmand, "twice")
    finally:
        passwd.write_text(PASSWD)
    assert first == {"uid": ["33"]}
    assert second == {"uid": ["33", "33"]}


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ("--user nobody", "there is no user 'nobody' in the root's /etc/passwd"),
        ("--user www:none", "there is no group 'none' in the root's /etc/group"),
        ("--group-add none", "there is no group 'none'"),
        ("-v /does/not/exist:/x", "the mount source /does/not/exist does not exist"),
        ("--device /etc/passwd", "is no device node"),
        ("--device /dev/nothing", "does not exist"),
    ],
)
def test_what_is_not_there_leaves_nothing(conmand: Conmand, options: str, complaint: str) -> None:
    before = conmand.states()
    words = ("create", "--rootfs", str(conmand.rootfs), *options.split(), "bad", "--", "sh")
    refused = conmand.ctl(*words)
    assert refused.code == 1
    assert complaint in refused.error
    assert conmand.states() == before
