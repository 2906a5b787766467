"""Whatever systemd does to the daemon, containers go on; killed in the middle of a create, nothing is left of it."""

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


@pytest.mark.parametrize("what", ["restart", "kill -s KILL"])
def test_containers_do_not_notice(fresh: Guest, what: str) -> None:
    fresh.run(f"{CREATE} && {CTL} start web")
    before, daemon = fresh.run("pidof sleep"), main_pid(fresh)
    fresh.run(f"systemctl {what} conman && {CTL} list")
    assert fresh.run("pidof sleep") == before
    assert main_pid(fresh) not in {daemon, "0"}
    assert '"RUNNING"' in fresh.run(f"{CTL} status web")
    fresh.run("conmand check")


@pytest.mark.parametrize(
    "point", ["create-container/MountRootfs/after", "create-container/RuntimeCreate/after"]
)
def test_killed_in_the_middle_of_a_create(fresh: Guest, point: str) -> None:
    fresh.run(ARMED.format(point=point))
    daemon = main_pid(fresh)
    fresh.run(CREATE)  # asks again, until somebody answers
    assert main_pid(fresh) != daemon
    assert '"CREATED"' in fresh.run(f"{CTL} status web")
    fresh.run(f"conmand check && {CTL} start web && {CTL} remove --force web")
    assert fresh.run("/opt/conman/bin/python -m scenarios.stages.guest_rest").strip() == ""


def main_pid(guest: Guest) -> str:
    return guest.run("systemctl show --value -p MainPID conman").strip()
