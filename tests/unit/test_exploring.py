"""`python -m scenarios explore`: how far it is, and what a ^C leaves of it."""

import signal
import subprocess
import sys
from dataclasses import replace

from scenarios.explore import EAGER, LAZY, Explorer
from scenarios.museum.exhibit import planted
from scenarios.museum.restarts import EXHIBITS
from scenarios.nodes import initial, without_daemon
from scenarios.parallel import longest_first
from scenarios.replay_ids import find_single
from scenarios.stories.all_stories import STORIES
from scenarios.stories.restarts import ONCE
from scenarios.stories.single_client import START
from scenarios.story import Story

EXPLORE = (sys.executable, "-W", "error", "-m", "scenarios", "explore", "--jobs", "1")


def test_what_is_stopped_says_how_far_it_came() -> None:
    words = [*EXPLORE, "--every", "0.1s", "whole-life", "update-exited"]
    with subprocess.Popen(words, stdout=-1, stderr=-1, text=True) as exploring:
        assert exploring.stdout is not None
        assert exploring.stderr is not None
        assert exploring.stderr.readline().startswith("whole-life: ")
        exploring.send_signal(signal.SIGINT)
        told = exploring.stdout.read()
        exploring.stderr.read()
        assert exploring.wait() == 130
    lines = told.splitlines()
    assert lines[0].startswith("whole-life ")
    assert "NOT AT ITS END" in lines[0]
    assert lines[-2].startswith("2 stories, 0 to the fixpoint")


def test_a_story_that_comes_to_its_end_says_fixpoint() -> None:
    words = [*EXPLORE, "--until-fixpoint", "update-exited"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "fixpoint, 0 violations" in done.stdout.splitlines()[0]


def test_a_budget_and_no_budget_are_not_both_given() -> None:
    words = [*EXPLORE, "--until-fixpoint", "--budget", "1s"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "not allowed with" in done.stderr


def test_the_longest_is_begun_first_and_none_is_forgotten() -> None:
    order = longest_first(STORIES)
    assert order[0].name == "restart-killed-meanwhile"
    assert sorted(one.name for one in order) == sorted(one.name for one in STORIES)


def test_a_story_of_policies_is_followed_until_there_was_one_restart_too_many() -> None:
    """Told to its end, but nobody dies there any more, and nothing that comes then counts."""
    one = find_single("restart-stopped")
    bounded = Explorer(one, lives=30).explore()
    whole = Explorer(replace(one, restarts=None), lives=30).explore()
    assert bounded.points == whole.points
    assert bounded.states < whole.states


# ---- how often it was restarted

COUNTED = find_single("restart-counted")


def once() -> Story:
    """The same story, of a single restart."""
    create, start, pause = COUNTED.given
    assert start == START
    return replace(COUNTED, given=(replace(create, policy=ONCE), start, pause))


def test_a_single_restart_does_not_tell_whether_they_are_counted() -> None:
    [bug] = [one for one in EXHIBITS if one.name == "restart-counted-as-the-first"]
    assert bug.story == COUNTED.name
    with planted(bug.patches) as reached:
        explored = Explorer(once()).explore()
    assert explored.fixpoint
    assert reached.times > 0
    assert explored.violations == []


def test_where_only_daemons_die_nothing_else_strikes() -> None:
    assert Explorer(COUNTED, lives=1).explore().runs <= len((LAZY, EAGER))
    node = initial(replace(COUNTED, asks=()))
    others = [one.path[-1] for one in without_daemon(node)]
    assert [one for one in others if one.startswith(("shim-killed", "power-cut"))] != []
    assert [one.path[-1] for one in without_daemon(node, undisturbed=True)] == [
        one for one in others if one.startswith("goes-on")
    ]
