"""Restart policies on a real host, over fakerunc and over the real runc, with conmand killed in between.

Waited for is what the events tell, which a client goes on to read through any number of daemons.
"""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from scenarios.stages.daemon import BIN
from tests.integration.one_conmand import RUNTIMES, Conmand, await_end, serving

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(params=RUNTIMES)
def conmand(request: pytest.FixtureRequest) -> Iterator[Conmand]:
    yield from serving(request.param)


@contextmanager
def told(conmand: Conmand) -> Iterator[Iterator[dict[str, Any]]]:
    """All events from the first on, as they come."""
    words = ["--address", f"{conmand.run}/conmand.sock", "events", "--after", "0", "-o", "json"]
    with subprocess.Popen([f"{BIN}/conmanctl", *words], stdout=subprocess.PIPE) as reader:
        assert reader.stdout is not None
        yield (json.loads(line) for line in reader.stdout)
        reader.kill()


def create(conmand: Conmand, policy: str, *command: str) -> None:
    words = ("--rootfs", str(conmand.rootfs), "--restart", policy, "web", "--", *command)
    made = conmand.ctl("create", *words)
    assert made.code == 0, made.error


def await_kind(events: Iterator[dict[str, Any]], kind: str, run: int) -> None:
    for event in events:
        if (event["kind"], event["run"]) == (kind, run):
            return


def again(conmand: Conmand) -> None:
    conmand.kill()
    conmand.start()


def test_failures_are_counted_right_with_conmand_killed_after_each(conmand: Conmand) -> None:
    create(conmand, "on-failure:3", "/bin/sh", "-c", "exit 7")
    with told(conmand) as events:
        assert conmand.ctl("start", "web").code == 0
        seen: list[tuple[str, int]] = []
        for event in events:
            seen.append((event["kind"], event["run"]))
            if event["kind"] == "exited":
                again(conmand)
            if seen[-1] == ("exited", 4):
                break
    restarts = [(kind, run) for run in (2, 3, 4) for kind in ("started", "restarted", "exited")]
    assert seen == [("created", 1), ("started", 1), ("exited", 1), *restarts]
    status = conmand.status("web")
    assert (status["state"], status["exitCode"], status["restartCount"]) == ("EXITED", 7, 3)
    assert (status["run"], status["nextRestartAt"]) == (4, "0")
    policy = {"name": "on-failure", "maximumRetryCount": 3}
    assert status["restartPolicy"] == policy
    [kept] = (conmand.data / "containers" / status["containerId"] / "runs").iterdir()
    assert kept.name == "4"


def test_who_is_killed_while_no_conmand_lives_runs_again(conmand: Conmand) -> None:
    create(conmand, "always", "/bin/sleep", "100000")
    assert conmand.ctl("start", "web").code == 0
    pid = int(conmand.status("web")["pid"])
    conmand.kill()
    handle = os.pidfd_open(pid)
    signal.pidfd_send_signal(handle, signal.SIGKILL)
    await_end(handle)
    conmand.start()
    with told(conmand) as events:
        await_kind(events, "restarted", 2)
    status = conmand.status("web")
    assert (status["state"], status["restartCount"]) == ("RUNNING", 1)


@pytest.mark.parametrize("words", [("stop", "--timeout", "0"), ("kill",)])
def test_what_is_stopped_stays_so(conmand: Conmand, words: tuple[str, ...]) -> None:
    create(conmand, "always", "/bin/sleep", "100000")
    assert conmand.ctl("start", "web").code == 0
    assert conmand.ctl(*words, "web").code == 0
    assert conmand.ctl("wait", "web").code == 0
    again(conmand)
    status = conmand.status("web")
    assert (status["state"], status["nextRestartAt"], status["run"]) == ("EXITED", "0", 1)


def create_to_go(conmand: Conmand, *command: str) -> str:
    words = ("--rootfs", str(conmand.rootfs), "--rm", "web", "--", *command)
    return str(conmand.ctl("create", *words).json["containerId"])


def test_what_is_to_go_goes_and_how_it_ended_is_told_afterwards(conmand: Conmand) -> None:
    container_id = create_to_go(conmand, "/bin/sh", "-c", "exit 7")
    waiting = conmand.begin_ctl("wait", "--condition", "removed", container_id)
    assert conmand.ctl("start", "web").code == 0
    out, _ = waiting.communicate()
    assert json.loads(out)["status"]["exitCode"] == 7
    again(conmand)
    assert conmand.states() == {}
    assert conmand.ctl("wait", container_id).json["status"]["exitCode"] == 7
    assert conmand.ctl("wait", "web").code == 1


def test_what_ends_while_no_conmand_lives_goes_too(conmand: Conmand) -> None:
    container_id = create_to_go(conmand, "/bin/sleep", "100000")
    assert conmand.ctl("start", "web").code == 0
    handle = os.pidfd_open(int(conmand.status("web")["pid"]))
    conmand.kill()
    signal.pidfd_send_signal(handle, signal.SIGKILL)
    await_end(handle)
    conmand.start()
    told = conmand.ctl("wait", "--condition", "removed", container_id)
    assert told.json["status"]["exitCode"] == 137
    assert conmand.states() == {}


def test_what_goes_is_never_restarted(conmand: Conmand) -> None:
    create_to_go(conmand, "/bin/sleep", "100000")
    refused = conmand.ctl("update", "--restart", "always", "web")
    assert refused.code == 1
    assert "container web is removed when it ends, so it is never restarted" in refused.error


def test_a_policy_is_taken_back_while_it_waits(conmand: Conmand) -> None:
    create(conmand, "always", "/bin/sh", "-c", "exit 7")
    with told(conmand) as events:
        assert conmand.ctl("start", "web").code == 0
        # By then it waits for seconds.
        await_kind(events, "exited", 6)
    assert conmand.status("web")["nextRestartAt"] != "0"
    assert conmand.ctl("update", "--restart", "no", "web").code == 0
    status = conmand.status("web")
    assert (status["state"], status["nextRestartAt"], status["run"]) == ("EXITED", "0", 6)
    assert "restartPolicy" not in status
