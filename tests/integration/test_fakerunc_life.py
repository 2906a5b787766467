"""fakerunc's containers from create to delete, on real stand-in processes, without root."""

import json
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.fakerunc_lab import (
    Lab,
    command_line,
    environment,
    exit_of,
    heard,
    lab,
    wait_gone,
)


@pytest.fixture
def box() -> Iterator[Lab]:
    with lab(Path(tempfile.mkdtemp(prefix="fr-", dir="/tmp"))) as one:
        yield one


def test_a_whole_life(box: Lab) -> None:
    pid = box.created("sleep", "100")
    assert box.files() == ["exec.fifo", "state.json"]
    assert box.modes() == ["drwx------", "drwx--x--x", "prw--w--w-", "-rw-------"]
    assert box.status() == "created"
    assert box.call("start", "c1") == (0, "", "")
    assert box.files() == ["state.json"]
    assert box.status() == "running"
    assert box.call("kill", "c1", "KILL") == (0, "", "")
    assert exit_of(pid) == -signal.SIGKILL
    assert box.status() == "stopped"
    assert box.call("delete", "c1") == (0, "", "")
    assert list(box.root.iterdir()) == []
    assert box.members() == []


def test_what_a_waiting_init_shows(box: Lab) -> None:
    pid = box.created("sleep", "100")
    env = environment(pid).split(b"\0")
    assert b"CONMAN_RUN=i/c-1" in env
    assert f"_LIBCONTAINER_STATEDIR={box.root}/c1".encode() in env
    assert os.getpid() == int(Path(f"/proc/{pid}/stat").read_text().split()[3])
    assert os.getsid(pid) == pid
    descriptors = os.listdir(f"/proc/{pid}/fd")
    # The last is its end of the leash: leash.py.
    assert sorted(descriptors) == ["0", "1", "2", "256"]


def test_start_changes_what_it_shows(box: Lab) -> None:
    pid = box.created("/bin/sleep", "100")
    waiting = command_line(pid)
    assert box.call("start", "c1").code == 0
    assert command_line(pid) != waiting
    assert command_line(pid)[-2:] == ["/bin/sleep", "100"]
    env = environment(pid).split(b"\0")
    assert b"CONMAN_RUN=i/c-1" in env
    assert not [entry for entry in env if entry.startswith(b"_LIBCONTAINER_STATEDIR")]


def test_nothing_of_the_caller_reaches_the_container(box: Lab) -> None:
    held, other = os.pipe()
    box.passed = (other,)
    box.env = {"CONMAN_CALL": "i/c-1/create", "NOTIFY_SOCKET": "/x"}
    pid = box.created("sleep", "100")
    names = [entry.partition(b"=")[0] for entry in environment(pid).split(b"\0")]
    assert b"CONMAN_CALL" not in names
    assert b"NOTIFY_SOCKET" not in names
    os.close(other)
    # Nobody else holds the writing end, so its end is seen at once.
    assert select.select([held], [], [], 5)[0]
    os.close(held)


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("exit 7", 7),
        ("true", 0),
        ("false", 1),
        ("false; true", 0),
        ("exit 300", 44),
        ("sleep 0; exit 3", 3),
        ("kill -9 $$; kill -TERM $$; exit 4", 4),
        ("trap 'exit 5' TERM; kill -TERM $$; sleep 100", 5),
        ("nonsense", 127),
        ("echo 'a", 2),
        ("trap 'a &&' TERM", 2),
        ("sleep 100 & exit 6", 6),
        ("yes | false", 1),
        ("yes | true; exit 9", 9),
        ("true & wait; exit 8", 8),
        ("while true; do exit 10; done", 10),
        ("sleep 0 | sleep 0 & wait; exit 11", 11),
    ],
)
def test_scripts_end_as_a_shell_would(box: Lab, script: str, code: int) -> None:
    assert exit_of(box.running("sh", "-c", script)) == code
    assert box.members() == []


@pytest.mark.parametrize(
    ("args", "code"),
    [(("true",), 0), (("false",), 1), (("echo", "x"), 0), (("cat",), 0), (("sleep", "x"), 1)],
    ids=str,
)
def test_programs_end_as_they_would(box: Lab, args: tuple[str, ...], code: int) -> None:
    assert exit_of(box.running(*args)) == code
    assert box.status() == "stopped"


def test_output_goes_where_create_was_told(box: Lab) -> None:
    pid = box.running("sh", "-c", "echo 'a b'; echo c >&2; echo -n d")
    assert exit_of(pid) == 0
    assert (box.place / "out-1").read_text() == "a b\nd"
    assert (box.place / "err-1").read_text() == "c\n"


def test_pid_1_is_safe_from_what_it_does_not_handle(box: Lab) -> None:
    pid = box.running("sleep", "100")
    for name in ("TERM", "HUP", "INT", "USR1", "PIPE", "STKFLT", "64"):
        assert box.call("kill", "c1", name) == (0, "", "")
        assert box.status() == "running", name
    assert box.call("kill", "c1", "9").code == 0
    assert exit_of(pid) == -9


@pytest.mark.parametrize(
    ("name", "end"), [("TERM", 2), ("HUP", 2), ("STKFLT", 2), ("BUS", 2), ("KILL", -9)]
)
def test_a_created_init_ends_as_runcs(box: Lab, name: str, end: int) -> None:
    pid = box.created("sleep", "100")
    assert box.call("kill", "c1", name) == (0, "", "")
    assert exit_of(pid) == end
    assert box.status() == "stopped"
    said = box.call("start", "c1")
    assert said.code == 1
    assert "cannot start a container that has stopped" in said.err


def test_a_created_init_is_unmoved_by_the_rest(box: Lab) -> None:
    pid = box.created("true")
    for name in ("USR1", "WINCH", "PIPE", "CHLD", "CONT", "64", "0"):
        assert box.call("kill", "c1", name) == (0, "", "")
        assert box.status() == "created", name
    assert box.call("start", "c1").code == 0
    assert exit_of(pid) == 0


def test_a_trap_answers_a_kill(box: Lab) -> None:
    pid, hears = box.running_aloud("sh", "-c", "trap 'exit 3' TERM; sleep 100 & echo up; wait")
    heard(hears, b"up")
    assert box.call("kill", "c1", "TERM").code == 0
    assert exit_of(pid) == 3
    assert box.members() == []


def test_a_server_ends_well_when_asked(box: Lab) -> None:
    pid = box.running("server", "--listen")
    wait_for_handler(pid, signal.SIGTERM)
    assert box.call("kill", "c1").code == 0
    assert exit_of(pid) == 0


def wait_for_handler(pid: int, number: int) -> None:
    mask = 1 << (number - 1)
    while True:
        caught = re.search(r"SigCgt:\s*(\w+)", Path(f"/proc/{pid}/status").read_text())
        assert caught
        if int(caught[1], 16) & mask:
            return
        os.sched_yield()


def test_inits_end_is_everybodys_end(box: Lab) -> None:
    script = "sleep 100 & sleep 100 | cat & echo up; wait"
    pid, hears = box.running_aloud("sh", "-c", script)
    heard(hears, b"up")
    others = [member for member in box.members() if member != pid]
    assert len(others) == 3
    os.kill(pid, signal.SIGKILL)
    assert exit_of(pid) == -9
    for other in others:
        wait_gone(other)


def test_in_a_shared_pid_namespace_children_stay_until_delete(box: Lab) -> None:
    linux = {"namespaces": [{"type": "uts"}], "cgroupsPath": "/conman-lab/c1"}
    pid, hears = box.running_aloud("sh", "-c", "sleep 100 & echo up; wait", linux=linux)
    heard(hears, b"up")
    (child,) = (member for member in box.members() if member != pid)
    assert box.call("kill", "c1", "TERM").code == 0
    assert exit_of(pid) == -signal.SIGTERM
    assert Path(f"/proc/{child}").exists()
    assert box.call("delete", "c1") == (0, "", "")
    assert exit_of(child) == -9
    assert list(box.root.iterdir()) == []


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_who_gives_what_can_only_be_read_is_answered_by_the_exit_code(
    box: Lab, unbuffered: str
) -> None:
    """As containerd does where nobody listens."""
    words = [*box.runtime, "--root", str(box.root)]
    env = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    with open("/dev/null") as null:
        for asked, code in (("--version", 0), ("list", 1), ("nonsense", 3)):
            done = subprocess.run(
                [*words, asked], stdin=null, stdout=null, stderr=null, check=False, env=env
            )
            assert done.returncode == code, asked


def test_kill_all_reaches_children(box: Lab) -> None:
    pid, hears = box.running_aloud("sh", "-c", "sleep 100 & echo up; wait; exit 5")
    heard(hears, b"up")
    assert box.call("kill", "--all", "c1", "TERM") == (0, "", "")
    assert exit_of(pid) == 5


def test_delete_ends_a_created_container(box: Lab) -> None:
    pid = box.created("true")
    assert box.call("delete", "c1") == (0, "", "")
    assert exit_of(pid) == -9
    assert list(box.root.iterdir()) == []


def test_delete_force_ends_everything(box: Lab) -> None:
    pid, hears = box.running_aloud("sh", "-c", "sleep 100 & echo up; wait")
    heard(hears, b"up")
    assert "that is not stopped: running" in box.call("delete", "c1").err
    assert box.call("delete", "--force", "c1") == (0, "", "")
    assert exit_of(pid) == -9
    assert box.members() == []
    assert list(box.root.iterdir()) == []


def test_a_stopped_process_is_still_running(box: Lab) -> None:
    pid = box.running("sleep", "100")
    assert box.call("kill", "c1", "STOP").code == 0
    os.waitid(os.P_PID, pid, os.WSTOPPED)
    assert box.status() == "running"
    assert box.call("delete", "--force", "c1").code == 0
    assert exit_of(pid) == -9


def test_list_shows_what_there_is(box: Lab) -> None:
    assert box.call("list", "--format", "json") == (0, "null\n", "")
    pid = box.created("sleep", "100")
    (box.root / "broken").mkdir()
    said = box.call("list", "--format", "json")
    (row,) = json.loads(said.out)
    assert (row["id"], row["pid"], row["status"]) == ("c1", pid, "created")
    assert said.err == "load container broken: container does not exist\n"
    assert box.call("list", "-q").out == "c1\n"


def test_an_identity_is_pid_and_start_time(box: Lab) -> None:
    """The state of an earlier process under a pid that is somebody else's by now."""
    pid = box.running("sleep", "100")
    path = box.root / "c1/state.json"
    state = json.loads(path.read_text())
    assert state["init_process_pid"] == pid
    state["init_process_start"] -= 1
    path.write_text(json.dumps(state))
    assert box.status() == "stopped"
    assert "not running" in box.call("kill", "c1", "KILL").err
    assert box.call("delete", "--force", "c1").code == 0
    assert Path(f"/proc/{pid}/exe").exists()


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("state", ".cgroups"), "is where fakerunc keeps its cgroups"),
        (("create", "--console-socket", "/s", "c1"), "cannot use console socket"),
        (("create", "--preserve-fds", "9", "c1"), "unable to stat preserved-fd 0 (of 9)"),
    ],
    ids=str,
)
def test_what_is_not_built_says_so(args: tuple[str, ...], words: str, box: Lab) -> None:
    box.prepare("true")
    bundle = ("--bundle", str(box.bundle)) if args[0] == "create" else ()
    said = box.call(args[0], *bundle, *args[1:])
    assert said.code == 1
    assert words in said.err
    assert box.files() == []


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("FAKERUNC_FAULTS", "create@fly=kill", 'no step of create is called \\"fly\\"'),
        ("FAKERUNC_HIERARCHIES", "0", "is not a number from 1 on"),
    ],
)
def test_settings_that_say_nothing_stop_everything(
    name: str, text: str, words: str, box: Lab
) -> None:
    box.prepare("true")
    said = box.create(**{name: text})
    assert said.code == 1
    assert words in said.err
    assert not (box.root / "c1").exists()


def test_without_a_root_the_state_lies_in_the_users_runtime_directory(box: Lab) -> None:
    argv = [*box.runtime, "list"]
    env = {name: text for name, text in os.environ.items() if name != "XDG_RUNTIME_DIR"}
    refused = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "give --root DIR, or set XDG_RUNTIME_DIR" in refused.stderr
    env["XDG_RUNTIME_DIR"] = str(box.place)
    assert subprocess.run(argv, env=env, capture_output=True, check=False).returncode == 0
    assert (box.place / "fakerunc").is_dir()


def test_the_version_under_both_names(box: Lab) -> None:
    assert box.call("--version").out.startswith("fakerunc version 1.1.5\n")
    named = box.place / "runc"
    named.write_text(
        f"#!{sys.executable}\nimport sys\nfrom fakerunc.main import main\nsys.exit(main())\n"
    )
    named.chmod(0o755)
    box.runtime = (str(named),)
    box.env["PYTHONPATH"] = str(Path(__file__).resolve().parents[2])
    lines = box.call("--version").out.splitlines()
    assert lines[0] == "runc version 1.1.5"
    assert lines[2] == "spec: 1.0.2-dev"


def test_many_at_once_do_not_meet(box: Lab) -> None:
    """Containers whose cgroups have a parent in common come and go at the same time."""
    box.prepare("sleep", "100")
    argv = [*box.runtime, "--root", str(box.root)]
    bundle = ["--bundle", str(box.bundle)]
    for verb in (["create", *bundle], ["start"], ["delete", "--force"], ["create", *bundle]):
        calls = [
            subprocess.Popen([*argv, *verb, f"c{n}"], stdin=subprocess.DEVNULL) for n in range(6)
        ]
        assert [call.wait() for call in calls] == [0] * 6, verb
    assert len(box.members()) == 6
