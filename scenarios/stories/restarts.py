"""The stories of restart policies: who has ended runs again, unless somebody said no.

Of a restart itself one story goes on from every instant (`restart-killed-meanwhile`), and one goes on through three of them
while nothing but its daemons die (`restart-counted`); the others are about whether
there is one, and are followed until it begins, or to so many of those of the policy `always`.
"""

from conman.core.restart import RestartName, RestartPolicy
from scenarios.clients import Ask
from scenarios.stories.changes import PAUSE, UNPAUSE
from scenarios.stories.execs import EXEC_LONG, KILL_EXEC, START_EXEC
from scenarios.stories.single_client import START, STATUS
from scenarios.story import Befalls, Story

ONCE = RestartPolicy(RestartName.ON_FAILURE, 1)
THREE_TIMES = RestartPolicy(RestartName.ON_FAILURE, 3)
ALWAYS = RestartPolicy(RestartName.ALWAYS)
UNLESS_STOPPED = RestartPolicy(RestartName.UNLESS_STOPPED)

STOP, WAIT, REMOVE = Ask("stop", "web"), Ask("wait", "web"), Ask("remove", "web")
KILL = Ask("kill", "web", signal=9)


def create(policy: RestartPolicy, program: str = "/bin/sleep") -> Ask:
    return Ask("create", "web", program=program, policy=policy)


STORIES = (
    Story(
        "restart-on-failure",
        "S22",
        "a program that fails runs once more, and then no more",
        (UNPAUSE, WAIT, STATUS),
        given=(create(ONCE, "/bin/exit7"), START, PAUSE),
        restarts=0,
    ),
    Story(
        "restart-counted",
        "S22",
        "a program that fails runs three times more, and then no more, whenever daemons die",
        (UNPAUSE, WAIT, STATUS),
        given=(create(THREE_TIMES, "/bin/exit7"), START, PAUSE),
        only_daemons_die=True,
    ),
    Story(
        "restart-succeeded",
        "S22",
        "one that ends well is left alone",
        (UNPAUSE, WAIT, STATUS),
        given=(create(ONCE, "/bin/true"), START, PAUSE),
        restarts=0,
    ),
    Story(
        "restart-killed-meanwhile",
        "S22",
        "somebody kills the program while no daemon lives",
        (STATUS,),
        given=(create(ONCE), START),
        befalls=(Befalls.PROGRAM_KILLED,),
        fills=True,
    ),
    Story(
        "restart-after-reboot",
        "S22",
        "what ran when the machine went down runs again",
        (STATUS,),
        given=(create(ALWAYS, "/bin/obey"), START),
        befalls=(Befalls.REBOOT,),
        restarts=1,
    ),
    Story(
        "restart-clock-set-back",
        "S22",
        "a clock that was set back makes nobody wait longer",
        (STATUS,),
        given=(create(ONCE), START),
        befalls=(Befalls.PROGRAM_KILLED, Befalls.CLOCK_SET_BACK),
        restarts=0,
    ),
    Story(
        "restart-stopped",
        "S22",
        "a program that is to run again is stopped before",
        (STOP, STATUS),
        given=(create(ONCE), START),
        befalls=(Befalls.PROGRAM_KILLED,),
        restarts=0,
    ),
    Story(
        "restart-overdue",
        "S22",
        "one that should run again by now is stopped as soon as there is a daemon",
        (STOP, STATUS),
        given=(create(ONCE), START),
        befalls=(Befalls.PROGRAM_KILLED, Befalls.TIME_PASSES),
        restarts=0,
    ),
    Story(
        "restart-stopped-running",
        "S22",
        "an explicit stop is never undone",
        (STOP, STATUS),
        given=(create(UNLESS_STOPPED, "/bin/obey"), START),
        restarts=0,
    ),
    Story(
        "restart-killed",
        "S22",
        "nor is a kill",
        (KILL, STATUS),
        given=(create(ONCE), START),
        restarts=0,
    ),
    Story(
        "restart-killed-before-its-policy",
        "S22",
        "nor is a kill undone by a policy that comes later, while its program takes its time to die",
        (Ask("kill", "web", signal=15), Ask("update", "web", policy=ALWAYS), UNPAUSE, STATUS),
        given=(Ask("create", "web", program="/bin/obey"), START, PAUSE),
        restarts=0,
    ),
    Story(
        "restart-exec-killed",
        "S22",
        "but the kill of an exec is none of its container",
        (UNPAUSE, KILL_EXEC),
        given=(create(ONCE, "/bin/exit7"), START, EXEC_LONG, START_EXEC, PAUSE),
        restarts=0,
        only_daemons_die=True,
    ),
    Story(
        "restart-removed",
        "S22",
        "a program that is to run again is removed before",
        (REMOVE,),
        given=(create(ONCE), START),
        befalls=(Befalls.PROGRAM_KILLED,),
        restarts=0,
    ),
    Story(
        "restart-started",
        "S22",
        "a program that is to run again is started before",
        (START, STATUS),
        given=(create(ONCE), START),
        befalls=(Befalls.PROGRAM_KILLED,),
        restarts=0,
    ),
    Story(
        "restart-updated",
        "S22",
        "its policy is taken back while it waits",
        (Ask("update", "web", policy=RestartPolicy()), STATUS),
        given=(create(ONCE), START),
        befalls=(Befalls.PROGRAM_KILLED,),
        restarts=0,
    ),
)
