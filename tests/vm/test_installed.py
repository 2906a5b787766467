"""What an installed conman looks like from outside: unit, files, cgroups, processes, mounts."""

import json

import pytest
import testinfra
from testinfra.host import Host

from vm.guests import Guest
from vm.installing import ROOTFS


@pytest.fixture
def seen(fresh: Guest) -> Host:
    # One connection is there already, and the only way.
    return testinfra.get_host("ssh://default", ssh_config=fresh.ssh_config, controlpersist=0)


def test_systemd_has_it_up_and_will_have_it_up_again(seen: Host) -> None:
    unit = seen.service("conman")
    assert unit.is_enabled
    assert unit.is_running
    properties = unit.systemd_properties
    assert (properties["SubState"], properties["NRestarts"]) == ("running", "0")
    assert seen.check_output("systemctl --failed --quiet --plain") == ""


@pytest.mark.parametrize(
    ("path", "is_it"),
    [
        ("/run/conman/conmand.sock", "socket root root 600"),
        ("/run/conman", "directory root root 700"),
        ("/var/lib/conman", "directory root root 700"),
    ],
)
def test_what_it_has_made_is_roots_alone(seen: Host, path: str, is_it: str) -> None:
    assert seen.check_output(f"stat -c '%F %U %G %a' {path}") == is_it


def test_a_life_on_cgroup_v2(seen: Host) -> None:
    created = seen.check_output(
        f"conmanctl container create --rootfs {ROOTFS} web -- /bin/sleep 1000"
    )
    run = f"{json.loads(created)['containerId']}-1"
    seen.check_output("conmanctl container start web")
    instance = seen.file("/var/lib/conman/instance").content_string.strip()
    [program] = seen.process.filter(comm="sleep")
    assert cgroup(seen, program.pid) == f"/conman-{instance}/{run}"
    for shim in seen.check_output("pgrep 'conman-shim|conman-zygote'").split():
        assert cgroup(seen, int(shim)) == f"/conman-{instance}/shims"
    daemon = seen.service("conman").systemd_properties["MainPID"]
    assert cgroup(seen, int(daemon)) == "/system.slice/conman.service"
    assert f"/var/lib/conman/containers/{run[:-2]}" in seen.file("/proc/mounts").content_string
    seen.check_output("conmand check")
    seen.check_output("conmanctl container stop --time 0 web && conmanctl container remove web")
    assert seen.check_output("/opt/conman/bin/python -m scenarios.stages.guest_rest") == ""
    assert not seen.process.filter(comm="sleep")


def cgroup(seen: Host, pid: int) -> str:
    return seen.file(f"/proc/{pid}/cgroup").content_string.strip().removeprefix("0::")
