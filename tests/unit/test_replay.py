"""A run is repeated by the names of its choices: by anybody, on any hash seed, on another version too.

The plant is a missing fsync, as in test_explorer.py: it makes a violation of which the shortest run is
known.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from conman.core.effects import recipes
from conman.core.effects import vocabulary as v
from conman.core.layout import Layout
from conman.primitives import steps as s
from scenarios import __main__ as harness
from scenarios import keys, replay_ids, trace
from scenarios.explore import Explorer
from scenarios.nodes import initial, without_daemon
from scenarios.replay_ids import BadId, find_story, read, write
from scenarios.replaying import Recording, replay
from scenarios.shrinking import shrunk
from scenarios.violation import SENTENCES, Violation

ROOT = Path(__file__).resolve().parents[2]
CUT = "create;crash@create-container/CommitCreated/after;power-cut@keep={}"
#: Of many, each so-many-th is tried.
SAMPLE = 7
IN_RECOVERY = "create;crash@while/call~3;lazy;crash@recover/FenceCall/before;goes-on@call"


def replayed(text: str) -> Recording:
    asked = read(text)
    return replay(asked.story, asked.path)


@pytest.fixture
def no_fsync(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name of a new container's directory is not made durable."""

    def recipe(effect: v.HostEffect, layout: Layout) -> tuple[s.Step, ...]:
        whole = recipes.recipe(effect, layout)
        return tuple(
            step
            for step in whole
            if not (isinstance(step, s.SyncDirectory) and step.path.endswith("/containers"))
        )

    monkeypatch.setattr("scenarios.simulator.recipe", recipe)


# ---- ids


def test_what_is_not_said_is_the_default() -> None:
    whole = read("create;crash@boot;power-cut@keep={};eager;violates@I7")
    assert whole.path == ("create", "lazy", "crash@boot", "power-cut@keep={}", "eager")
    assert whole.expects == "I7"
    assert write(whole.path, "I7") == "create;crash@boot;power-cut@keep={};eager;violates@I7"
    assert read("create").path == ("create", "lazy")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("creat", "there is no story 'creat'; did you mean create?"),
        (
            "create;crash@create-container/MountRotfs/after",
            "no point 'create-container/MountRotfs/after'; did you mean create-container/MountRootfs/after?",
        ),
        ("create;crash@while/cal~2", "did you mean while/call?"),
        ("create;crahs@boot", "there is no choice 'crahs'; did you mean crash?"),
        ("create;goes-on@shin", "there is no actor 'shin'; did you mean shim?"),
        ("create;lazy,shim-dyes@3", "there is no strike 'shim-dyes'; did you mean shim-dies?"),
        ("create;lazy,shim-dies", "does not say when: write shim-dies@N"),
        ("create;violates@I99", "there is no invariant 'I99'"),
        ("create;", "there is no choice ''"),
        ("", "there is no story ''"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_sentence(
    text: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(BadId, match=re.escape(says)):
        read(text)
    assert harness.main(["replay", text]) == 2
    told = capsys.readouterr()
    assert says in told.err
    assert told.err.count("\n") == 1
    assert not told.out


@pytest.mark.parametrize("name", ["create", "remove-force"])
def test_choices_without_a_daemon_have_different_names(name: str) -> None:
    node = replayed(f"{name};crash@rest").last
    found = initial(find_story(name))
    found.world = node
    names = [child.path[-1] for child in without_daemon(found)]
    assert names
    assert len(names) == len(set(names))


# ---- verdicts


def test_an_undisturbed_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert harness.main(["replay", "create"]) == 0
    said = capsys.readouterr().out
    assert said.endswith("no violation\n")
    assert "client   create web" in said


def test_the_same_violation(no_fsync: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert harness.main(["replay", f"{CUT};violates@I9"]) == 1
    *_, verdict, again = capsys.readouterr().out.splitlines()
    assert verdict == "same violation"
    assert again == f"again: python -m scenarios replay '{CUT};violates@I9'"


def test_another_violation(no_fsync: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert harness.main(["replay", f"{CUT};violates@I1"]) == 1
    assert "another violation: the id is of I1" in capsys.readouterr().out


def test_a_violation_that_is_gone(capsys: pytest.CaptureFixture[str]) -> None:
    assert harness.main(["replay", "create;crash@rest;violates@I9"]) == 0
    assert capsys.readouterr().out.endswith("gone: I9 holds, as do all others\n")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("create;crash@boot;power-cut@keep={lost}", "keep={lost} cannot happen here"),
        ("create;crash@stop-container/RuntimeDelete/before", "was not passed"),
        ("create;crash@boot;goes-on@program", "goes-on@program cannot happen here"),
    ],
)
def test_a_choice_that_cannot_be_made(
    text: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert harness.main(["replay", text]) == 3
    last = capsys.readouterr().out.splitlines()[-1]
    assert re.match(r"diverged at event \d+: ", last)
    assert why in last


# ---- the trace


def test_the_violation_comes_last_with_its_sentence(
    no_fsync: None, capsys: pytest.CaptureFixture[str]
) -> None:
    harness.main(["replay", CUT])
    lines = capsys.readouterr().out.splitlines()
    at = lines.index(f"VIOLATION I9: {SENTENCES['I9']}")
    assert lines[at + 1] == "  here: the config.json of web is lost"
    window = [line.strip() for line in lines[at + 3 : -1]]
    assert window == [line.strip() for line in lines[at - len(window) : at]]
    assert any("recover/CommitUnprepared" in line for line in window)


def test_each_event_has_its_line_aligned() -> None:
    events = replayed(IN_RECOVERY).events
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    assert {event.actor for event in events if not event.mark} <= set(trace.ACTORS)
    columns = {trace.line(event).index(event.what) for event in events if not event.mark}
    assert len(columns) == 1


def test_the_probe_is_heard_too() -> None:
    events = replayed("create").events
    rest = next(event.number for event in events if event.mark == trace.REST)
    asked = [e.what for e in events[rest:] if e.actor == "client" and e.outcome == "asked"]
    assert asked == ["list", "remove 1", "create web", "remove web"]


def test_an_id_is_its_number(no_fsync: None, capsys: pytest.CaptureFixture[str]) -> None:
    violation = Violation("I7", f"nobody owns shim 01{'0' * 30}-1")
    assert "  here: nobody owns shim 1-1" in trace.accusation(violation, [])


@pytest.mark.parametrize("words", [["list"], ["replay", "whole-life"]])
def test_whoever_reads_may_stop(words: list[str]) -> None:
    command = [sys.executable, "-m", "scenarios", *words]
    run = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert run.stdout is not None
    run.stdout.close()
    assert run.stderr is not None
    assert run.stderr.read() == b""
    run.stderr.close()
    assert run.wait() == 1


@pytest.mark.parametrize("name", ["create", "start"])
def test_every_host_is_found_again_by_its_path(name: str) -> None:
    """Whatever the choices: the names mean one thing each."""
    found = Explorer(find_story(name), deadline=0.0)
    found.explore()
    nodes = [node for node in found._frontier if len(node.path) > 2][:: max(1, SAMPLE // 2)]
    cut = [child for node in nodes for child in without_daemon(node)]
    assert len(cut) > 20
    for node in (*nodes, *cut[::SAMPLE]):
        again = replay(find_story(name), node.path)
        assert not again.diverged
        assert keys.of(again.last) == keys.of(node.world)


def test_a_trace_is_the_same_on_every_hash_seed() -> None:
    """With a death in a recovery, those who go on, and a cut."""
    text = f"{IN_RECOVERY};power-cut@keep={{}}"
    printed = [
        subprocess.run(
            [sys.executable, "-m", "scenarios", "replay", text],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
        for seed in ("1", "4242")
    ]
    assert printed[0] == printed[1]
    assert printed[0].endswith(b"no violation\n")


def test_the_sentences_are_the_documents() -> None:
    page = (ROOT / "docs/invariants.md").read_text()
    rows = re.findall(r"^\| (I\d+) \| (.+?) \| ", page, re.MULTILINE)
    assert {name: sentence.replace("`", "") for name, sentence in rows} == SENTENCES


# ---- shrinking


def test_a_failing_run_is_made_short(no_fsync: None) -> None:
    long = read(
        "create;eager;crash@create-container/CommitCreated/after;lazy;crash@boot;shim-killed;"
        "power-cut@keep={};lazy;crash@boot;eager;crash@rest;eager"
    )
    recording = replay(long.story, long.path)
    assert recording.invariant == "I9", recording.diverged
    short = shrunk(long.story, long.path, "I9")
    assert [replay_ids.kind_of(choice) for choice in short] == [
        "create",
        "lazy",
        "crash",
        "power-cut",
        "lazy",
    ]
    assert replay(long.story, short).invariant == "I9"


def test_no_time_to_shrink_leaves_it_as_it_was(no_fsync: None) -> None:
    path = read(f"{CUT};lazy;crash@boot").path
    assert shrunk(find_story("create"), path, "I9", seconds=-1.0) == path
