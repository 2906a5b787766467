"""Where a guest's power is cut, and what is kept of it: who reads it later must not be told what was not."""

import contextlib
import json
from pathlib import Path

import pytest

from scenarios.stages import guest_cuts
from scenarios.stages.guest_cuts import Record, evenly, playable, with_recovery
from scenarios.stages.programs import PROGRAMS
from scenarios.stories.single_client import STORIES
from scenarios.usage import Usage
from scenarios.violation import Violation


def test_a_guest_can_do_whatever_its_stories_ask() -> None:
    named = {story.name for story in STORIES} - {
        name for name, on in guest_cuts.cannot() if on == "vm"
    }
    for story in playable(sorted(named)):
        assert not story.befalls, story.name
        for ask in story.given + story.asks:
            assert not PROGRAMS[ask.program].ends_by_itself, story.name
            assert not ask.runtime, story.name


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("creat", "a guest plays no story 'creat'; did you mean create?"),
        ("start-stop", "a guest plays no story 'start-stop'"),
        ("exits-at-once", "exits-at-once cannot be played on vm: a program that ends by itself"),
        ("start-lies", "start-lies cannot be played on vm: no runtime that lies"),
    ],
)
def test_what_a_guest_cannot_play_is_one_sentence(name: str, told: str) -> None:
    with pytest.raises(Usage, match=told):
        playable(["create", name])


@pytest.mark.parametrize(
    ("every", "count", "chosen"),
    [("abcde", 1, "c"), ("abcd", 2, "bd"), ("abc", 3, "abc"), ("ab", 5, "ab"), ("", 2, "")],
)
def test_points_are_chosen_evenly(every: str, count: int, chosen: str) -> None:
    assert evenly(every, count) == [*chosen]


def test_a_recovery_may_pass_fewer_points_than_were_asked_for() -> None:
    [create] = playable(["create"])
    nothing, much = (f"create-container/RecordIntent/{when}@1" for when in ("before", "after"))
    assert with_recovery(create, nothing, 3) == [nothing]
    assert len(with_recovery(create, much, 3)) == 4


class Play:
    """Cut at the first of its points, then it ends like that."""

    def __init__(self, end: BaseException | None = None) -> None:
        self.cuts: list[str] = []
        self._end = end

    def play(self, *points: str) -> None:
        self.cuts += points[:1]
        if self._end is not None:
            raise self._end


@pytest.mark.parametrize(
    ("end", "told", "why"),
    [
        (None, "ok", ""),
        (Violation("I9", "is lost"), "violation", "is lost"),
        (OSError("no space"), "no verdict", "OSError: no space"),
        (KeyboardInterrupt(), "no verdict", "KeyboardInterrupt"),
    ],
)
def test_what_came_of_a_play_is_kept(
    end: BaseException | None,
    told: str,
    why: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    record = Record(tmp_path / "cuts.json")
    record.play(Play(), "start", ["a"], asked=1)
    assert capsys.readouterr().out == ""
    with pytest.raises(type(end)) if end else contextlib.nullcontext():
        record.play(Play(end), "create", ["a", "b"], asked=3)
    first, kept = json.loads((tmp_path / "cuts.json").read_text())
    assert (first["cuts"], first["told"]) == (["a"], "ok")
    assert (kept["story"], kept["asked"], kept["points"], kept["cuts"]) == (
        "create",
        3,
        ["a", "b"],
        ["a"],
    )
    assert (kept["told"], why in kept["why"]) == (told, True)
    assert "create: 3 cuts were asked for, there are 2 points" in capsys.readouterr().out
