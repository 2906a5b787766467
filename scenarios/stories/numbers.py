"""The scenarios by number: what each is about, and where what no story plays is played instead, or why it is not.

`table` makes of it what docs/stories.md shows. A scenario must never look played because its number is here:
which stories play it is asked of the stories, and on which stages of the stages.
"""

from collections.abc import Iterator, Mapping

from scenarios.story import AnyStory

#: Number: (what happens, what there is besides stories that bear the number).
SCENARIOS: Mapping[str, tuple[str, str]] = {
    "S01": ("the daemon killed at each instant of create", ""),
    "S02": ("of start", ""),
    "S03": ("of stop and kill, before and after the signals", ""),
    "S04": ("of remove", ""),
    "S05": ("of sandbox run and stop", "not yet: no sandboxes"),
    "S06": ("of pull and unpack", "not yet: no images"),
    "S07": (
        "the shim killed at each of its instants, its container alive",
        (
            "simulated in every story, while a daemon lives (at each event of its first life) and while none"
            " does. Real shims at their own points: `test_shim_crashes.py`, `test_crash_points.py`,"
            " `test_exec_shims.py`"
        ),
    ),
    "S08": (
        "the runtime's create killed at each of its steps",
        (
            "simulated in every story: a daemon dies at each step, and the next one's fence kills the call"
            " there. Real ones: `test_crash_points.py`, `test_host_runtime.py`, `test_shim_runtimes.py`"
        ),
    ),
    "S09": ("daemon and shim together, the container alive", "simulated in every story"),
    "S10": (
        "crashes during recovery, any number",
        "simulated in every story, to the fixpoint; `play --crash A --crash B` on every stage",
    ),
    "S11": (
        "power cut, with every choice of what had not reached the disk",
        (
            "simulated in every story; exhaustive up to 256 combinations, beyond that a selection."
            " With everything written: the stories. Real: the stage `vm`, at crash points and in recovery"
        ),
    ),
    "S12": (
        "torn, empty or zeroed files, garbage, a flipped bit",
        (
            "what crash and cut do to conman's own writes: simulated in every story. Garbage: bad rows"
            " (`test_database.py`), rows that cannot be read (`test_daemon_start.py`). A file of conman's that"
            " a stranger spoils: not yet, it is in no recipe's power to write it again"
        ),
    ),
    "S13": (
        "ENOSPC, EIO, EROFS, EMFILE at the n-th call",
        (
            "the story: an exit record. Full for a while, from each event on: stories with `fills`. `scenarios faults`: each story with one fault at each of its steps and commits; two: drawn by"
            " `swarm`. The store: `test_database_failures.py`"
        ),
    ),
    "S14": (
        "a pid used again by a stranger",
        (
            "simulated in every story, at every instant: each pid is a stranger's as soon as its owner was waited"
            " for. Performers: `tests/contract/`, `test_host_processes.py`"
        ),
    ),
    "S15": (
        "reboot, RUN surviving on disk",
        "no story: that RUN is of another boot is seen before the core begins. `test_host_instance.py`",
    ),
    "S16": (
        "clock steps",
        "stories: one step back, between two lives. At each event, back or on: `faults`, `swarm`",
    ),
    "S17": (
        "a container that ends by itself, whenever it likes, also while no daemon lives",
        "one, not 1,000 together: that is `make load`",
    ),
    "S18": (
        "OOM of a child, of init, of the shim",
        "the first two are S34's stories; an OOM of the shim is its death, S07",
    ),
    "S19": (
        "a runtime that hangs, an init that cannot be killed",
        (
            "a call that hangs: simulated in every story of one client, at each event of its first life. Real runtimes that"
            " hang and lie: `test_mad_runtimes.py`. An init that outlives KILL: `swarm` only"
        ),
    ),
    "S20": (
        "a client that goes away in the middle",
        "no story: to the core a client is nobody. That the operation goes on: `test_api_service.py`",
    ),
    "S21": (
        "two creates of one name; retry after an ambiguous answer",
        "one after the other: `create-taken`; retries: every story, on every stage",
    ),
    "S22": (
        "restart policies: who has ended runs again, unless somebody said no",
        "",
    ),
    "S23": (
        "attach and exec open meanwhile",
        "stories: the way to a session. Sessions: `test_streams.py`, `test_shim_streams.py`. Execs: `test_execs.py`",
    ),
    "S24": (
        "the daemon's whole cgroup killed",
        (
            "nothing but the daemon is in it: then it is its death, in every story. That shims stand outside:"
            " `test_shim_cgroup.py`; really killed: `test_struck.py`, and `sweep --of group`"
        ),
    ),
    "S25": (
        "tampering",
        "a second conmand: `test_daemon_start.py`. A bundle removed under a container: not yet",
    ),
    "S26": (
        "older and newer store",
        "no story: it is refused before the core begins. Newer: `test_database.py`; there is no older one",
    ),
    "S27": ("10,000 lives with random kills, and a census", "`make load`; drawn ones: `swarm`"),
    "S28": (
        "log rotation and reopening in a crash",
        (
            "stories: who asks for a log to be reopened. What is in it: `test_log_lives.py`, each death of shims and readers and"
            " each power cut on a simulated disk ([0051](decisions/0051-logs-are-simulated-below-the-world.md));"
            " real shims: `test_shim_crashes.py`; the daemon's death, followed: `test_logs.py`"
        ),
    ),
    "S29": (
        "a frozen or non-empty cgroup left behind",
        (
            "frozen: S31's `stop-paused`, `kill-paused`, `remove-paused`; `test_host_processes.py`. One that a"
            " stranger filled: not in the simulator"
        ),
    ),
    "S30": ("all of it, swarmed", "`scenarios swarm`"),
    "S31": (
        "frozen: pause and unpause, half a freeze, the end of what is frozen",
        "real freezers of v1 and v2: `test_host_freezer.py`, `test_changes.py`",
    ),
    "S32": ("other limits, of which the kernel takes some", "real cgroups: `test_changes.py`"),
    "S33": ("another name", ""),
    "S34": (
        "want of memory kills the program, or a child of it",
        "real limits: `test_changes.py`",
    ),
    "S35": (
        "execs: begun, ended, killed, late, in a container that ends or stands still",
        "real ones, with a daemon that dies meanwhile: `test_execs.py`",
    ),
}


def table(stories: tuple[AnyStory, ...], cannot: Mapping[tuple[str, str], str]) -> str:
    """Markdown. `cannot`: (story, stage) that cannot be played, with its reason."""
    head = ["| | what happens | stories | on stages | besides |", "|---|---|---|---|---|"]
    return "\n".join([*head, *_rows(stories, cannot)]) + "\n"


def _rows(stories: tuple[AnyStory, ...], cannot: Mapping[tuple[str, str], str]) -> Iterator[str]:
    for number, (what, besides) in SCENARIOS.items():
        names = [story.name for story in stories if story.scenario == number]
        told = ", ".join(f"`{name}`" for name in names)
        yield f"| {number} | {what} | {told} | {_stages(names, cannot)} | {besides} |"


def _stages(names: list[str], cannot: Mapping[tuple[str, str], str]) -> str:
    if not names:
        return ""
    parts = ["simulated"]
    for stage in ("fake", "runc"):
        missing = [f"`{name}`" for name in names if (name, stage) in cannot]
        if len(missing) < len(names):
            parts.append(stage + (f" (not {', '.join(missing)})" if missing else ""))
    return ", ".join(parts)
