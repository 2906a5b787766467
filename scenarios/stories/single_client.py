"""The stories of one client: each operation, killed at each of its instants.

S07 (a shim dies), S10 (crashes during recovery, any number) and S11 (power cuts) are in every one of
them: the explorer does that to all. Read them as prose: given this, the client asks that.
"""

from scenarios.clients import Ask
from scenarios.story import Story

CREATE = Ask("create", "web")
CREATE_OBEDIENT = Ask("create", "web", program="/bin/obey")
CREATE_OTHER = Ask("create", "web", program="/bin/obey", runtime="other")
CREATE_OF_LIAR = Ask("create", "web", runtime="liar")
CREATE_SHORT = Ask("create", "web", program="/bin/exit7")
START = Ask("start", "web")
STATUS = Ask("status", "web")

STORIES = (
    Story("create", "S01", "a container is created", (CREATE, STATUS), fills=True),
    Story("create-taken", "S01", "a name that is taken", (CREATE, STATUS), given=(CREATE,)),
    Story("start", "S02", "a created container is started", (START, STATUS), given=(CREATE,)),
    Story(
        "start-lies",
        "S02",
        "the runtime's start answers 0, and has started nothing",
        (START,),
        given=(CREATE_OF_LIAR,),
    ),
    Story(
        "start-again",
        "S02",
        "an exited container is started again: the next run",
        (START, STATUS),
        given=(CREATE_OBEDIENT, START, Ask("stop", "web")),
        fills=True,
    ),
    Story(
        "stop-obedient",
        "S03",
        "a program that obeys TERM is stopped",
        (Ask("stop", "web"), STATUS),
        given=(CREATE_OBEDIENT, START),
        fills=True,
    ),
    Story(
        "stop-stubborn",
        "S03",
        "a program that ignores TERM is killed after the time-out",
        (Ask("stop", "web", timeout=3), STATUS),
        given=(CREATE, START),
    ),
    Story(
        "stop-other-runtime",
        "S03",
        "a runtime of which conman does not know what its delete does",
        (Ask("stop", "web"), STATUS),
        given=(CREATE_OTHER, START),
    ),
    Story(
        "kill", "S03", "one signal", (Ask("kill", "web", signal=9), STATUS), given=(CREATE, START)
    ),
    Story(
        "kill-once",
        "S03",
        "one signal that ends nobody: whoever asks again is not obeyed twice",
        (Ask("kill", "web", signal=10), STATUS),
        given=(CREATE, START),
    ),
    Story("remove-created", "S04", "a created container goes", (Ask("remove", "web"),), (CREATE,)),
    Story(
        "remove-exited",
        "S04",
        "an exited container goes",
        (Ask("remove", "web"), STATUS),
        given=(CREATE_OBEDIENT, START, Ask("stop", "web")),
        fills=True,
    ),
    Story(
        "remove-force",
        "S04",
        "a running container goes, by force",
        (Ask("remove", "web", force=True), CREATE, STATUS),
        given=(CREATE, START),
    ),
    Story(
        "goes-on",
        "S09",
        "a running container of which nobody wants anything",
        (STATUS,),
        given=(CREATE, START),
    ),
    Story(
        "left-alone",
        "S09",
        "a running container, and nobody asks even for its state",
        (),
        given=(CREATE, START),
    ),
    Story(
        "exits-at-once",
        "S17",
        "a program that ends by itself, whenever it likes",
        (START, Ask("wait", "web")),
        given=(CREATE_SHORT,),
    ),
    Story(
        "whole-life",
        "S01",
        "create, start, stop, remove",
        (CREATE_OBEDIENT, START, Ask("stop", "web"), Ask("remove", "web")),
    ),
)
