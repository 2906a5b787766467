"""The stories of those who read along with a program: how they get there, whoever dies meanwhile.

What is read never passes the daemon, so it is told on real hosts; here it is what asks for it that is killed.
"""

from scenarios.clients import Ask
from scenarios.stories.changes import PAUSE, UNPAUSE
from scenarios.stories.single_client import CREATE, CREATE_OBEDIENT, CREATE_SHORT, START, STATUS
from scenarios.story import Befalls, Story

ATTACH = Ask("attach", "web")

STORIES = (
    Story(
        "attach",
        "S23",
        "somebody reads along with a running program",
        (ATTACH, STATUS),
        given=(CREATE, START),
    ),
    Story(
        "attach-before-start",
        "S23",
        "somebody reads along from a program's first word on",
        (ATTACH, START),
        given=(CREATE,),
    ),
    Story(
        "attach-or-exit",
        "S23",
        "somebody comes to read along with a program that may have ended by then",
        (UNPAUSE, ATTACH, Ask("wait", "web")),
        given=(CREATE_SHORT, START, PAUSE),
    ),
    Story(
        "attach-to-terminal",
        "S23",
        "a program with a terminal is started, and somebody comes to it",
        (START, ATTACH),
        given=(Ask("create", "web", program="/bin/obey", tty=True),),
    ),
    Story(
        "attach-too-late",
        "S23",
        "a program that has ended has nothing to be read",
        (ATTACH, STATUS),
        given=(CREATE_OBEDIENT, START, Ask("stop", "web")),
    ),
    Story(
        "attach-to-successor",
        "S23",
        "a container loses its shim, and somebody reads along with the next",
        (ATTACH, Ask("stop", "web")),
        given=(CREATE_OBEDIENT, START),
        befalls=(Befalls.SHIM_KILLED,),
    ),
)
