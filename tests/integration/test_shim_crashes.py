"""A shim killed at its named points: what is there afterwards, and that what comes next lives."""

import json
import os
import select
import shutil
import time
from collections.abc import Iterator

import pytest

from conman.core.log_records import chunks
from conman.host.log_files import LogFiles
from conman.host.log_watch import LogWatch
from conman.primitives.steps import Absent, Done, Failed, ShimAnswer
from conman.shim.crash_names import known
from tests.integration.one_conmand import await_end
from tests.integration.one_shim import CONTAINER, OneShim, one_shim, read, write

# Nothing of the record; half a temporary file; a whole one; the record itself.
RECORD = {
    "shim/child-ended/before": (),
    "shim/child-ended/during:1": (),
    "shim/oom-read/during:1": (),
    "shim/oom-read/during:2": ("torn",),
    "shim/oom-read/during:3": ("whole",),
    "shim/oom-read/during:4": ("whole",),
    "shim/oom-read/during:5": ("record",),
    "shim/record-written/before": ("record",),
    "shim/complete-log/before": ("record",),
    "shim/log-complete/before": ("record",),
    "shim/send/before@2": ("record",),
}

# The first of it ends the rotation's third file, whatever is read at once.
COUNTS = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); echo $i; done"


@pytest.fixture
def one() -> Iterator[OneShim]:
    with one_shim() as made:
        made.runtime_does(CONTAINER, "exit 7")
        yield made


def armed(monkeypatch: pytest.MonkeyPatch, one: OneShim, points: str) -> None:
    monkeypatch.setenv("CONMAN_SHIM_CRASH_AT", points)
    monkeypatch.setenv("CONMAN_CRASH_DISARM", one.root)


def record_of(one: OneShim) -> tuple[str, ...]:
    folder = os.path.dirname(one.record)
    names = os.listdir(folder) if os.path.isdir(folder) else []
    return tuple(_state(f"{folder}/{name}") for name in names)


def _state(path: str) -> str:
    try:
        assert json.loads(read(path))["code"] == 7
    except ValueError:
        return "torn"
    return "record" if path.endswith("/exit.json") else "whole"


def crashed(one: OneShim, point: str) -> bool:
    """Whether it has had its crash; for a while it may still be on its way there."""
    mark = f"{one.root}/crashed-{point.replace('/', '.')}@1"
    deadline = time.monotonic() + 20
    while not os.path.exists(mark) and time.monotonic() < deadline:
        time.sleep(0.01)
    return os.path.exists(mark)


@pytest.mark.parametrize("point", RECORD)
def test_of_the_record_there_is_what_was_done(
    one: OneShim, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    armed(monkeypatch, one, point)
    one.must_spawn()
    assert one.create().call["init"]
    one.start()
    assert one.call("exit") == Absent()
    assert record_of(one) == RECORD[point]


@pytest.mark.parametrize("point", ["shim/bind/before", "shim/bind/after"])
def test_a_shim_that_does_not_come_up_has_failed(
    one: OneShim, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    armed(monkeypatch, one, point)
    spawned = one.spawn()
    assert isinstance(spawned, Failed)
    assert one.call("hello") == Absent()
    one.must_spawn()  # its successor lives: the point has had its crash
    assert one.ask("hello").call is None


@pytest.mark.parametrize(
    "point",
    ["requested/before", "run-call/before", "run-call/after", "call-ended/before", "send/before"],
)
def test_a_shim_killed_in_create_is_absent_and_its_call_can_be_fenced(
    one: OneShim, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    armed(monkeypatch, one, f"shim/{point}")
    one.must_spawn()
    assert one.call("create", one.task()) == Absent()
    assert os.path.exists(one.lock) == (point not in ("requested/before", "run-call/before"))


def test_each_point_kills_once_in_all_shims_of_one_directory(
    one: OneShim, monkeypatch: pytest.MonkeyPatch
) -> None:
    armed(monkeypatch, one, "shim/send/before@2,shim/send/after")
    one.must_spawn()
    assert isinstance(one.call("hello"), ShimAnswer)
    assert one.call("hello") == Absent()  # killed when it had sent that answer
    one.must_spawn()
    assert isinstance(one.call("hello"), ShimAnswer)
    assert one.call("hello") == Absent()  # killed before it sent its second
    one.must_spawn()
    for _ in range(3):
        assert isinstance(one.call("hello"), ShimAnswer)
    marks = sorted(name for name in os.listdir(one.root) if name.startswith("crashed-"))
    assert marks == ["crashed-shim.send.after@1", "crashed-shim.send.before@2"]


def test_an_unknown_point_is_refused_with_the_nearest(
    one: OneShim, monkeypatch: pytest.MonkeyPatch
) -> None:
    armed(monkeypatch, one, "shim/child-endet/before")
    spawned = one.spawn()
    assert isinstance(spawned, Failed)
    assert "'shim/child-ended/before'" in spawned.text


OFFER = {
    "token": "",
    "exec_id": "",
    "stdin": False,
    "stdout": True,
    "stderr": True,
    "size": None,
    "within_ms": 0,
}


#: Of a runtime that is not there: it ends as soon as it is begun.
EXEC = {
    "id": "e" * 32,
    "argv": ["/nowhere/runtime"],
    "marker": "M=1",
    "state_directory": "",
    "directory": "",
    "boot_id": "",
    "timeout_ms": 1000,
    "stdin": False,
    "tty": False,
    "known": [],
}


def test_a_run_to_its_end_passes_every_point_but_these(
    one: OneShim, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a name would be known that nothing ever reaches."""
    others = {
        *(f"shim/requested/during:{number}" for number in range(1, 6)),  # a record tried again
        *(f"shim/{name}/{when}" for name in ("leave", "time-up") for when in ("before", "after")),
        *(f"shim/end-{what}/{when}" for what in ("call", "exec") for when in ("before", "after")),
        # Below.
        *(f"shim/rotate-log/during:{number}" for number in (1, 2, 3)),
        *(f"shim/{name}" for name in REOPENING),
        # A successor's.
        *(
            f"shim/{name}/{when}"
            for name in ("reopen-output", "output-reopened")
            for when in ("before", "after")
        ),
    }
    for point in sorted(known() - others):
        armed(monkeypatch, one, point)
        spawned = one.spawn()
        if isinstance(spawned, Done) and isinstance(one.call("create", one.task()), ShimAnswer):
            one.call("stream", json.dumps(OFFER))
            one.call("exec", json.dumps({**EXEC, "lock": f"{one.directory}/exec.lock"}))
            one.start()
            one.call("exit")
            one.call("hello")
            one.shims.close()
        assert crashed(one, point), point
        one.kill()
        one.end_call()
        shutil.rmtree(one.directory)


@pytest.mark.parametrize("point", [f"shim/rotate-log/during:{number}@3" for number in (1, 2, 3)])
def test_a_log_is_in_order_whenever_its_rotation_is_cut_short(
    one: OneShim, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    """The successor goes on within the same limits, of which only the dead one was told."""
    one.runtime_does(CONTAINER, COUNTS)
    armed(monkeypatch, one, point)
    one.must_spawn()
    assert one.create(log_bytes=100_000, log_files=3).call["init"]
    ends = [
        os.open(f"{one.directory}/{name}", os.O_RDONLY | os.O_NONBLOCK)
        for name in ("stdout", "stderr")
    ]
    try:
        one.start()
        assert one.call("exit") == Absent()
        one.must_spawn()
        one.ask("succeed", json.dumps({"log": one.log}))
        one.ask("exit")
    finally:
        for end in ends:
            os.close(end)
    numbers = [int(line) for line in kept_lines(one.log)]
    assert numbers[-1] == 20_000
    assert numbers == [*range(numbers[0], 20_001)]
    names = sorted(os.listdir(os.path.dirname(one.log)))
    # runs, log, two that were put aside; one more may have been on its way out, until the next rotation.
    assert len(names) in (4, 5), names


REOPENING = (
    "reopen-log/before",
    "reopen-log/during:1",
    "reopen-log/after",
    "log-reopened/before",
    "log-reopened/after",
)


@pytest.mark.parametrize("point", REOPENING)
def test_a_log_is_whole_whenever_its_reopening_is_cut_short(
    one: OneShim, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    """What was moved away and what has the log's name are together what was written, each byte once."""
    one.runtime_does(CONTAINER, 'echo 1; read _ <"$0/on"; echo 2; read _ <"$0/go"; echo 3')
    # Not twice the same one after the other: the program would be let go by whoever has yet to close it.
    os.mkfifo(f"{one.root}/rt/on")
    armed(monkeypatch, one, f"shim/{point}")
    one.must_spawn()
    first = os.pidfd_open(one.pid())
    assert one.create().call["init"]
    follower = LogFiles(one.log)
    follower.begin(None)
    one.start()
    followed = written(follower, one.log, b"1\n")
    moved = f"{one.log}-moved"
    os.rename(one.log, moved)
    write(f"{one.root}/rt/on", "\n")
    followed += written(follower, one.log, b"2\n")
    assert (one.call("reopen-log") == Absent()) == (point != "log-reopened/after")
    assert crashed(one, f"shim/{point}")
    await_end(first)
    one.must_spawn()
    one.ask("succeed", json.dumps({"log": one.log}))
    assert told_of_log(one) == ""
    assert told_of_log(one) == ""
    one.start()
    one.ask("exit")
    found = [line for path in (moved, one.log) for line in contents(path)]
    assert [each for each in found if not each.startswith(b"conman: ")] == [b"1\n", b"2\n", b"3\n"]
    assert followed + rest(follower) == found
    # Of the moved one nothing but what came before: whoever dies there, nobody writes to it any more.
    assert contents(moved) == [b"1\n", b"2\n"]


def told_of_log(one: OneShim) -> str | None:
    told = one.call("reopen-log")
    assert isinstance(told, ShimAnswer), told
    found: str | None = json.loads(told.body)["log"]
    return found


def written(files: LogFiles, path: str, line: bytes) -> list[bytes]:
    """What comes, up to this line, which somebody is about to write."""
    watch, found = LogWatch(), list[bytes]()
    watch.add(path, lambda: None)
    try:
        while True:
            found += rest(files)
            if line in found:
                return found
            assert select.select([watch], [], [], 20)[0], found
            watch.tell()
    finally:
        watch.close()


def rest(files: LogFiles) -> list[bytes]:
    found: list[bytes] = []
    while (block := files.read()).records:
        assert not block.gap
        found += [chunk.content for chunk in chunks(block.records)]
    return found


def contents(path: str) -> list[bytes]:
    with open(path, "rb") as file:
        return [chunk.content for chunk in chunks(file.read())]


def kept_lines(path: str) -> list[bytes]:
    """What conmand's own reader finds of stdout, after the marker."""
    files, found = LogFiles(path), b""
    files.begin(None)
    while (block := files.read()).records:
        assert not block.gap
        for chunk in chunks(block.records):
            if b"the shim died here" in chunk.content:
                found = b""
            elif chunk.stream == "stdout":
                found += chunk.content
    files.close()
    # Its first line may be the rest of one.
    return found.split(b"\n")[1:-1]
