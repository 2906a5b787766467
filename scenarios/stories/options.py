"""The stories of a create that asks for more: what it names is looked up on the host, and then it is a create.

The root's users are those of `scenarios.rootfs`; a name that the host does not know leaves nothing behind.
"""

from scenarios.clients import Ask
from scenarios.rootfs import BARE
from scenarios.stories.single_client import CREATE, START, STATUS
from scenarios.story import Story
from scenarios.world import ROOTFS

STORIES = (
    Story(
        "create-with-names",
        "S01",
        "a user by name, a mount and devices: looked up once, then kept",
        (Ask("create", "web", user="www", source=ROOTFS), START, STATUS),
    ),
    Story(
        "create-unknown-user",
        "S01",
        "a name that the root does not know: no container, and the name is free",
        (Ask("create", "web", user="nobody"), STATUS, Ask("create", "web"), STATUS),
    ),
    Story(
        "create-copied",
        "S01",
        "a data directory that cannot hold overlays: the root file system is copied",
        (CREATE, STATUS),
        overlays=False,
    ),
    Story(
        "create-no-source",
        "S01",
        "a mount that shows what is not there",
        (Ask("create", "web", source="/images/none"), STATUS),
    ),
    Story(
        "create-no-rootfs",
        "S01",
        "a root file system that is not there",
        (Ask("create", "web", rootfs="/images/none"), STATUS),
    ),
    Story(
        "create-no-device",
        "S01",
        "a device that is not there",
        (Ask("create", "web", device="/images/none"), STATUS),
    ),
    Story(
        "create-no-accounts",
        "S01",
        "a user by name, of a root that has no accounts: no container",
        (Ask("create", "web", user="www", rootfs=BARE), STATUS),
    ),
)
