"""conmand as a process, over fakerunc and over the real runc: what it keeps when it is killed, and says."""

import json
import os
import signal
from collections.abc import Iterator

import pytest

from conman.engine.recorder import replay
from tests.integration.one_conmand import RUNTIMES, Conmand, await_end, bearers, serving

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(params=RUNTIMES)
def conmand(request: pytest.FixtureRequest) -> Iterator[Conmand]:
    yield from serving(request.param)


def test_the_transcript(conmand: Conmand) -> None:
    container_id = conmand.create("cont1", "/bin/sleep", "100")
    made = conmand.status(container_id)
    assert (made["state"], made["startedAt"], made["finishedAt"]) == ("CREATED", "0", "0")
    assert conmand.ctl("start", container_id).json == {}
    running = conmand.status(container_id)
    assert running["state"] == "RUNNING"
    # Its start is believed by what it took away; nobody had to stop the program to see that it runs.
    assert "StopInit" not in conmand.record.read_text()
    assert int(running["startedAt"]) > int(running["createdAt"]) == int(made["createdAt"])
    conmand.kill()
    conmand.start()
    assert conmand.status(container_id) == running
    [listed] = conmand.ctl("list").json["containers"]
    assert listed == {
        "id": container_id,
        "name": "cont1",
        "createdAt": made["createdAt"],
        "state": "RUNNING",
    }
    os.kill(running["pid"], 0)
    assert conmand.ctl("stop", "--timeout", "0", "cont1").json == {}
    ended = conmand.status(container_id)
    assert (ended["state"], ended["exitCode"]) == ("EXITED", 137)
    assert conmand.ctl("remove", "cont1").json == {}
    assert conmand.states() == {}
    assert conmand.leftovers() == []
    conmand.kill()
    assert replay(str(conmand.record)) == []
    conmand.start()


def test_an_exit_while_nobody_looks(conmand: Conmand) -> None:
    conmand.create("seven", "/bin/sh", "-c", "sleep 4; exit 7")
    assert conmand.ctl("start", "seven").code == 0
    handle = os.pidfd_open(conmand.status("seven")["pid"])
    conmand.kill()
    await_end(handle)
    conmand.start()
    ended = conmand.status("seven")
    assert (ended["state"], ended["exitCode"], ended["reason"]) == ("EXITED", 7, "Error")
    assert int(ended["finishedAt"]) > int(ended["startedAt"])


def test_killed_from_outside(conmand: Conmand) -> None:
    conmand.create("victim", "/bin/sleep", "100")
    assert conmand.ctl("start", "victim").code == 0
    os.kill(conmand.status("victim")["pid"], signal.SIGKILL)
    waited = conmand.ctl("wait", "victim").json["status"]
    assert (waited["state"], waited["exitCode"]) == ("EXITED", 137)


def test_an_exit_is_observed_by_itself(conmand: Conmand) -> None:
    conmand.create("short", "/bin/sh", "-c", "exit 3")
    assert conmand.ctl("start", "short").code == 0
    assert conmand.ctl("wait", "short").json["status"]["exitCode"] == 3
    assert conmand.ctl("start", "short").code == 0
    again = conmand.ctl("wait", "short").json["status"]
    assert (again["exitCode"], again["run"]) == (3, 2)


def test_a_created_container_is_startable_after_a_restart(conmand: Conmand) -> None:
    conmand.create("later", "/bin/sleep", "100")
    conmand.kill()
    conmand.start()
    assert conmand.states() == {"later": "CREATED"}
    assert conmand.ctl("start", "later").code == 0
    assert conmand.states() == {"later": "RUNNING"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda n: n.name)
def test_a_signal_ends_the_daemon_and_no_container(conmand: Conmand, number: int) -> None:
    conmand.create("on", "/bin/sleep", "100")
    assert conmand.ctl("start", "on").code == 0
    pid = conmand.status("on")["pid"]
    assert conmand.terminate(number) == 0
    assert not (conmand.run / "conmand.sock").exists()
    os.kill(pid, 0)
    conmand.start()
    assert conmand.states() == {"on": "RUNNING"}


@pytest.mark.parametrize(
    ("point", "state"),
    [
        ("create-container/PrepareBundle/during:9", None),
        ("create-container/SpawnShim/after", None),
        ("create-container/RuntimeCreate/after", None),
        ("create-container/CommitCreated/after", "CREATED"),
        ("start-container/RecordIntent/after", "CREATED"),
        ("start-container/RuntimeStart/after", "RUNNING"),
        ("start-container/CommitRunning/after", "RUNNING"),
    ],
)
def test_killed_at_a_point(conmand: Conmand, point: str, state: str | None) -> None:
    conmand.dies_at(point, state)
    conmand.kill()
    assert replay(str(conmand.record)) == []
    conmand.start()


@pytest.mark.parametrize(
    "point", ["create-container/RuntimeCreate/after", "create-container/CommitCreated/after"]
)
def test_a_client_that_is_patient_notices_nothing(conmand: Conmand, point: str) -> None:
    """Its retry, with the same request id, is made anew or answered from the record: one container."""
    conmand.terminate()
    conmand.start(CONMAN_CRASH_AT=point)
    asking = conmand.begin_ctl("create", "--rootfs", str(conmand.rootfs), "c", "--", "/bin/true")
    assert conmand.died() == -signal.SIGKILL
    conmand.start()
    out, error = asking.communicate(timeout=60)
    assert asking.returncode == 0, error
    [listed] = conmand.ctl("list").json["containers"]
    assert listed["id"] == json.loads(out)["containerId"]


def test_a_wait_outlives_daemons(conmand: Conmand) -> None:
    conmand.create("c", "/bin/sleep", "100")
    assert conmand.ctl("start", "c").code == 0
    waiting = conmand.begin_ctl("wait", "c")
    assert conmand.terminate() == 0
    conmand.start()
    conmand.kill()
    conmand.start()
    assert conmand.ctl("stop", "--timeout", "0", "c").code == 0
    out, error = waiting.communicate(timeout=60)
    assert waiting.returncode == 0, error
    assert json.loads(out)["status"]["exitCode"] == 137


def test_a_power_cut_in_the_middle_of_a_stop(conmand: Conmand) -> None:
    """Acted out: all processes gone, and another boot. Nobody waits for the old boot's deadline."""
    boot = conmand.top / "boot"
    boot.write_text("first\n")
    conmand.terminate()
    conmand.environ["CONMAN_BOOT_ID_FILE"] = str(boot)
    conmand.start()
    conmand.create("c", "/bin/sleep", "100")
    assert conmand.ctl("start", "c").code == 0
    conmand.terminate()
    conmand.start(CONMAN_CRASH_AT="stop-container/SignalInit/before")
    words = ("--connect-timeout", "0.1", "--timeout", "86400", "c")
    assert conmand.ctl("stop", *words).code == 1
    assert conmand.died() == -signal.SIGKILL
    for pid in bearers(conmand.instance):
        handle = os.pidfd_open(pid)
        os.kill(pid, signal.SIGKILL)
        await_end(handle)
    boot.write_text("second\n")
    conmand.start()
    assert conmand.states() == {"c": "EXITED"}
