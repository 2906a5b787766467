"""The annotation fakerunc.exit: ends, children and deafness on order."""

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakerunc.exit_script import BadScript, ExitScript, parse
from tests.integration.fakerunc_lab import Lab, exit_of, lab, wait_gone


@pytest.fixture
def box() -> Iterator[Lab]:
    with lab(Path(tempfile.mkdtemp(prefix="fr-", dir="/tmp"))) as one:
        yield one


def running(box: Lab, script: str, *args: str) -> int:
    return box.running(*(args or ("sleep", "100")), annotations={"fakerunc.exit": script})


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("after:100ms,code:3", ExitScript(0.1, 3)),
        ("code:3", ExitScript(0, 3)),
        ("after:1s, signal:SEGV", ExitScript(1, 0, 11)),
        ("oom", ExitScript(0, 0, 9, oom=True)),
        ("fork:3", ExitScript(children=3)),
        ("ignore:TERM,ignore:SIGINT", ExitScript(ignored=(15, 2))),
    ],
)
def test_what_is_understood(text: str, script: ExitScript) -> None:
    assert parse(text) == script


@pytest.mark.parametrize(
    "word", ["", "later", "after:x", "after:-1s", "code:256", "fork:x", "signal:X", "oom:1"]
)
def test_what_is_not(word: str) -> None:
    with pytest.raises(BadScript) as problem:
        parse(f"code:1,{word}")
    assert f"fakerunc.exit: {word!r} says nothing; there are after:TIME" in str(problem.value)


def test_what_is_not_understood_ends_create(box: Lab) -> None:
    box.prepare("true", annotations={"fakerunc.exit": "later"})
    assert "runc create failed: fakerunc.exit: 'later' says nothing" in box.create().err
    assert list(box.root.glob("*")) == []


@pytest.mark.parametrize(
    ("script", "end"),
    [("after:10ms,code:3", 3), ("signal:SEGV", -11), ("signal:KILL", -9), ("after:0", 0)],
)
def test_it_ends_as_it_is_told(script: str, end: int, box: Lab) -> None:
    assert exit_of(running(box, script)) == end
    assert box.status() == "stopped"


def test_an_oom_is_told_of(box: Lab) -> None:
    box.created("sleep", "100", annotations={"fakerunc.exit": "after:2s,oom"})
    argv = [*box.runtime, "--root", str(box.root), "events", "--interval", "1h", "c1"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as call:
        assert box.call("start", "c1").code == 0
        assert call.stdout
        assert json.loads(call.stdout.readline()) == {"type": "oom", "id": "c1"}
        assert exit_of(box.pid()) == -signal.SIGKILL
        assert box.call("delete", "c1").code == 0
        assert call.wait(20) == 0


def test_children_end_with_it(box: Lab) -> None:
    pid = running(box, "fork:3")
    while len(box.members()) < 4:
        os.sched_yield()
    others = [one for one in box.members() if one != pid]
    assert box.call("kill", "c1", "TERM").code == 0
    assert exit_of(pid) == 0
    for other in others:
        wait_gone(other)


def test_it_is_deaf_to_what_it_ignores(box: Lab) -> None:
    pid = running(box, "ignore:TERM,fork:1")
    while len(box.members()) < 2:
        os.sched_yield()
    assert box.call("kill", "c1", "TERM").code == 0
    assert box.status() == "running"
    assert box.call("kill", "c1", "INT").code == 0
    assert exit_of(pid) == 0
