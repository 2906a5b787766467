"""The stories of those who read along with a program: how they get there, whoever dies meanwhile.

What is read never passes the daemon, so it is told on real hosts; here it is what asks for it that is killed.
"""

from scenarios.clients import Ask
from scenarios.stories.changes import PAUSE, UNPAUSE
from scenarios.stories.execs import EXEC_LONG, START_EXEC
from scenarios.stories.single_client import CREATE, CREATE_OBEDIENT, CREATE_SHORT, START, STATUS
from scenarios.story import Befalls, SeveralClients, Story

ATTACH, STOP = Ask("attach", "web"), Ask("stop", "web")

ATTACH_EXEC = Ask("attach-exec", "web")

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
        given=(CREATE_OBEDIENT, START, STOP),
    ),
    Story(
        "attach-to-successor",
        "S23",
        "a container loses its shim, and somebody reads along with the next",
        (ATTACH, STOP),
        given=(CREATE_OBEDIENT, START),
        befalls=(Befalls.SHIM_KILLED,),
    ),
)

SEVERAL_CLIENTS = (
    SeveralClients(
        "attach-stop",
        "S23",
        "one stops a program that takes its time, another reads along, and asks how it is",
        ((STOP,), (ATTACH, STATUS)),
        given=(CREATE, START),
        prompt=("client-2",),
    ),
    SeveralClients(
        "attach-stop-exec",
        "S23",
        "the same, of one that reads along with an exec",
        ((STOP,), (ATTACH_EXEC,)),
        given=(CREATE, START, EXEC_LONG, START_EXEC),
        prompt=("client-2",),
    ),
    SeveralClients(
        "attach-stop-successor",
        "S23",
        "its shim lies dead, one stops it, another reads along with the next",
        ((STOP,), (ATTACH,)),
        given=(CREATE, START),
        befalls=(Befalls.SHIM_KILLED,),
    ),
    SeveralClients(
        "attach-stop-start",
        "S23",
        "one stops it and starts it again, another reads along with whichever run there is",
        ((STOP, START), (ATTACH,)),
        given=(CREATE, START),
        prompt=("client-2",),
    ),
    SeveralClients(
        "attach-remove",
        "S23",
        "one removes it by force, another comes to read along",
        ((Ask("remove", "web", force=True),), (ATTACH, ATTACH)),
        given=(CREATE, START),
        prompt=("client-1", "client-2"),
    ),
    SeveralClients(
        "attach-end",
        "S23",
        "one stops a program that obeys, another reads along: neither makes the other wait",
        ((STOP,), (ATTACH,)),
        given=(CREATE_OBEDIENT, START),
        prompt=("client-1",),
        fine=True,
    ),
)
