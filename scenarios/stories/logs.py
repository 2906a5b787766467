"""The stories of a log that somebody has moved away, and asks for a new one in its place.

What is in it is judged where shims really write it (S28); here it is what asks for it, and is asked, that dies.
"""

from scenarios.clients import Ask
from scenarios.stories.changes import PAUSE, UNPAUSE
from scenarios.stories.single_client import CREATE, CREATE_OBEDIENT, CREATE_SHORT, START, STATUS
from scenarios.story import Befalls, SeveralClients, Story

REOPEN, STOP = Ask("reopen-log", "web"), Ask("stop", "web")

STORIES = (
    Story(
        "reopen-log",
        "S28",
        "its log is moved away, and reopened, and once more",
        (REOPEN, REOPEN, STATUS),
        given=(CREATE, START),
        befalls=(Befalls.LOG_MOVED,),
    ),
    Story(
        "reopen-log-before-start",
        "S28",
        "its log is moved away before there is a word in it",
        (REOPEN,),
        given=(CREATE,),
        befalls=(Befalls.LOG_MOVED,),
    ),
    Story(
        "reopen-log-or-exit",
        "S28",
        "a log is reopened of a program that may have ended by then",
        (UNPAUSE, REOPEN, Ask("wait", "web")),
        given=(CREATE_SHORT, START, PAUSE),
        befalls=(Befalls.LOG_MOVED,),
    ),
    Story(
        "reopen-log-too-late",
        "S28",
        "nobody writes to the log of a program that has ended",
        (REOPEN, STATUS),
        given=(CREATE_OBEDIENT, START, STOP),
        befalls=(Befalls.LOG_MOVED,),
    ),
    Story(
        "reopen-log-of-successor",
        "S28",
        "a container loses its shim, and the next reopens its log",
        (REOPEN, STOP),
        given=(CREATE_OBEDIENT, START),
        befalls=(Befalls.LOG_MOVED, Befalls.SHIM_KILLED),
    ),
)

SEVERAL_CLIENTS = (
    SeveralClients(
        "reopen-log-stop",
        "S28",
        "one stops a program that takes its time, another wants its log reopened, and asks how it is",
        ((STOP,), (REOPEN, STATUS)),
        given=(CREATE, START),
        prompt=("client-2",),
    ),
    SeveralClients(
        "reopen-log-stop-successor",
        "S28",
        "its shim lies dead, one stops it, another wants its log reopened by whichever shim there is",
        ((STOP,), (REOPEN,)),
        given=(CREATE_OBEDIENT, START),
        befalls=(Befalls.LOG_MOVED, Befalls.SHIM_KILLED),
    ),
    SeveralClients(
        "reopen-log-remove",
        "S28",
        "one removes it by force, another wants its log reopened",
        ((Ask("remove", "web", force=True),), (REOPEN, REOPEN)),
        given=(CREATE, START),
        prompt=("client-1",),
    ),
    SeveralClients(
        "reopen-log-end",
        "S28",
        "one stops a program that obeys, another wants its log reopened: neither makes the other wait",
        ((STOP,), (REOPEN,)),
        given=(CREATE_OBEDIENT, START),
        prompt=("client-1",),
        fine=True,
    ),
    SeveralClients(
        "reopen-log-start",
        "S28",
        "one starts it again, another wants its log reopened, of which a shim may have taken hold by then",
        ((START,), (REOPEN,)),
        given=(CREATE_OBEDIENT, START, STOP),
        befalls=(Befalls.LOG_MOVED,),
    ),
)
