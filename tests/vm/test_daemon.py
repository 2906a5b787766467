"""Whatever systemd does to the daemon, containers go on; killed in the middle of a create, nothing is left of it."""

import json
from typing import Any

import pytest

from vm.guests import Guest
from vm.installing import ROOTFS

#: An emulated conmand on a busy machine takes its time to start.
CTL = "conmanctl --connect-timeout 300 --deadline 300 container"
CREATE = f"{CTL} create --rootfs {ROOTFS} web -- /bin/sleep 1000"
#: Of one life of the unit only: what is set in /run goes at once.
ARMED = """mkdir -p /run/systemd/system/conman.service.d
printf '[Service]\\nEnvironment=CONMAN_CRASH_AT={point}\\n' >/run/systemd/system/conman.service.d/crash.conf
systemctl daemon-reload && systemctl restart conman
rm -r /run/systemd/system/conman.service.d && systemctl daemon-reload
"""


#: Ends with 7 once it is told to.
SEVEN = f"""{CTL} create --rootfs {ROOTFS} seven -- /bin/sh -c 'trap "exit 7" TERM; while :; do sleep 0.1; done'"""
#: As often as it takes: before its trap is set the first process of a container hears nothing.
TELL = "while kill -TERM {pid}; do sleep 0.2; done 2>/dev/null"
REST = "/opt/conman/bin/python -m scenarios.stages.guest_rest"


@pytest.mark.short
def test_the_transcript(fresh: Guest) -> None:
    made = json.loads(fresh.run(CREATE))["containerId"]
    before = status(fresh, "web")
    assert (before["containerId"], before["state"]) == (made, "CREATED")
    fresh.run(f"{CTL} start web")
    running = status(fresh, "web")
    assert running["state"] == "RUNNING"
    fresh.run("systemctl kill -s KILL conman")
    assert status(fresh, made) == running
    fresh.run(f"{CTL} stop --timeout 0 web")
    ended = status(fresh, "web")
    assert (ended["state"], ended["exitCode"]) == ("EXITED", 137)
    fresh.run(f"{CTL} remove web")
    assert json.loads(fresh.run(f"{CTL} list"))["containers"] == []
    assert fresh.run(REST).strip() == ""


@pytest.mark.parametrize("what", ["restart", "kill -s KILL"])
def test_containers_do_not_notice(fresh: Guest, what: str) -> None:
    fresh.run(f"{CREATE} && {CTL} start web")
    before, daemon = fresh.run("pidof sleep; pgrep conman-shim"), main_pid(fresh)
    fresh.run(f"systemctl {what} conman && {CTL} list")
    assert fresh.run("pidof sleep; pgrep conman-shim") == before
    assert main_pid(fresh) not in {daemon, "0"}
    assert '"RUNNING"' in fresh.run(f"{CTL} status web")
    fresh.run("conmand check")


def test_an_end_while_the_unit_is_stopped_is_told(fresh: Guest) -> None:
    ended = ended_while_stopped(fresh)
    assert (ended["state"], ended["exitCode"], ended["reason"]) == ("EXITED", 7, "Error")


@pytest.mark.parametrize(
    "point",
    [
        "create-container/MountRootfs/after",
        pytest.param("create-container/RuntimeCreate/after", marks=pytest.mark.short),
    ],
)
def test_killed_in_the_middle_of_a_create(fresh: Guest, point: str) -> None:
    fresh.run(ARMED.format(point=point))
    daemon = main_pid(fresh)
    fresh.run(CREATE)  # asks again, until somebody answers
    assert main_pid(fresh) != daemon
    assert '"CREATED"' in fresh.run(f"{CTL} status web")
    fresh.run(f"conmand check && {CTL} start web && {CTL} remove --force web")
    assert fresh.run(REST).strip() == ""


def ended_while_stopped(guest: Guest) -> dict[str, Any]:
    """What is told of a program that ends with 7 while systemd has the unit stopped."""
    guest.run(f"{SEVEN} && {CTL} start seven")
    pid = status(guest, "seven")["pid"]
    guest.run(f"systemctl stop conman && {TELL.format(pid=pid)}; systemctl start conman")
    told: dict[str, Any] = json.loads(guest.run(f"{CTL} wait seven"))["status"]
    return told


def status(guest: Guest, name: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(guest.run(f"{CTL} status {name}"))["status"]
    return told


def main_pid(guest: Guest) -> str:
    return guest.run("systemctl show --value -p MainPID conman").strip()
