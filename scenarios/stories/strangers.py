"""The stories of what befalls a host from outside while no daemon looks: reboots, strangers, clocks.

Each is killed at each of its instants afterwards, as all are. What a stranger took away is made again or
told as gone; what he left alone must still be there.
"""

from scenarios.clients import Ask
from scenarios.stories.changes import PAUSE
from scenarios.stories.single_client import CREATE, CREATE_OBEDIENT, START, STATUS
from scenarios.story import Befalls, Story

STOP = Ask("stop", "web")

STORIES = (
    Story(
        "shim-and-daemon-die",
        "S09",
        "shim and daemon are dead together, and a container that nobody stops goes on",
        (STATUS,),
        given=(CREATE, START),
        befalls=(Befalls.SHIM_KILLED,),
    ),
    Story(
        "killed-meanwhile",
        "S17",
        "a program is killed while no daemon looks",
        (STATUS,),
        given=(CREATE, START),
        befalls=(Befalls.PROGRAM_KILLED,),
    ),
    Story(
        "waiting-killed-meanwhile",
        "S17",
        "who waits to be started is killed while no daemon looks: its start prepares another",
        (START, STATUS),
        given=(CREATE,),
        befalls=(Befalls.PROGRAM_KILLED,),
    ),
    Story(
        "both-die-meanwhile",
        "S17",
        "a program and its shim die while no daemon looks: nobody can say how",
        (STATUS,),
        given=(CREATE, START),
        befalls=(Befalls.SHIM_KILLED, Befalls.PROGRAM_KILLED),
    ),
    Story(
        "reboot",
        "S11",
        "the machine reboots under a running container",
        (STATUS,),
        given=(CREATE, START),
        befalls=(Befalls.REBOOT,),
    ),
    Story(
        "reboot-created",
        "S11",
        "the machine reboots under a container that waits for its start",
        (START,),
        given=(CREATE,),
        befalls=(Befalls.REBOOT,),
    ),
    Story(
        "clock-set-back",
        "S16",
        "the clock is set back under a running container, which is stopped",
        (STOP, STATUS),
        given=(CREATE_OBEDIENT, START),
        befalls=(Befalls.CLOCK_SET_BACK,),
    ),
    Story(
        "clock-set-back-created",
        "S16",
        "the clock is set back under a container that waits for its start",
        (START, STATUS),
        given=(CREATE,),
        befalls=(Befalls.CLOCK_SET_BACK,),
    ),
    Story(
        "runtime-deleted",
        "S25",
        "somebody deletes a running container from the runtime",
        (STATUS,),
        given=(CREATE, START),
        befalls=(Befalls.RUNTIME_DELETED,),
    ),
    Story(
        "runtime-deleted-paused",
        "S25",
        "somebody deletes what stands still from the runtime",
        (STATUS,),
        given=(CREATE, START, PAUSE),
        befalls=(Befalls.RUNTIME_DELETED,),
    ),
    Story(
        "unmounted",
        "S25",
        "somebody unmounts the root of a running container, which is stopped",
        (STOP, STATUS),
        given=(CREATE_OBEDIENT, START),
        befalls=(Befalls.UNMOUNTED,),
    ),
)
