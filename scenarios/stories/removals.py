"""The stories of containers that were created to go when they have ended: `--rm`.

It is conmand who removes them, so it makes no difference who has died meanwhile; and whoever waits for the end is
told how it was, though nothing is left.
"""

from scenarios.clients import Ask
from scenarios.stories.changes import PAUSE, UNPAUSE
from scenarios.stories.single_client import START, STATUS
from scenarios.story import Befalls, Story

STOP, GONE = Ask("stop", "web"), Ask("wait-removed", "web")
CREATE = Ask("create", "web", goes=True)
CREATE_OBEDIENT = Ask("create", "web", program="/bin/obey", goes=True)
CREATE_SHORT = Ask("create", "web", program="/bin/exit7", goes=True)

STORIES = (
    Story(
        "goes-when-it-exits",
        "S04",
        "a program ends, and its container goes by itself",
        (UNPAUSE, GONE, STATUS),
        given=(CREATE_SHORT, START, PAUSE),
    ),
    Story(
        "goes-when-it-is-stopped",
        "S04",
        "who stops it need not remove it",
        (STOP, GONE),
        given=(CREATE_OBEDIENT, START),
    ),
    Story(
        "goes-when-nobody-looks",
        "S04",
        "it ends while no daemon lives, and goes",
        (GONE,),
        given=(CREATE, START),
        befalls=(Befalls.PROGRAM_KILLED,),
        fills=True,
    ),
    Story(
        "goes-after-a-reboot",
        "S04",
        "the machine goes down, and what ran there goes",
        (GONE,),
        given=(CREATE, START),
        befalls=(Befalls.REBOOT,),
    ),
)
