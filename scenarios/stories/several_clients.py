"""The stories of two and three clients, who ask at once.

Whoever asks first, and who comes between whose steps, is the exploration's business (`preemptions`). Read
them as prose: given this, one asks that, while another asks this.
"""

from dataclasses import replace

from conman.core.restart import RestartPolicy
from scenarios.clients import Ask
from scenarios.stories.changes import PAUSE, RENAME, STOP, update
from scenarios.stories.execs import (
    EXEC,
    EXEC_LONG,
    EXEC_STATUS,
    KILL_EXEC,
    RUN_EXEC,
    START_EXEC,
    WAIT_EXEC,
)
from scenarios.stories.restarts import ALWAYS, create
from scenarios.stories.single_client import CREATE, CREATE_OBEDIENT, CREATE_SHORT, START, STATUS
from scenarios.story import Befalls, SeveralClients

KILL = Ask("kill", "web", signal=9)
REMOVE, FORCE = Ask("remove", "web"), Ask("remove", "web", force=True)
LIST = Ask("list", "")

#: Its program was killed while no daemon lived, and is to run again.
TO_RESTART = (create(ALWAYS, "/bin/obey"), START)
KILLED = (Befalls.PROGRAM_KILLED,)
NOT_AGAIN = Ask("update", "web", policy=RestartPolicy())

STORIES = (
    SeveralClients(
        "create-create",
        "S21",
        "two want one name",
        ((CREATE,), (CREATE, STATUS)),
    ),
    SeveralClients(
        "create-remove",
        "S21",
        "it is removed as soon as it is there",
        ((CREATE, STATUS), (FORCE,)),
    ),
    SeveralClients(
        "create-create-remove",
        "S21",
        "two want one name, and a third removes whoever has it",
        ((CREATE,), (CREATE,), (REMOVE, LIST)),
    ),
    SeveralClients(
        "start-stop",
        "S03",
        "one starts, another stops",
        ((START,), (STOP, STATUS)),
        given=(CREATE_OBEDIENT,),
    ),
    SeveralClients(
        "start-kill",
        "S03",
        "one starts, another kills",
        ((START, STATUS), (KILL,)),
        given=(CREATE,),
        fine=True,
    ),
    SeveralClients(
        "start-remove",
        "S04",
        "one starts, another removes by force",
        ((START, STATUS), (FORCE,)),
        given=(CREATE,),
    ),
    SeveralClients(
        "stop-stop",
        "S03",
        "two stop it",
        ((STOP,), (STOP, STATUS)),
        given=(CREATE_OBEDIENT, START),
    ),
    SeveralClients(
        "remove-remove",
        "S04",
        "two remove it",
        ((REMOVE,), (REMOVE, STATUS)),
        given=(CREATE,),
    ),
    SeveralClients(
        "rename-create",
        "S33",
        "one renames to the name that another creates",
        ((RENAME,), (Ask("create", "site"), LIST)),
        given=(CREATE,),
    ),
    SeveralClients(
        "rename-remove",
        "S33",
        "one renames what another removes",
        ((RENAME, LIST), (REMOVE,)),
        given=(CREATE,),
    ),
    SeveralClients(
        "pause-kill",
        "S31",
        "one freezes what another kills",
        ((PAUSE, STATUS), (KILL,)),
        given=(CREATE, START),
        fine=True,
    ),
    SeveralClients(
        "update-stop",
        "S32",
        "one limits what another stops",
        ((update(64),), (STOP, STATUS)),
        given=(CREATE_OBEDIENT, START),
    ),
    SeveralClients(
        "kill-exit",
        "S17",
        "it is killed as it ends by itself",
        ((START, KILL), (Ask("wait", "web"),)),
        given=(CREATE_SHORT,),
        fine=True,
    ),
    SeveralClients(
        "exec-kill-exit",
        "S35",
        "an exec is killed as it ends by itself",
        ((RUN_EXEC, KILL_EXEC), (WAIT_EXEC,)),
        given=(CREATE, START),
    ),
    SeveralClients(
        "exec-ends-in-stop",
        "S35",
        "one stops a program that takes its time, and an exec that is let go with it ends meanwhile: that is told at once",
        ((STOP,), (WAIT_EXEC,), (EXEC_STATUS,)),
        given=(CREATE, START, EXEC, START_EXEC, PAUSE),
        prompt=("client-2", "client-3"),
    ),
    SeveralClients(
        "kill-stop",
        "S03",
        "one stops a program that takes its time, another has no patience with it",
        ((STOP,), (KILL, STATUS)),
        given=(CREATE, START),
        prompt=("client-2",),
    ),
    SeveralClients(
        "kill-stop-paused",
        "S31",
        "one stops a program that stands still, another sends it what it does not heed",
        ((STOP, STATUS), (replace(KILL, signal=15), STATUS)),
        given=(CREATE, START, PAUSE),
        prompt=("client-2",),
    ),
    SeveralClients(
        "stop-unwritten",
        "S13",
        "one stops it, and how it ended cannot be written yet; who comes after that is told so, and not kept waiting",
        ((STOP,), (REMOVE,), (START, STATUS)),
        given=(CREATE_OBEDIENT, START),
        record_fails=True,
        prompt=("client-1", "client-2", "client-3"),
    ),
    SeveralClients(
        "remove-stop",
        "S04",
        "one stops a program that takes its time, another removes it by force",
        ((STOP,), (FORCE, LIST)),
        given=(CREATE, START),
        prompt=("client-1", "client-2"),
    ),
    SeveralClients(
        "exec-kill-stop",
        "S35",
        "one stops a program that takes its time, another kills an exec of it",
        ((STOP,), (KILL_EXEC, WAIT_EXEC)),
        given=(CREATE, START, EXEC_LONG, START_EXEC),
        prompt=("client-2",),
    ),
    SeveralClients(
        "readers",
        "S03",
        "two look on while it is stopped",
        ((STOP,), (STATUS,), (LIST,)),
        given=(CREATE_OBEDIENT, START),
    ),
    SeveralClients(
        "prune",
        "S04",
        "one clears away, another starts again",
        ((LIST, REMOVE), (START, STATUS)),
        given=(CREATE_OBEDIENT, START, STOP),
    ),
    SeveralClients(
        "create-twice",
        "S21",
        "one request, on two connections",
        ((CREATE,), (CREATE,)),
        one_request=True,
    ),
    SeveralClients(
        "stop-twice",
        "S03",
        "one request to stop, on two connections",
        ((STOP,), (STOP,)),
        given=(CREATE_OBEDIENT, START),
        one_request=True,
    ),
    SeveralClients(
        "two-created",
        "S21",
        "two containers at once: what is committed together",
        ((CREATE,), (Ask("create", "site"),)),
    ),
    SeveralClients(
        "one-worker",
        "S19",
        "a runtime call hangs, and holds the only worker",
        ((CREATE,), (Ask("create", "site"),)),
        workers=1,
        hangs="web",
    ),
    SeveralClients(
        "two-workers",
        "S19",
        "a runtime call hangs, and holds one of two workers",
        ((CREATE,), (Ask("create", "site"),)),
        workers=2,
        hangs="web",
        prompt=("client-2",),
    ),
    SeveralClients(
        "restart-stop",
        "S22",
        "it is to run again, and one stops it, another looks on",
        ((STOP, STATUS), (STATUS, LIST)),
        given=TO_RESTART,
        befalls=KILLED,
    ),
    SeveralClients(
        "restart-stop-start",
        "S22",
        "it is to run again, and one stops it, another starts it",
        ((STOP, STATUS), (START, STATUS)),
        given=TO_RESTART,
        befalls=KILLED,
    ),
    SeveralClients(
        "restart-remove-start",
        "S22",
        "it is to run again, and one removes it by force, another starts it",
        ((FORCE,), (START, STATUS)),
        given=TO_RESTART,
        befalls=KILLED,
    ),
    SeveralClients(
        "restart-update-stop",
        "S22",
        "it is to run again, and one takes its policy back, another stops it",
        ((NOT_AGAIN, STATUS), (STOP,)),
        given=TO_RESTART,
        befalls=KILLED,
    ),
    SeveralClients(
        "restart-update-start",
        "S22",
        "it is to run again, and one takes its policy back, another starts it",
        ((NOT_AGAIN, STATUS), (START,)),
        given=TO_RESTART,
        befalls=KILLED,
    ),
)
