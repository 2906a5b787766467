"""A sweep's choice and its report: which deaths there are, in which order, and what is told of them."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scenarios.__main__ import main
from scenarios.outcomes import Outcome, write
from scenarios.replay_ids import find_single
from scenarios.shards import Shard
from scenarios.stages.deaths import By, Death, With
from scenarios.stages.play import Played
from scenarios.stages.simulated import points
from scenarios.syscalls.aims import KINDS
from scenarios.syscalls.failing import errors
from scenarios.syscalls.preload import Passed, passed
from scenarios.syscalls.sweep import Points, Swept, deaths, in_order

CALLS = [
    Passed(point, "write", "")
    for point in ("conmand@1", "store@1", "conman-shim@1", "conman-zygote@1", "Freeze@1")
]
BORN = Passed("conman-zygote@2", "mkdir", "/sys/fs/cgroup/cpu/conman-00000000")
POINTS = Points(CALLS, [*CALLS[:4], BORN])


def named(story: str, *, cut: bool = False) -> list[str]:
    return [
        str(one) for one in deaths(find_single(story), POINTS, With.CUT if cut else With.NOTHING)
    ]


def test_only_what_came_again_is_aimed_at() -> None:
    others = ["call:store@1", "call:conman-shim@1", "call:conman-zygote@1"]
    assert named("start") == others
    assert named("create") == ["call:conmand@1", *others, f"call:{BORN.point}"]
    assert named("goes-on") == named("create")


def test_a_second_zygote_begins_as_the_first_does() -> None:
    born = replace(BORN, point="conman-zygote#2@1")
    found = [Death("store@1", By.CALL), Death(born.point, By.CALL)]
    assert deaths(find_single("start"), Points([], [CALLS[1], born])) == found[:1]
    assert deaths(find_single("create"), Points([], [CALLS[1], born])) == found


def test_a_log_is_read(tmp_path: Path) -> None:
    (log := tmp_path / "log").write_text("a b@1 fork \na b#2@11 send /tmp/a b@c\n")
    assert passed(log) == [Passed("a b@1", "fork", ""), Passed("a b#2@11", "send", "/tmp/a b@c")]
    assert [one.comm for one in passed(log)] == ["a b", "a b"]


def test_the_power_goes_with_daemons_only_and_when_all_was_told() -> None:
    """What was not synced is lost after the last call as well: there it matters."""
    last = "cut:start-container/CommitRunning/after@1"
    assert named("start", cut=True) == [last, "cut:call:store@1"]


@pytest.mark.parametrize(
    ("one", "answers"),
    [
        (Passed("store@1", "fsync", "/tmp/csx/d/conman.db"), ["ENOSPC", "EIO"]),
        (Passed("store@1", "unlink", "/tmp/csx/m/d/x"), ["EIO", "EROFS"]),
        (Passed("SpawnShim@1", "mkdir", "/tmp/csx/r/shims/x"), ["ENOSPC"]),
        (Passed("SpawnShim@1", "unlink", "/tmp/csx/r/shims/x"), []),
        (Passed("conman-shim#2@6", "bind", "/tmp/csx/r/shims/x/shim.sock"), ["ENOSPC"]),
        (Passed("conman-shim#2@7", "fchmodat", "/tmp/csx/r/shims/x/shim.sock"), []),
        (Passed("conman-shim#2@9", "send", "/tmp/csx/r/shims/x/shim.sock"), []),
        (Passed("MountRootfs@1", "sendfile", "/tmp/csx/d/x"), ["ENOSPC", "EIO"]),
        (Passed("MountRootfs@1", "utimensat", "/tmp/csx/d/x"), ["EIO", "EROFS"]),
        (Passed("conmand@1", "mkdir", "/tmp/csx/r/shims"), ["ENOSPC"]),
        (Passed("store@1", "mkdir", "/sys/fs/cgroup/cpu/conman-0"), []),
    ],
)
def test_a_disk_fails_as_disks_do_and_memory_by_having_no_space(
    one: Passed, answers: list[str]
) -> None:
    assert [how.what for how in errors([one])] == answers


def test_crash_points_are_told_without_a_play() -> None:
    """Those that the stage can pass."""
    found, each = KINDS["point-cuts"].aims(find_single("remove-created"), "fake", "")
    named = [str(one) for (one,) in each]
    assert named[0] == f"cut:{found.passed[0].point}"
    assert "cut:remove-container/RemoveCgroup/before@1" in named
    assert "cut:remove-container/RemoveCgroup/during:1@1" not in named
    assert "remove-container/RemoveCgroup/during:1@1" in points(find_single("remove-created"))


def swept(story: str, count: int) -> Swept:
    points = Points([], [Passed(f"store@{number}", "write", "") for number in range(count)])
    each = [(one,) for one in deaths(find_single(story), points)]
    return Swept(find_single(story), points, each)


def test_story_by_story_or_all_alike_and_nothing_is_lost() -> None:
    every = [swept("start", 9), swept("kill", 16)]
    one_by_one = [(one.story.name, str(how[0])) for one, how in in_order(every, spread=False)]
    alike = [(one.story.name, str(how[0])) for one, how in in_order(every, spread=True)]
    assert [name for name, _ in one_by_one] == ["start"] * 9 + ["kill"] * 16
    assert (len(alike), sorted(alike)) == (25, sorted(one_by_one))
    assert alike[:4] == [
        ("start", "call:store@0"),
        ("start", "call:store@8"),
        ("kill", "call:store@0"),
        ("kill", "call:store@8"),
    ]


def test_who_died_is_counted_and_what_was_not_as_told_is_kept() -> None:
    one = swept("start", 3)
    for crash, problem in (
        ("call:store@1", ""),
        ("call:conman-shim@2", "I7: what"),
        ("cut:call:Freeze@1", ""),
    ):
        one.add(Played(one.story, "fake", (crash,), problem=problem), 2.0)
    one.add(Played(one.story, "fake", ("call:store@2",), problem="never", is_missed=True), 1.0)
    told = one.result()
    assert told["killed"] == {"conmand": 2, "shim": 1}
    assert told["problems"] == [("call:conman-shim@2", "I7: what")]
    assert (told["deaths"], told["missed"], told["seconds"], one.played) == (3, 1, 7.0, 4)


def part(index: int, problems: list[list[str]], folder: Path, missed: int = 1) -> str:
    result: dict[str, Any] = {
        "story": "start",
        "points": 80,
        "alike": 79,
        "deaths": 30,
        "killed": {"conmand": 20, "shim": 5},
        "missed": missed,
        "problems": problems,
        "seconds": 12.0,
    }
    terms = {
        "stage": "fake",
        "cut": True,
        "every": 1,
        "time": "1m",
        "plant": "",
        "stories": ["start"],
    }
    write(Outcome("sweep", terms, Shard(index, 2), [result], 60.0), f"{folder}/{index}")
    return f"{folder}/{index}"


def test_parts_are_joined_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["merge", part(1, [], tmp_path), part(2, [["x", "I7"]], tmp_path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split("; ")[1:] == [
        " 25 of  30 deaths (20 of a conmand, 5 of a shim)",
        "1 missed, 0 not as told, 12 s",
    ]
    assert lines[2] == (
        "2 stories on fake: 160 points, 158 alike; 50 of 60 deaths (40 of a conmand, 10 of a shim),"
        " each with a power cut; 2 missed, 1 not as told; 60 s"
    )
    assert json.loads((tmp_path / "1").read_text())["code"]


def test_a_sweep_that_misses_more_than_a_few_has_not_swept(tmp_path: Path) -> None:
    assert main(["merge", part(1, [], tmp_path, 1), part(2, [], tmp_path, 2)]) == 0
    assert main(["merge", part(1, [], tmp_path, 1), part(2, [], tmp_path, 3)]) == 1
