"""Bugs that only a whole machine shows are planted in the guest, and found: so the other tests mean something."""

import pytest

from scenarios.stages.in_guest import InGuest
from scenarios.stories.single_client import STORIES
from scenarios.violation import Violation
from tests.vm import test_daemon
from vm.guests import Guest
from vm.installing import ROOTFS, VENV

#: For every Python of the venv that looks at its packages: conmand's is one, its shims are not.
NO_SYNC = f"""cat >{VENV}/lib/python3.11/site-packages/no_sync.pth <<'END'
import os; os.fsync = os.fdatasync = lambda _file: None
END
sync
"""
#: Shims stay where they are born, in the unit's cgroup, and a stop of the unit ends all that is in it.
IN_THE_UNIT = f"""echo 'def enter(path, pid): pass' >{VENV}/lib/python3.11/site-packages/conman/primitives/cgroup_entry.py
mkdir -p /etc/systemd/system/conman.service.d
printf '[Service]\\nKillMode=control-group\\n' >/etc/systemd/system/conman.service.d/kill.conf
systemctl daemon-reload && systemctl restart conman
"""


def test_a_conmand_that_syncs_nothing_is_found(fresh: Guest) -> None:
    fresh.run(NO_SYNC)
    [create] = [story for story in STORIES if story.name == "create"]
    with pytest.raises(Violation, match=r"config[.]json"):
        InGuest(create, fresh, ROOTFS).play("create-container/CommitCreated/after@1")


def test_shims_that_end_with_the_unit_are_found(fresh: Guest) -> None:
    fresh.run(IN_THE_UNIT)
    with pytest.raises(AssertionError, match=r"255, 'Unknown'"):
        test_daemon.test_an_end_while_the_unit_is_stopped_is_told(fresh)


def test_shims_that_are_others_after_a_restart_are_found(fresh: Guest) -> None:
    fresh.run(IN_THE_UNIT)
    with pytest.raises(AssertionError):
        test_daemon.test_containers_do_not_notice(fresh, "restart")
