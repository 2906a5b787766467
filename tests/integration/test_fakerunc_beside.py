"""What runs beside a fakerunc container's init, and what stands still with it: exec, pause, resume."""

import json
import os
import select
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakerunc import process
from tests.integration.fakerunc_lab import Lab, environment, exit_of, heard, lab, wait_gone


@pytest.fixture
def box() -> Iterator[Lab]:
    with lab(Path(tempfile.mkdtemp(prefix="fr-", dir="/tmp"))) as one:
        yield one


def beside(box: Lab, *args: str) -> int:
    """The pid of what a detached exec has started."""
    file = box.place / "exec.pid"
    said = box.call("exec", "--detach", "--pid-file", str(file), "c1", *args)
    assert said == (0, "", ""), said
    return int(file.read_text())


def condition(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]


@pytest.mark.parametrize(
    ("args", "code", "out"),
    [
        (("true",), 0, ""),
        (("false",), 1, ""),
        (("echo", "a  b"), 0, "a  b\n"),
        (("sh", "-c", "echo x; exit 42"), 42, "x\n"),
        (("sh", "-c", "kill -9 $$"), 137, ""),
        (("sh", "-c", "kill -TERM $$; exit 3"), 143, ""),
    ],
    ids=str,
)
def test_an_exec_answers_as_its_process(
    args: tuple[str, ...], code: int, out: str, box: Lab
) -> None:
    box.running("sleep", "100")
    assert box.call("exec", "c1", *args) == (code, out, "")


def test_a_process_may_be_over_before_anybody_looks(
    monkeypatch: pytest.MonkeyPatch, box: Lab
) -> None:
    read = os.read

    def late(fd: int, size: int) -> bytes:
        data = read(fd, size)
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
        return data

    with monkeypatch.context() as patch:
        patch.setattr("os.read", late)
        pid, start = process.spawn_beside(0, ("true",), {}, process.Descriptors())
    assert start > 0
    assert exit_of(pid) == 0


def test_a_created_container_has_room_for_others(box: Lab) -> None:
    box.created("sleep", "100")
    assert box.call("exec", "c1", "sh", "-c", "exit 5").code == 5
    assert box.status() == "created"


def test_a_detached_process_is_a_member_and_a_child_of_the_reaper(box: Lab) -> None:
    box.running("sleep", "100")
    pid = beside(box, "sh", "-c", "trap 'exit 6' USR1; sleep 100 & wait")
    assert pid in box.members()
    assert not (box.place / ".exec.pid").exists()
    assert int(Path(f"/proc/{pid}/stat").read_text().split()[3]) == os.getpid()
    env = environment(pid).split(b"\0")
    assert b"CONMAN_RUN=i/c-1" in env
    assert b"HOME=/" in env
    # It is not PID 1: a signal without a handler ends it.
    os.kill(pid, signal.SIGTERM)
    assert exit_of(pid) == -signal.SIGTERM
    assert box.status() == "running"


def test_a_process_file_says_all_of_it(box: Lab) -> None:
    box.running("sleep", "100")
    spec = {"args": ["/bin/sh", "-c", "exit 9"], "cwd": "/", "env": ["X=y"]}
    (box.place / "process.json").write_text(json.dumps(spec))
    assert box.call("exec", "--process", str(box.place / "process.json"), "c1").code == 9


@pytest.mark.parametrize("how", ["exits", "is killed", "is deleted"])
def test_with_init_everybody_ends_even_who_stands_still(how: str, box: Lab) -> None:
    script = "trap 'exit 0' TERM; sleep 100 & wait"
    init = box.running("sh", "-c", script)
    pids = [beside(box, "sh", "-c", "sleep 100 & exit 0"), beside(box, "sleep", "100")]
    os.kill(pids[1], signal.SIGSTOP)
    os.waitid(os.P_PID, pids[1], os.WSTOPPED)
    assert exit_of(pids[0]) == 0
    (orphan,) = set(box.members()) - {init, *pids} - children_of(init)
    match how:
        case "exits":
            wait_for_trap(init)
            assert box.call("kill", "c1", "TERM").code == 0
        case "is killed":
            os.kill(init, signal.SIGKILL)
        case _:
            assert box.call("delete", "--force", "c1") == (0, "", "")
    assert exit_of(pids[1]) == -signal.SIGKILL
    if how == "is deleted":
        wait_gone(orphan)
        assert exit_of(init) == -signal.SIGKILL
    else:
        exit_of(init)
    assert box.status() == "stopped" if how != "is deleted" else box.members() == []


def children_of(pid: int) -> set[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return {int(word) for word in text.split()}


def wait_for_trap(pid: int) -> None:
    while "SigCgt:\t0000000000004000" not in Path(f"/proc/{pid}/status").read_text():
        os.sched_yield()


def test_in_a_shared_pid_namespace_nobody_dies_with_init(box: Lab) -> None:
    box.running("sleep", "100", linux={"namespaces": [], "cgroupsPath": "/conman-lab/c1"})
    pid = beside(box, "sleep", "100")
    assert box.call("kill", "c1", "KILL").code == 0
    exit_of(box.pid())
    assert Path(f"/proc/{pid}/exe").exists()
    assert box.call("delete", "c1") == (0, "", "")
    assert exit_of(pid) == -signal.SIGKILL


@pytest.mark.parametrize("name", ["HUP", "USR1", "TERM", "INT", "QUIT", "PIPE"])
def test_an_exec_in_the_foreground_hands_signals_on(name: str, box: Lab) -> None:
    box.running("sleep", "100")
    hears, says = os.pipe()
    argv = [*box.runtime, "--root", str(box.root), "exec", "c1", "sh", "-c"]
    script = f"trap 'exit 7' {name}; echo up; sleep 100 & wait"
    with subprocess.Popen([*argv, script], stdout=says, stdin=subprocess.DEVNULL) as call:
        os.close(says)
        heard(hears, b"up")
        call.send_signal(getattr(signal, f"SIG{name}"))
        assert call.wait(20) == 7


def test_a_pid_file_that_has_no_place_ends_what_was_begun(box: Lab) -> None:
    init = box.running("sleep", "100")
    said = box.call("exec", "-d", "--pid-file", "/nope/pid", "c1", "sleep", "100")
    assert (said.code, "exec failed: open /nope/.pid: no such file" in said.err) == (255, True)
    assert box.members() == [init]


@pytest.mark.parametrize(
    ("step", "files"),
    [
        ("spawn-process", []),
        ("write-pid-file", []),
        ("rename-pid-file", [".exec.pid"]),
        ("answer", ["exec.pid"]),
    ],
)
def test_exec_killed_before(step: str, files: list[str], box: Lab) -> None:
    """From the first on the process runs, though nobody may know its pid."""
    init = box.running("sleep", "100")
    to = str(box.place / "exec.pid")
    fault = {"FAKERUNC_FAULTS": f"exec@{step}=kill"}
    said = box.call("exec", "-d", "--pid-file", to, "c1", "sleep", "100", **fault)
    assert said.code == -signal.SIGKILL
    assert sorted(path.name for path in box.place.glob("*exec.pid")) == files
    others = [pid for pid in box.members() if pid != init]
    assert len(others) == (0 if step == "spawn-process" else 1)
    assert box.call("delete", "--force", "c1") == (0, "", "")
    assert [exit_of(pid) for pid in others] == [-signal.SIGKILL] * len(others)


def test_pause_stops_everybody_and_resume_lets_them_go(box: Lab) -> None:
    hears, box.stdout = os.pipe()
    init = box.running("sh", "-c", "trap 'exit 4' TERM; sleep 100 & sleep 100 & echo up; wait")
    os.close(box.stdout)
    box.stdout = None
    heard(hears, b"up")
    pid = beside(box, "sleep", "100")
    assert box.call("pause", "c1") == (0, "", "")
    assert {condition(one) for one in box.members()} == {"T"}
    assert len(box.members()) == 4
    assert box.status() == "paused"
    # What comes meanwhile waits until they may go on; CONT is not what lets them.
    assert box.call("kill", "c1", "CONT").code == 0
    assert box.call("kill", "c1", "TERM").code == 0
    assert condition(init) == "T"
    assert box.call("resume", "c1") == (0, "", "")
    assert exit_of(init) == 4
    assert exit_of(pid) == -signal.SIGKILL


def test_a_paused_container_can_be_killed_and_deleted(box: Lab) -> None:
    init = box.running("sleep", "100")
    assert box.call("pause", "c1").code == 0
    assert box.call("kill", "c1", "KILL") == (0, "", "")
    assert exit_of(init) == -signal.SIGKILL
    assert box.status() == "stopped"
    box.call("delete", "c1")
    init = box.running("sleep", "100")
    assert box.call("pause", "c1").code == 0
    assert box.call("delete", "--force", "c1") == (0, "", "")
    assert exit_of(init) == -signal.SIGKILL
    assert list(box.root.iterdir()) == []


def test_a_paused_created_container_starts_after_resume(box: Lab) -> None:
    init = box.created("sh", "-c", "exit 3")
    assert box.call("pause", "c1").code == 0
    assert "cannot start a container in the paused state" in box.call("start", "c1").err
    assert box.call("resume", "c1").code == 0
    assert box.status() == "created"
    assert box.call("start", "c1").code == 0
    assert exit_of(init) == 3


@pytest.mark.parametrize(
    ("step", "paused", "after"),
    [
        ("pause@freeze", False, "running"),
        ("pause@answer", False, "paused"),
        ("resume@thaw", True, "paused"),
        ("resume@answer", True, "running"),
    ],
)
def test_pause_and_resume_killed_before(step: str, paused: bool, after: str, box: Lab) -> None:
    init = box.running("sleep", "100")
    if paused:
        assert box.call("pause", "c1").code == 0
    verb = step.partition("@")[0]
    said = box.call(verb, "c1", FAKERUNC_FAULTS=f"{step}=kill")
    assert said.code == -signal.SIGKILL
    assert box.status() == after
    assert (condition(init) == "T") is (after == "paused")


def test_input_and_output_are_the_callers(box: Lab) -> None:
    box.running("sleep", "100")
    argv = [*box.runtime, "--root", str(box.root), "exec", "c1", "cat"]
    done = subprocess.run(argv, input=b"through", capture_output=True, check=True)
    assert done.stdout == b"through"


def test_a_process_has_none_of_its_makers_descriptors(box: Lab) -> None:
    box.running("sleep", "100")
    held, other = os.pipe()
    box.passed = (other,)
    pid = beside(box, "sleep", "100")
    os.close(other)
    assert select.select([held], [], [], 5)[0]
    assert sorted(os.listdir(f"/proc/{pid}/fd"), key=int) == ["0", "1", "2", "256"]
    os.close(held)
