"""The stages by name: what each needs of this machine, and which stories it cannot play.

A stage that is not possible here says what is missing and how to get it; it never plays something else
instead. What cannot be played is in `cannot.toml`, with its reason, and in no other place.
"""

import os
import re
import shutil
import tomllib
from collections.abc import Callable, Collection, Mapping
from itertools import product
from pathlib import Path

from conman.core.points import CrashPointNames
from scenarios.stages import faulty_runtime, own_group
from scenarios.stages.deaths import By, Death, With
from scenarios.stories.all_stories import EVERY
from scenarios.syscalls import preload
from scenarios.usage import Usage

#: What the real stages run containers with.
RUNTIMES = {"fake": "fakerunc", "runc": "runc"}
_CANNOT = Path(__file__).with_name("cannot.toml")


def _nothing() -> str:
    return ""


def _root() -> str:
    if os.geteuid() != 0:
        return "it needs root: run it by sudo"
    if shutil.which("runc") is None:
        return "there is no runc on PATH: apt-get install runc"
    if shutil.which("busybox") is None:
        return "there is no busybox for its containers: apt-get install busybox-static"
    return ""


def _own_machine() -> str:
    return "its plays share one machine: make test-vm STORIES='create start' CUTS=10"


#: What is missing for a stage, and how to get it; "": nothing.
STAGES: Mapping[str, Callable[[], str]] = {
    "simulated": _nothing,
    "fake": _nothing,
    "runc": _root,
    "vm": _own_machine,
}


def must_be_possible(stage: str) -> None:
    """Raises Usage."""
    if stage not in STAGES:
        raise Usage(f"there is no stage {stage!r}: take one of {', '.join(STAGES)}")
    missing = STAGES[stage]()
    if missing:
        raise Usage(f"the stage {stage} is not possible here: {missing}")


def must_count_calls(stage: str) -> None:
    """Syscall points are real processes'. Raises Usage."""
    missing = "it has no system calls" if stage == "simulated" else preload.missing()
    if missing:
        raise Usage(f"no syscall points on {stage}: {missing}")


def must_cut(stage: str) -> None:
    """On a disk in a file; the simulated stage's cuts are explored. Raises Usage."""
    missing = "explore cuts it everywhere" if stage == "simulated" else _no_disk()
    if missing:
        raise Usage(f"no power cut on {stage}: {missing}")


def must_fill(stage: str) -> None:
    """A disk. Raises Usage."""
    missing = "explore fills it everywhere" if stage == "simulated" else _no_disk()
    if missing:
        raise Usage(f"no disk to fill on {stage}: {missing}")


def must_kill_runtimes(stage: str) -> None:
    """Raises Usage."""
    calls = RUNTIMES.get(stage)
    missing = faulty_runtime.missing(calls) if calls else "no process is its runtime"
    if missing:
        raise Usage(f"no runtime can be killed on {stage}: {missing}")


def must_group(stage: str) -> None:
    """Who dies with a daemon. Raises Usage."""
    missing = own_group.missing() if stage == "runc" else "there are no cgroups for shims"
    if missing:
        raise Usage(f"no control group to kill on {stage}: {missing}")


def must_strike(how: Death, stage: str) -> None:
    """But for crash points, which need nothing; of a runtime's death "" is any place. Raises Usage."""
    if how.company is With.CUT:
        must_cut(stage)
    elif how.by is By.FULL:
        must_fill(stage)
    elif how.company is With.GROUP:
        must_group(stage)
    elif how.company is With.ALL and stage not in RUNTIMES:
        raise Usage(f"nobody dies with a daemon on {stage}: explore kills shims everywhere")
    if how.is_counted:
        must_count_calls(stage)
    if how.by is By.RUNTIME:
        must_kill_runtimes(stage)
        if how.point:
            faulty_runtime.must_be_a_place(how.point, RUNTIMES[stage])


def _no_disk() -> str:
    if os.geteuid() != 0:
        return "mounting a disk in a file needs root: run it by sudo"
    if shutil.which("mkfs.ext4") is None:
        return "there is no mkfs.ext4 on PATH: apt-get install e2fsprogs"
    return "" if Path("/dev/loop-control").exists() else "this kernel has no loop devices"


def cannot() -> dict[tuple[str, str], str]:
    """(story, or EFFECT/WHEN of a crash point; stage): why it cannot be played there. Raises Usage."""
    stories = [story.name for story in EVERY]
    points = {point.partition("/")[2] for point in CrashPointNames()}
    return read(_CANNOT.read_text(encoding="utf-8"), {*stories, *points})


def read(text: str, names: Collection[str]) -> dict[tuple[str, str], str]:
    """As `cannot`, of any text. Raises Usage for an entry that names nothing."""
    found = dict[tuple[str, str], str]()
    for entry in tomllib.loads(text)["cannot"]:
        for name, stage in product(entry.get("stories") or entry["points"], entry["stages"]):
            if name not in names or stage not in STAGES:
                raise Usage(f"cannot.toml: there is no {name!r} or no stage {stage!r}")
            if (name, stage) in found or not entry["reason"]:
                raise Usage(f"cannot.toml: {name} on {stage} is named twice, or for no reason")
            found[name, stage] = entry["reason"]
    return found


def tail(point: str) -> str:
    """EFFECT/WHEN of SAGA/EFFECT#k/WHEN@n."""
    return re.sub(r"#\d+", "", point.partition("/")[2].partition("@")[0])


def reasons(cannot: Mapping[tuple[str, str], str]) -> str:
    """Markdown: by reason, which stories on which stages."""
    rows = ["| story, or crash point | stages | why not |", "|---|---|---|"]
    for story in dict.fromkeys(story for story, _ in cannot):
        stages = [stage for one, stage in cannot if one == story]
        rows.append(f"| `{story}` | {', '.join(stages)} | {cannot[story, stages[0]]} |")
    return "\n".join(rows) + "\n"
