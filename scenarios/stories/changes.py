"""The stories of what changes a container and leaves it where it is: freezer, limits, name, memory.

Each is killed at each of its instants, as all are. Memory is counted in MiB; the simulated containers
use 16 of them. A program that would end at once is given frozen: so it cannot end before it matters.
"""

from dataclasses import replace

from conman.core.resources import Resources
from scenarios.clients import Ask
from scenarios.control_groups import MEBI
from scenarios.stories.single_client import CREATE, CREATE_OBEDIENT, CREATE_SHORT, START, STATUS
from scenarios.story import Story

PAUSE, UNPAUSE = Ask("pause", "web"), Ask("unpause", "web")
STOP, WAIT = Ask("stop", "web"), Ask("wait", "web")
RENAME = Ask("rename", "web", to="site")


def update(
    memory: int | None = None,
    *,
    swap: int | None = None,
    shares: int | None = None,
    name: str = "web",
) -> Ask:
    """Limits in MiB."""
    both = None if swap is None else swap * MEBI
    limit = None if memory is None else memory * MEBI
    resources = Resources(memory_bytes=limit, memory_swap_bytes=both, cpu_shares=shares)
    return Ask("update", name, resources=resources)


EVERY_LIMIT = Resources(
    memory_bytes=64 * MEBI,
    memory_swap_bytes=128 * MEBI,
    memory_reservation_bytes=4 * MEBI,
    cpu_shares=512,
    cpu_period_us=50_000,
    cpu_quota_us=25_000,
    cpuset_cpus="0",
    cpuset_mems="1",
    pids_limit=100,
)

STORIES = (
    Story("pause", "S31", "a program is frozen", (PAUSE, STATUS), given=(CREATE, START)),
    Story(
        "unpause", "S31", "and goes on", (UNPAUSE, STATUS), given=(CREATE_OBEDIENT, START, PAUSE)
    ),
    Story(
        "pause-then-exit",
        "S31",
        "a program that would end by itself goes on, and does",
        (UNPAUSE, WAIT),
        given=(CREATE_SHORT, START, PAUSE),
    ),
    Story(
        "pause-or-exit",
        "S31",
        "a program ends by itself, or is frozen before",
        (UNPAUSE, PAUSE, STATUS),
        given=(CREATE_SHORT, START, PAUSE),
    ),
    Story(
        "pause-refused",
        "S31",
        "a program that does not come to a stand goes on",
        (PAUSE, STATUS),
        given=(Ask("create", "web", program="/bin/vforks"), START),
    ),
    Story(
        "stop-paused",
        "S31",
        "what stands still is stopped",
        (STOP, STATUS),
        given=(CREATE_OBEDIENT, START, PAUSE),
    ),
    Story(
        "kill-paused",
        "S31",
        "KILL reaches what stands still",
        (Ask("kill", "web", signal=9), STATUS),
        given=(CREATE, START, PAUSE),
    ),
    Story(
        "remove-paused",
        "S31",
        "what stands still goes, by force",
        (Ask("remove", "web", force=True), STATUS),
        given=(CREATE, START, PAUSE),
    ),
    Story(
        "update",
        "S32",
        "other limits for a program that runs",
        (update(64, swap=128, shares=512), update(32, swap=48), STATUS),
        given=(CREATE, START),
    ),
    Story(
        "update-refused",
        "S32",
        "the kernel takes the first of two limits, and not the second",
        (update(8, swap=128, shares=512), STATUS),
        given=(CREATE, START, update(64, shares=2048)),
    ),
    Story(
        "update-all",
        "S32",
        "every limit that there is",
        (Ask("update", "web", resources=EVERY_LIMIT), STATUS),
        given=(CREATE, START),
    ),
    Story(
        "update-all-refused",
        "S32",
        "every limit, of which the kernel does not take one",
        (Ask("update", "web", resources=replace(EVERY_LIMIT, memory_bytes=8 * MEBI)), STATUS),
        given=(CREATE, START),
    ),
    Story(
        "update-exited",
        "S32",
        "limits for the next run",
        (update(64), STATUS),
        given=(CREATE_OBEDIENT, START, STOP),
    ),
    Story(
        "rename",
        "S33",
        "another name, for a program that runs",
        (RENAME, STATUS, Ask("status", "site")),
        given=(CREATE, START),
    ),
    Story(
        "rename-taken",
        "S33",
        "a name that another has, whose id begins as the old one",
        (Ask("rename", "01", to="web"), STATUS),
        given=(CREATE, Ask("create", "01")),
    ),
    Story(
        "out-of-memory",
        "S34",
        "the kernel kills the program for want of memory",
        (UNPAUSE, WAIT),
        given=(Ask("create", "web", program="/bin/eats"), START, PAUSE),
    ),
    Story(
        "child-out-of-memory",
        "S34",
        "the kernel kills a child of a program that then ends well",
        (UNPAUSE, WAIT),
        given=(Ask("create", "web", program="/bin/feeds"), START, PAUSE),
    ),
)
