"""A bug that only a cut of the power shows is planted in the guest, and found: so the other tests mean something."""

import pytest

from scenarios.stages.in_guest import InGuest
from scenarios.stories.single_client import STORIES
from scenarios.violation import Violation
from vm.guests import Guest
from vm.installing import ROOTFS

#: For every Python of the venv that looks at its packages: conmand's is one, its shims are not.
NO_SYNC = """cat >/opt/conman/lib/python3.11/site-packages/no_sync.pth <<'END'
import os; os.fsync = os.fdatasync = lambda _file: None
END
sync
"""


def test_a_conmand_that_syncs_nothing_is_found(fresh: Guest) -> None:
    fresh.run(NO_SYNC)
    [create] = [story for story in STORIES if story.name == "create"]
    with pytest.raises(Violation, match=r"config[.]json"):
        InGuest(create, fresh, ROOTFS).play("create-container/CommitCreated/after@1")
