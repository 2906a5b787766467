"""The stories of a shim's death, while nobody but its container and its daemon is there.

Every story has shims that are killed, alone and with the daemon; these begin where one lies dead already.
"""

from scenarios.clients import Ask
from scenarios.stories.single_client import (
    CREATE,
    CREATE_OBEDIENT,
    CREATE_OTHER,
    CREATE_SHORT,
    START,
    STATUS,
)
from scenarios.story import Befalls, Story

STORIES = (
    Story(
        "shim-dies",
        "S07",
        "a running container loses its shim, goes on, and is stopped",
        (STATUS, Ask("stop", "web"), STATUS),
        given=(CREATE_OBEDIENT, START),
        befalls=(Befalls.SHIM_KILLED,),
    ),
    Story(
        "shim-dies-young",
        "S07",
        "a running container has lost its shim, may lose the next one, too, and goes on",
        (STATUS,),
        given=(CREATE, START),
        befalls=(Befalls.SHIM_KILLED,),
    ),
    Story(
        "shim-dies-created",
        "S07",
        "a container that waits for its start loses its shim",
        (START, STATUS),
        given=(CREATE,),
        befalls=(Befalls.SHIM_KILLED,),
    ),
    Story(
        "shim-dies-then-exits",
        "S07",
        "a program ends after its shim, and the kernel tells how",
        (START, Ask("wait", "web")),
        given=(CREATE_SHORT,),
        befalls=(Befalls.SHIM_KILLED,),
    ),
    Story(
        "shim-dies-unseen",
        "S07",
        "a program ends after its shim, and the kernel does not tell",
        (START, Ask("wait", "web")),
        given=(CREATE_SHORT,),
        befalls=(Befalls.SHIM_KILLED,),
        kernel_tells=False,
    ),
    Story(
        "run-removed",
        "S25",
        "somebody removes RUN under a running container, which goes on, and is stopped",
        (STATUS, Ask("stop", "web"), START, STATUS),
        given=(CREATE_OBEDIENT, START),
        befalls=(Befalls.SHIM_KILLED, Befalls.RUN_REMOVED),
    ),
    Story(
        "run-removed-shim-lives",
        "S25",
        "somebody removes RUN under a running container, whose shim is out of reach, and nobody stops it",
        (STATUS,),
        given=(CREATE, START),
        befalls=(Befalls.RUN_REMOVED,),
    ),
    Story(
        "run-removed-shim-lives-stop",
        "S25",
        "the same, and it is stopped",
        (Ask("stop", "web"), STATUS),
        given=(CREATE_OBEDIENT, START),
        befalls=(Befalls.RUN_REMOVED,),
    ),
    Story(
        "run-removed-shim-lives-killed",
        "S25",
        "the same, and its program is killed: its shim may have recorded how",
        (STATUS,),
        given=(CREATE, START),
        befalls=(Befalls.RUN_REMOVED, Befalls.PROGRAM_KILLED),
    ),
    Story(
        "run-removed-shim-lives-remove",
        "S25",
        "the same, of a container that waits for its start, which goes",
        (Ask("remove", "web"),),
        given=(CREATE,),
        befalls=(Befalls.RUN_REMOVED,),
    ),
    Story(
        "run-removed-created",
        "S25",
        "somebody removes RUN under a container that waits for its start",
        (START, STATUS, Ask("stop", "web")),
        given=(CREATE,),
        befalls=(Befalls.SHIM_KILLED, Befalls.RUN_REMOVED),
    ),
    Story(
        "run-removed-remove",
        "S25",
        "somebody removes RUN under a container that waits for its start, which goes",
        (Ask("remove", "web"),),
        given=(CREATE,),
        befalls=(Befalls.SHIM_KILLED, Befalls.RUN_REMOVED),
    ),
    Story(
        "run-removed-other-runtime",
        "S25",
        "the same, of a runtime of which conman does not know what its delete does",
        (Ask("remove", "web"),),
        given=(CREATE_OTHER,),
        befalls=(Befalls.SHIM_KILLED, Befalls.RUN_REMOVED),
    ),
    Story(
        "run-removed-create",
        "S25",
        "somebody removes RUN, and then a container is created",
        (CREATE, STATUS),
        given=(CREATE, Ask("remove", "web")),
        befalls=(Befalls.RUN_REMOVED,),
    ),
)
