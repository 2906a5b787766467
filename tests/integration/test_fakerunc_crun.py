"""fakerunc as crun, without crun: a life, its files, and a flavour that there is none of."""

import json
import signal
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.fakerunc_lab import FAKE, Lab, exit_of, lab
from tests.integration.runc_callers import installed


@pytest.fixture
def box() -> Iterator[Lab]:
    place = Path(tempfile.mkdtemp(prefix="fc-", dir="/tmp"))
    with lab(place, (*FAKE, "--flavour", "crun")) as one:
        yield one


def test_a_life(box: Lab) -> None:
    pid = box.created("sh", "-c", "exit 3")
    assert box.files() == ["config.json", "exec.fifo", "status"]
    assert json.loads((box.root / "c1/status").read_text())["pid"] == pid
    modes = [stat.S_IMODE((box.root / "c1" / name).stat().st_mode) for name in box.files()]
    assert modes == [0o700, 0o600, 0o700]
    # A created init is a program in C: it has no handler, and is the first of its pids.
    assert box.call("kill", "c1", "TERM") == (0, "", "")
    assert box.status() == "created"
    assert box.call("start", "c1") == (0, "", "")
    assert exit_of(pid) == 3
    assert box.status() == "stopped"
    assert box.call("kill", "c1", "TERM") == (1, "", "open pidfd: No such process\n")
    assert box.call("delete", "c1") == (0, "", "")
    assert not (box.root / "c1").exists()
    assert box.cgroups() == 0


def test_a_run_an_exec_and_a_pause(box: Lab) -> None:
    box.prepare("sh", "-c", "echo out; exit 5")
    said = box.call("run", "--bundle", str(box.bundle), "c1")
    assert said == (5, "out\n", "")
    pid = box.running("sleep", "100")
    assert box.call("exec", "c1", "sh", "-c", "exit 6").code == 6
    said = box.call("exec", "c1", "nope")
    words = "executable file `nope` not found in $PATH: No such file or directory\n"
    assert said == (255, "", words)
    assert box.call("pause", "c1") == (0, "", "")
    assert box.status() == "paused"
    assert box.call("exec", "c1", "true") == (1, "", "the container `c1` is paused\n")
    assert box.call("delete", "--force", "c1") == (0, "", "")
    assert exit_of(pid) == -signal.SIGKILL


def test_a_create_that_fails_leaves_nothing(box: Lab) -> None:
    box.prepare("/bin")
    assert box.create() == (1, "", "open executable: Operation not permitted\n")
    box.prepare("nope")
    log = box.place / "log"
    globals_ = ("--log", str(log), "--log-format", "json")
    said = box.call("create", "--bundle", str(box.bundle), "c1", globals_=globals_)
    assert said.code == 1
    told = json.loads(log.read_text())
    assert (told["level"], f"{told['msg']}\n") == ("error", said.err)
    assert box.files() == []
    assert box.members() == []


def test_a_relative_log_is_kept_in_the_bundle_by_who_takes_one(box: Lab) -> None:
    """Only create and run open it after they have gone there."""
    box.prepare("nope")
    full = ("--log", "/dev/full")
    assert box.call("state", "nope", globals_=full).code == 1
    said = box.call("create", "--bundle", str(box.bundle), "c1", globals_=("--log", "log"))
    assert (box.bundle / "log").read_text() == said.err


def test_faults_are_met_at_the_same_steps(box: Lab) -> None:
    box.prepare("sleep", "100")
    said = box.create(FAKERUNC_FAULTS="create@rename-state=kill")
    assert said.code == -signal.SIGKILL
    assert box.files() == ["config.json", "exec.fifo", "status.tmp"]
    assert box.call("delete", "c1") == (0, "", "")


def test_a_flavour_that_there_is_none_of_ends_the_call_before_anything_is_done(box: Lab) -> None:
    box.prepare("sleep", "100")
    box.runtime = (*FAKE, "--flavour", "youki")
    said = box.create()
    assert said.code == 1
    assert "--flavour: no flavour is called 'youki'; there are runc, crun" in said.err
    box.runtime = FAKE
    said = box.create(FAKERUNC_FLAVOUR="youki")
    assert "FAKERUNC_FLAVOUR: no flavour is called 'youki'" in said.err
    program = installed(box.place)
    settings = box.place / "bin/fakerunc.conf"
    settings.write_text("flavour = youki\n")
    box.runtime = (sys.executable, program)
    assert f"{settings}, line 1: flavour: no flavour is called 'youki'" in box.create().err
    assert not box.root.exists()
    settings.write_text("flavour = crun\n")
    assert box.create() == (0, "", "")
    assert "status" in box.files()


def test_an_exec_misses_its_container_before_its_file(box: Lab) -> None:
    said = box.call("exec", "--process", "/nope", "c1")
    status = f"{box.root}/c1/status"
    assert said == (1, "", f"error opening file `{status}`: No such file or directory\n")
    box.running("sleep", "100")
    said = box.call("exec", "--process", "/nope", "c1")
    assert said == (1, "", "error opening file `/nope`: No such file or directory\n")


def test_a_bundle_that_cannot_be_had(box: Lab) -> None:
    mounts = [{"destination": "/x", "source": "/nonexist", "options": ["bind"]}]
    box.prepare("sleep", "100", mounts=mounts)
    assert box.create() == (1, "", "error stat'ing file `/nonexist`: No such file or directory\n")
    box.prepare("sleep", "100", linux={"namespaces": [{"type": "foo"}]})
    assert box.create() == (1, "", "invalid namespace type: `foo`\n")
    process = {"args": ["sleep", "9"], "env": ["PATH=/bin"], "cwd": "/", "rlimits": [{"type": "X"}]}
    box.prepare(process=process)
    assert box.create() == (1, "", "invalid rlimit `X`\n")
    assert box.files() == []
    assert box.members() == []
