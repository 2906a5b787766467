"""The stories of execs: a further program in a container, killed at each of its instants with whoever has to do with it.

A daemon that dies in between, a shim, the container's own program: the explorer does that to all of them.
"""

from dataclasses import replace

from scenarios.clients import Ask
from scenarios.rootfs import BARE
from scenarios.stories.changes import PAUSE, STOP, UNPAUSE
from scenarios.stories.single_client import CREATE, CREATE_OBEDIENT, CREATE_SHORT, START, STATUS
from scenarios.story import Befalls, Story

EXEC = Ask("exec", "web", program="/bin/exit7")
EXEC_LONG = Ask("exec", "web", program="/bin/sleep")
START_EXEC, KILL_EXEC = Ask("start-exec", "web"), Ask("kill-exec", "web", signal=9)
RUN_EXEC = Ask("run-exec", "web", program="/bin/exit7")
EXEC_STATUS, WAIT_EXEC = Ask("exec-status", "web"), Ask("wait-exec", "web")
EXEC_LIMITED = Ask("exec", "web", limit=3)
WAIT_EXEC_LIMITED = replace(WAIT_EXEC, limit=3)
#: In seconds: so long that a real conmand has paused a container by then.
PAUSED_BEFORE = 80

STORIES = (
    Story(
        "exec",
        "S35",
        "a program in a container that runs, which ends by itself",
        (EXEC, START_EXEC, WAIT_EXEC, STATUS),
        given=(CREATE, START),
    ),
    Story(
        "exec-at-once",
        "S35",
        "a program that is begun by the call that makes it, whose user has a name",
        (replace(RUN_EXEC, user="www"), WAIT_EXEC),
        given=(CREATE, START),
    ),
    Story(
        "exec-at-once-late",
        "S35",
        "one that takes longer than it may, and one that is not there",
        (
            replace(RUN_EXEC, program="/bin/sleep", limit=3),
            WAIT_EXEC_LIMITED,
            replace(RUN_EXEC, program="/bin/missing"),
        ),
        given=(CREATE, START),
    ),
    Story(
        "exec-goes-on",
        "S23",
        "an exec of which nobody wants anything any more",
        (EXEC_STATUS, STATUS),
        given=(CREATE, START, EXEC_LONG, START_EXEC),
    ),
    Story(
        "exec-kill",
        "S35",
        "an exec is killed",
        (KILL_EXEC, EXEC_STATUS, STATUS),
        given=(CREATE, START, EXEC_LONG, START_EXEC),
    ),
    Story(
        "exec-kill-or-exit",
        "S35",
        "an exec is killed, or ends by itself before",
        (START_EXEC, KILL_EXEC, EXEC_STATUS),
        given=(CREATE, START, EXEC),
    ),
    Story(
        "exec-after-another",
        "S35",
        "an exec is killed, and the next one is begun",
        (KILL_EXEC, EXEC, START_EXEC, EXEC_STATUS),
        given=(CREATE, START, EXEC_LONG, START_EXEC),
    ),
    Story(
        "exec-with-names",
        "S35",
        "a user by name, as the container's own files have it",
        (replace(EXEC, user="www"), EXEC_STATUS),
        given=(CREATE, START),
    ),
    Story(
        "exec-no-accounts",
        "S35",
        "a user by name, of a root that has no accounts: no exec, in one call or in two",
        (replace(EXEC, user="www"), replace(RUN_EXEC, user="www"), STATUS),
        given=(Ask("create", "web", rootfs=BARE), START),
    ),
    Story(
        "exec-timeout",
        "S35",
        "an exec that takes longer than it may",
        (START_EXEC, WAIT_EXEC_LIMITED),
        given=(CREATE, START, EXEC_LIMITED),
    ),
    Story(
        "exec-missing",
        "S35",
        "a program that is not there",
        (START_EXEC, EXEC_STATUS),
        given=(CREATE, START, Ask("exec", "web", program="/bin/missing")),
    ),
    Story(
        "exec-and-stop",
        "S35",
        "an exec ends with its container",
        (START_EXEC, STOP, EXEC_STATUS),
        given=(CREATE_OBEDIENT, START, EXEC_LONG),
    ),
    Story(
        "exec-and-exit",
        "S17",
        "an exec in a container that ends by itself, whenever it likes",
        (UNPAUSE, START_EXEC, EXEC_STATUS),
        given=(CREATE_SHORT, START, EXEC_LONG, PAUSE),
    ),
    Story(
        "exec-paused",
        "S35",
        "nothing is begun in what stands still",
        (START_EXEC, UNPAUSE, START_EXEC, WAIT_EXEC),
        given=(CREATE, START, EXEC, PAUSE),
    ),
    Story(
        "exec-late-paused",
        "S35",
        "the time of an exec is over while its container stands still",
        (replace(EXEC_LIMITED, verb="run-exec", limit=PAUSED_BEFORE), PAUSE, EXEC_STATUS),
        given=(CREATE, START),
    ),
    Story(
        "exec-late-unpaused",
        "S35",
        "the time of an exec was over while its container stood still and nobody looked, and it goes on",
        (UNPAUSE, replace(WAIT_EXEC, limit=PAUSED_BEFORE)),
        given=(CREATE, START, replace(EXEC_LIMITED, limit=PAUSED_BEFORE), START_EXEC, PAUSE),
        befalls=(Befalls.TIME_PASSES,),
    ),
    Story(
        "exec-removed",
        "S35",
        "a container goes, by force, and its exec with it",
        (Ask("remove", "web", force=True), STATUS),
        given=(CREATE, START, EXEC_LONG, START_EXEC),
    ),
    Story(
        "exec-by-successor",
        "S35",
        "a container has lost its shim, and the next one cannot begin anything in it",
        (START_EXEC, EXEC_STATUS),
        given=(CREATE, START, EXEC),
        befalls=(Befalls.SHIM_KILLED,),
    ),
    Story(
        "exec-of-dead-shim",
        "S35",
        "a container has lost its shim, and an exec that it had begun is killed",
        (KILL_EXEC, EXEC_STATUS),
        given=(CREATE, START, EXEC_LONG, START_EXEC),
        befalls=(Befalls.SHIM_KILLED,),
    ),
    Story(
        "exec-of-hung-shim",
        "S35",
        "a shim hangs, and an exec that it had begun is killed: its end is told, and its container goes on",
        (KILL_EXEC, EXEC_STATUS, STATUS),
        given=(CREATE, START, EXEC_LONG, START_EXEC),
        befalls=(Befalls.SHIM_HANGS,),
    ),
    Story(
        "exec-by-hung-shim",
        "S35",
        "a shim hangs, and is to begin an exec",
        (START_EXEC, EXEC_STATUS, STATUS),
        given=(CREATE, START, EXEC),
        befalls=(Befalls.SHIM_HANGS,),
    ),
    Story(
        "exec-and-stop-hung",
        "S35",
        "a shim hangs that has an exec, and its container is stopped, and goes",
        (STOP, EXEC_STATUS, Ask("remove", "web")),
        given=(CREATE_OBEDIENT, START, EXEC_LONG, START_EXEC),
        befalls=(Befalls.SHIM_HANGS,),
    ),
    Story(
        "exec-and-exit-hung",
        "S17",
        "a shim hangs that has an exec, and its container ends by itself",
        (UNPAUSE, STATUS),
        given=(CREATE_SHORT, START, EXEC_LONG, START_EXEC, PAUSE),
        befalls=(Befalls.SHIM_HANGS,),
    ),
    Story(
        "exec-removed-hung",
        "S35",
        "a shim hangs that has an exec, whose end was seen, and its container goes by force",
        (KILL_EXEC, Ask("remove", "web", force=True)),
        given=(CREATE, START, EXEC_LONG, START_EXEC),
        befalls=(Befalls.SHIM_HANGS,),
    ),
    Story(
        "run-removed-exec",
        "S35",
        "a container has lost its shim, and all of RUN, before an exec in it is started",
        (START_EXEC, Ask("remove", "web", force=True)),
        given=(CREATE, START, EXEC),
        befalls=(Befalls.SHIM_KILLED, Befalls.RUN_REMOVED),
    ),
    Story(
        "run-removed-exec-again",
        "S35",
        "a container has lost all of RUN, and its next run has an exec",
        (START, replace(RUN_EXEC, program="/bin/sleep"), KILL_EXEC, STOP),
        given=(CREATE_OBEDIENT, START),
        befalls=(Befalls.SHIM_KILLED, Befalls.PROGRAM_KILLED, Befalls.RUN_REMOVED),
        only_daemons_die=True,
    ),
)
