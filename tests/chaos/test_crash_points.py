"""The real conmand, killed at points of every saga that a client asks for, and its shim likewise.

Which points those are is recorded from a run without a crash. For each: conmand dies there, the next one
recovers, the client (which noticed nothing) has its answer, the list is what the host's census has, and
one `remove --force` leaves nothing. Of each effect one instant: before, in its midst, after in turn, over runc
another than over fakerunc; with CONMAN_CHAOS=full every point.
One point alone: CONMAN_CHAOS_POINT=NAME. Each failure prints its command.
"""

import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from conman.engine.recorder import replay
from conman.shim.crash_names import known
from scenarios.stages.census import Thing, census, daemons
from scenarios.stages.clearing import clear
from scenarios.stages.daemon import BIN, PATIENCE_S
from scenarios.stages.recorded import lives, passed
from tests.integration.one_conmand import Conmand, await_end
from tests.integration.stream_client import open_stream

FULL = os.environ.get("CONMAN_CHAOS") == "full"
ONLY = os.environ.get("CONMAN_CHAOS_POINT", "")
RUNTIMES = ["fakerunc", pytest.param("runc", marks=pytest.mark.runc)]

pytestmark = pytest.mark.timeout(600)


@dataclass(frozen=True, slots=True)
class Story:
    """`asked` is what a conmand dies of. `state`: of the container afterwards; "": there is none."""

    asked: tuple[str, ...]
    state: str
    before: tuple[tuple[str, ...], ...] = ()


CREATE = ("create", "--rootfs", "ROOTFS", "c", "--", "/bin/sleep", "1000")
START = ("start", "c")
STOP = ("stop", "--timeout", "0", "c")
REMOVE = ("remove", "--force", "c")
PAUSE = ("pause", "c")
UPDATE = ("update", "--memory", "64m", "--cpus", "0.5", "--pids-limit", "50", "c")
STORIES = {
    "create": Story(CREATE, "CREATED"),
    "start": Story(START, "RUNNING", (CREATE,)),
    "pause": Story(PAUSE, "PAUSED", (CREATE, START)),
    "unpause": Story(("unpause", "c"), "RUNNING", (CREATE, START, PAUSE)),
    "update": Story(UPDATE, "RUNNING", (CREATE, START)),
    "rename": Story(("rename", "c", "d"), "RUNNING", (CREATE, START)),
    "stop": Story(STOP, "EXITED", (CREATE, START)),
    "remove": Story(REMOVE, "", (CREATE, START)),
}
if FULL:
    STORIES["start-again"] = Story(START, "RUNNING", (CREATE, START, STOP))
    STORIES["stop-paused"] = Story(STOP, "EXITED", (CREATE, START, PAUSE))


class Stage(Conmand):
    """A conmand in a scratch directory of its own, and the census of its host."""

    def do(self, *words: str) -> None:
        said = self.ctl(*self.spelled(words))
        assert said.code == 0, f"{words}: {said.error}"

    def ask(self, *words: str) -> "subprocess.Popen[str]":
        """By a client that waits for the next conmand."""
        name, *rest = self.spelled(words)
        return self.begin_ctl(name, "--connect-timeout", str(PATIENCE_S), *rest)

    def spelled(self, words: tuple[str, ...]) -> list[str]:
        return [str(self.rootfs) if word == "ROOTFS" else word for word in words]

    def dies(self, asking: "subprocess.Popen[str]") -> None:
        """Wait for conmand's end, which comes before the client's."""
        assert self.process is not None
        ended = first_to_end(self.process.pid, asking.pid)
        assert ended == self.process.pid, f"never reached: {asking.communicate()}"
        assert self.died() == -signal.SIGKILL

    def report(self) -> str:
        """What there is to say after a failure."""
        try:
            things = [str(thing) for thing in census(self.place)]
        except OSError as error:
            things = [f"no census: {error}"]
        return "\n".join(["census:", *things, "conmand's stderr:", self.errors.read_text()[-6000:]])

    def leave(self) -> None:
        """Whatever happened, nothing of it stays."""
        if self.process is not None:
            self.kill()
        clear(self)
        shutil.rmtree(self.top)


@contextmanager
def stage(runtime: str, repeat: str = "") -> Iterator[Stage]:
    """Failures inside are told with the census, the logs, and the command that repeats them."""
    it = Stage(Path(tempfile.mkdtemp(prefix="cm", dir="/tmp")), "--runtime", runtime)
    try:
        yield it
    except Exception as error:
        raise AssertionError(f"{error!r}\n{it.report()}\nrepeat it: {repeat}") from error
    finally:
        it.leave()


def first_to_end(*pids: int) -> int:
    """Which of these children of ours ends first, whichever is named first of several."""
    handles = [os.pidfd_open(pid) for pid in pids]
    try:
        poll = select.poll()
        for handle in handles:
            poll.register(handle, select.POLLIN)
        ended = {handle for handle, _ in poll.poll(PATIENCE_S * 1000)}
    finally:
        for handle in handles:
            os.close(handle)
    return next((pid for pid, handle in zip(pids, handles, strict=True) if handle in ended), 0)


def command(request: pytest.FixtureRequest, point: str) -> str:
    chaos = "CONMAN_CHAOS=full " if FULL else ""
    return f"{chaos}CONMAN_CHAOS_POINT={point} .venv/bin/python -m pytest '{request.node.nodeid}'"


# ---- which points there are ----------------------------------------------------------------------


def points(runtime: str, story: Story) -> list[str]:
    """NAME@n of every point that the request passes, in order, from a run without a crash."""
    with stage(runtime, "it needs no crash") as it:
        it.start()
        for words in story.before:
            it.do(*words)
        done = len(so_far(it))
        it.do(*story.asked)
        it.kill()
        saga = f"{story.asked[0]}-container/"
        return [point for point in so_far(it)[done:] if point.startswith(saga)]


def so_far(it: Stage) -> list[str]:
    """What its daemon has passed, from its first instant on."""
    [life] = lives(it.record)
    return passed(life)


def selected(runtime: str, all_points: list[str]) -> list[str]:
    """Of each effect one instant, in turn; over runc another one."""
    if ONLY:
        return [point for point in all_points if ONLY in (point, point.rpartition("@")[0])]
    if FULL:
        return all_points
    effects = [list(its) for _, its in groupby(all_points, lambda point: point.rpartition("/")[0])]
    first = 0 if runtime == "fakerunc" else 1
    instants = [(its[0], its[len(its) // 2], its[-1]) for its in effects]
    return [three[number % 3] for number, three in enumerate(instants, first)]


# ---- what must hold ------------------------------------------------------------------------------


def must_agree(it: Stage, state: str) -> None:
    """The list has this one container, or none, and the host has just that."""
    listed = it.ctl("list").json["containers"]
    assert [each["state"] for each in listed] == ([state] if state else [])
    found = census(it.place)
    if not listed:
        assert found == []
        return
    status = it.status(listed[0]["id"])
    container_id, one_run = status["containerId"], f"{status['containerId']}-{status['run']}"
    assert {thing.owner for thing in found} <= {container_id, one_run}
    kinds = Counter(thing.kind for thing in found)
    alive = 0 if state == "EXITED" else 1
    assert (kinds["containers"], kinds["trash"]) == (1, 0)
    assert (kinds["shims"], kinds["shim"], kinds["runtime"]) == (alive, alive, alive)
    if state in {"RUNNING", "PAUSED"}:
        # A start of runc's may be answered before its program bears its mark; its cgroup it is in.
        mine = {Thing(kind, one_run, str(status["pid"])) for kind in ("run", "member")}
        assert mine & {*found}
    elif state == "EXITED":
        assert kinds.total() == 1


def must_end(it: Stage) -> None:
    """What is there can be removed at the first try, and then there is nothing."""
    for each in it.ctl("list").json["containers"]:
        gone = it.ctl("remove", "--force", each["id"])
        assert (gone.code, gone.error) == (0, "")
    assert it.states() == {}
    assert census(it.place) == []
    assert it.terminate() == 0
    assert daemons(it.place) == []
    assert replay(str(it.record)) == []


def strike(it: Stage, story: Story, **armed: str) -> None:
    """Conmand dies of `asked`; the next one must have the client's answer and a host in order."""
    it.start(**armed)
    for words in story.before:
        it.do(*words)
    asking = it.ask(*story.asked)
    try:
        it.dies(asking)
        it.start(**armed)  # a marker file has disarmed it
    finally:
        if it.process is None:
            asking.kill()
        out, error = asking.communicate(timeout=PATIENCE_S)
    assert asking.returncode == 0, f"{out}{error}"
    must_agree(it, story.state)
    if story.state == "CREATED":
        it.do(*START)
        must_agree(it, "RUNNING")
    must_end(it)


@pytest.mark.parametrize("name", STORIES)
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_killed_at_points_of_every_saga(
    request: pytest.FixtureRequest, subtests: pytest.Subtests, runtime: str, name: str
) -> None:
    story = STORIES[name]
    chosen = selected(runtime, points(runtime, story))
    assert chosen, "no such point is passed"
    for point in chosen:
        with subtests.test(point), stage(runtime, command(request, point)) as it:
            strike(it, story, CONMAN_CRASH_AT=point)


# ---- in the middle of a runtime call -------------------------------------------------------------

#: What a runtime does that ends conmand while it works, and is then held up, or goes on.
CALLS = {
    "held-before": "{end}; exec sleep 1000",
    "goes-on": '{end}; exec {runtime} "$@"',
    "held-after": '{runtime} "$@"; {end}; exec sleep 1000',
}


def deadly(it: Stage, runtime: str, op: str, how: str) -> str:
    """A runtime of that name which does this at its first `op`."""
    real = f"{BIN}/fakerunc" if runtime == "fakerunc" else shutil.which(runtime)
    end = f'kill -KILL "$(cat {it.data}/lock)"'
    strikes = CALLS[how].format(end=end, runtime=real)
    script = it.top / runtime
    script.write_text(
        f"#!/bin/sh\n"
        f'for word; do\n  if [ "$word" = {op} ] && mkdir {it.top}/struck 2>/dev/null; then\n'
        f'    {strikes}\n  fi\ndone\nexec {real} "$@"\n'
    )
    script.chmod(0o755)
    return str(script)


@pytest.mark.parametrize("how", CALLS)
@pytest.mark.parametrize("op", ["create", "start"])
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_killed_while_the_runtime_works(
    request: pytest.FixtureRequest, runtime: str, op: str, how: str
) -> None:
    with stage(runtime, command(request, "")) as it:
        it.options = ("--runtime", deadly(it, runtime, op, how))
        strike(it, STORIES[op])


# ---- the shim ------------------------------------------------------------------------------------

#: What is done only for an exec: `test_exec_shims.py`.
OF_EXECS = sorted(point for point in known() if "exec" in point)
#: No shim that is created, started and ended comes here: a late request, nobody's, a second daemon's; a log
#: that is as short as this one, or that was moved away with a word in it (`test_log_lives.py` dies at these).
NOT_PASSED = {
    *(f"shim/requested/during:{number}" for number in range(1, 6)),
    *(f"shim/{name}/{when}" for name in ("leave", "time-up") for when in ("before", "after")),
    *(f"shim/end-call/{when}" for when in ("before", "after")),
    *OF_EXECS,
    *(f"shim/rotate-log/during:{number}" for number in (1, 2, 3)),
    "shim/reopen-log/during:1",
}
#: What only a successor does: for it the first shim must die.
SUCCESSOR_S = ("/reopen-output/", "/output-reopened/")
#: What is done only for somebody who has moved a log away.
REOPENING_S = ("/reopen-log/", "/log-reopened/")
#: What is done only for somebody who wants to read along.
STREAM_S = ("/offer-stream/", "/stream-offered/")
SEVEN = ("create", "--rootfs", "ROOTFS", "c", "--", "/bin/sh", "-c", "exit 7")


def live_and_end(it: Stage, point: str, armed: dict[str, str]) -> None:
    """A container's whole life; the exit that is told is the program's, or said to be unknown.

    Of conmand two lives where the point needs its end, of the shim two where it is a successor's.
    """
    asked = it.ctl(*it.spelled(SEVEN))
    if asked.code != 0:
        # An honest refusal: nothing of it is there, and it can be asked again.
        must_agree(it, "")
        it.do(*SEVEN)
    must_agree_without_shim(it)
    if "/disconnected/" in point:
        it.kill()
        it.start(**armed)
        must_agree_without_shim(it)
    if any(name in point for name in SUCCESSOR_S):
        end_shim(it)
    if any(name in point for name in STREAM_S):
        # Whoever asks again is let in by a successor.
        open_stream(it, "c")
    if any(name in point for name in REOPENING_S):
        [log] = it.data.glob("containers/*/log")
        log.rename(f"{log}-moved")
        it.do("reopen-log", "c")
    it.do(*START)
    ended: dict[str, Any] = it.ctl("wait", "c").json["status"]
    assert ended["state"] == "EXITED"
    assert (ended["exitCode"], ended["reason"]) in {(7, "Error"), (255, "Unknown")}
    must_agree(it, "EXITED")


def end_shim(it: Stage) -> None:
    """Kill the one that there is."""
    [file] = it.run.glob("shims/*/shim.pid")
    handle = os.pidfd_open(json.loads(file.read_text())["pid"])
    signal.pidfd_send_signal(handle, signal.SIGKILL)
    await_end(handle)


def must_agree_without_shim(it: Stage) -> None:
    """As `must_agree` of a CREATED container, whose shim may be dead."""
    status = it.status("c")
    assert status["state"] == "CREATED"
    owners = {status["containerId"], f"{status['containerId']}-{status['run']}"}
    assert {thing.owner for thing in census(it.place)} <= owners


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_shim_killed_at_points_of_all_that_it_does(
    request: pytest.FixtureRequest, subtests: pytest.Subtests, runtime: str
) -> None:
    for point in selected(runtime, sorted(known() - NOT_PASSED)):
        with subtests.test(point), stage(runtime, command(request, point)) as it:
            armed = {"CONMAN_SHIM_CRASH_AT": point, "CONMAN_CRASH_DISARM": str(it.top)}
            it.start(**armed)
            live_and_end(it, point, armed)
            must_end(it)
            mark = f"crashed-{point.replace('/', '.')}@1"
            assert (it.top / mark).exists(), "never reached"
