"""A create, start or delete that is killed before each of its steps: what is there, what comes next.

The half-states are those measured on runc 1.1.5; the cgroups that leak do leak there too.
"""

import os
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakerunc.bundle import read
from fakerunc.commands import Failed, release
from fakerunc.creation import READING, Creation, HostRefused, Order
from fakerunc.inherited import Inherited
from fakerunc.model import (
    ALREADY_RUNNING,
    NOTHING_THERE,
    Create,
    Step,
    StepKind,
    plan,
    undo_of_create,
)
from fakerunc.process import start_time
from fakerunc.state import StateDirectory
from tests.integration.fakerunc_lab import Lab, exit_of, lab

HIERARCHIES = 4
KILLED = -9
EXISTS = "container with given ID already exists"

# Killed before this step: files in the state directory (None: no such directory), cgroups made.
HALVES: dict[str, tuple[list[str] | None, int]] = {
    "make-directory": (None, 0),
    "make-fifo": ([], 0),
    "make-cgroup": (["exec.fifo"], 0),
    "make-cgroup#2": (["exec.fifo"], 1),
    "make-cgroup#4": (["exec.fifo"], 3),
    "spawn-init": (["exec.fifo"], 4),
    "write-state": (["exec.fifo"], 4),
    "rename-state": (["exec.fifo", "state-N"], 4),
    "write-pid-file": (["exec.fifo", "state.json"], 4),
    "rename-pid-file": (["exec.fifo", "state.json"], 4),
    "answer": (["exec.fifo", "state.json"], 4),
}
RECORDED = ("write-pid-file", "rename-pid-file", "answer")


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    # Reading a bundle changes the working directory: put back afterwards.
    monkeypatch.chdir("/")
    with lab(Path(tempfile.mkdtemp(prefix="fr-", dir="/tmp"))) as one:
        one.env = {"FAKERUNC_HIERARCHIES": str(HIERARCHIES)}
        one.prepare("sleep", "100")
        yield one


def test_every_step_of_create_has_its_half_state() -> None:
    steps = [step.name for step in plan(Create("c1"), NOTHING_THERE).steps]
    assert [*steps, "answer"] == [step for step in HALVES if "#" not in step]


@pytest.mark.parametrize("step", HALVES)
def test_create_killed_before(step: str, box: Lab) -> None:
    files, made = HALVES[step]
    assert box.create(FAKERUNC_FAULTS=f"create@{step}=kill").code == KILLED
    assert (box.root / "c1").exists() is (files is not None)
    assert box.files() == (files or [])
    assert box.cgroups() == made
    assert box.pid_file.exists() is (step == "answer")
    assert (box.place / ".init.pid").exists() is (step == "rename-pid-file")
    # Without a record no init outlives its create: nobody could find it.
    inits = box.members()
    if step not in RECORDED:
        for pid in inits:
            assert exit_of(pid) == 1
        assert box.members() == []
        check_unrecorded(box, files, made)
    else:
        check_recorded(box, inits)


def check_unrecorded(box: Lab, files: list[str] | None, made: int) -> None:
    assert "container does not exist" in box.call("state", "c1").err
    warning = "load container c1: container does not exist\n" if files is not None else ""
    assert box.call("list", "--format", "json") == (0, "null\n", warning)
    if files is not None:
        assert EXISTS in box.create().err
    assert box.call("delete", "--force", "c1") == (0, "", "")
    assert not (box.root / "c1").exists()
    assert box.cgroups() == made


def check_recorded(box: Lab, inits: list[int]) -> None:
    assert box.status() == "created"
    assert EXISTS in box.create().err
    assert box.call("delete", "--force", "c1") == (0, "", "")
    (init,) = inits
    assert exit_of(init) == KILLED
    assert list(box.root.iterdir()) == []


def test_a_pid_file_half_written_is_in_the_next_ones_way(box: Lab) -> None:
    box.create(FAKERUNC_FAULTS="create@rename-pid-file=kill")
    box.call("delete", "--force", "c1")
    said = box.create()
    assert said.code == 1
    assert f"runc create failed: open {box.place}/.init.pid: file exists" in said.err
    assert list(box.root.iterdir()) == []


def test_start_killed_before_it_releases_changes_nothing(box: Lab) -> None:
    assert box.create().code == 0
    assert box.call("start", "c1", FAKERUNC_FAULTS="start@release-init=kill").code == KILLED
    assert box.status() == "created"
    assert box.call("start", "c1") == (0, "", "")
    assert box.status() == "running"


def test_start_killed_before_it_unlinks_leaves_a_lie(box: Lab) -> None:
    """The program runs, runc says created, and another start waits for its end."""
    assert box.create().code == 0
    assert box.call("start", "c1", FAKERUNC_FAULTS="start@unlink-fifo=kill").code == KILLED
    pid = box.pid()
    assert Path(f"/proc/{pid}/cmdline").read_text().endswith("\0sleep\x00100\0")
    assert box.files() == ["exec.fifo", "state.json"]
    assert box.status() == "created"
    start = os.posix_spawn(
        box.runtime[0],
        [*box.runtime, "--root", str(box.root), "--log", str(box.place / "log"), "start", "c1"],
        os.environ,
    )
    # It says nothing until the program ends.
    reader = wait_for_reader(box, start)
    assert reader
    assert box.call("kill", "c1", "KILL").code == 0
    assert exit_of(pid) == KILLED
    assert exit_of(start) == 1
    assert "container process is already dead" in (box.place / "log").read_text()


def wait_for_reader(box: Lab, pid: int) -> bool:
    """Until the process has the fifo open, or is gone."""
    fifo = str(box.root / "c1/exec.fifo")
    while True:
        try:
            folder = f"/proc/{pid}/fd"
            links = [os.readlink(f"{folder}/{name}") for name in os.listdir(folder)]
        except FileNotFoundError:
            continue
        except PermissionError:
            return False
        if fifo in links:
            return True
        os.sched_yield()


def test_of_two_starts_at_once_the_slower_hears_nothing(tmp_path: Path) -> None:
    """The faster one has read what init wrote: to the other the fifo just ends."""
    fifo = str(tmp_path / "exec.fifo")
    os.mkfifo(fifo)
    silent = threading.Thread(target=lambda: os.close(os.open(fifo, os.O_WRONLY)))
    silent.start()
    pid = os.getpid()
    with pytest.raises(Failed) as end:
        release(fifo, pid, start_time(pid) or 0, Step(StepKind.RELEASE_INIT))
    silent.join()
    assert end.value.answer == ALREADY_RUNNING


@pytest.mark.parametrize(
    ("step", "left"),
    [("kill-init", "created"), ("remove-cgroups", "stopped"), ("remove-directory", "stopped")],
)
def test_delete_killed_before(step: str, left: str, box: Lab) -> None:
    assert box.create().code == 0
    pid = box.pid()
    said = box.call("delete", "--force", "c1", FAKERUNC_FAULTS=f"delete@{step}=kill")
    assert said.code == KILLED
    assert box.status() == left
    assert box.cgroups() == (0 if step == "remove-directory" else HIERARCHIES)
    assert box.call("delete", "--force", "c1") == (0, "", "")
    assert exit_of(pid) == KILLED
    assert list(box.root.iterdir()) == []


def test_of_two_creates_at_once_the_slower_undoes_the_winner(box: Lab) -> None:
    """As runc's do: both have seen no directory. The winner said 0; its init is invisible now."""
    assert box.create().code == 0
    directory = StateDirectory(str(box.root), "c1")
    order = Order(read(str(box.bundle)), "", HIERARCHIES, "", Inherited(), READING)
    slower = Creation(directory, order)
    slower.perform(Step(StepKind.MAKE_DIRECTORY))
    with pytest.raises(HostRefused) as refusal:
        slower.perform(Step(StepKind.MAKE_FIFO))
    assert str(refusal.value) == f"exec fifo {directory.fifo} already exists"
    for step in undo_of_create(Create("c1"), refusal.value.step, str(refusal.value)).steps:
        slower.perform(step)
    assert "container does not exist" in box.call("state", "c1").err
    assert Path(f"/proc/{box.pid()}/exe").exists()
