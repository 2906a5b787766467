"""The fence where it is most easily wrong: who is spared, who is not, and what proves that nobody is left."""

import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

import conman.primitives.fence
from conman.primitives.fence import fence, open_lock, take
from conman.primitives.marks import bears
from conman.primitives.processes import start_time
from conman.primitives.steps import Done, Failed, Fence, Remaining
from tests.unit.few_descriptors import open_now, room_for

MARK = f"CONMAN_CALL={os.getpid()}/c-1/create"


@pytest.fixture
def lock(tmp_path: Path) -> str:
    path = tmp_path / "c-1.create"
    path.touch()
    return str(path)


@contextmanager
def held(path: str) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
    assert take(descriptor)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def running(
    *argv: str, mark: str = "", keep: int | None = None
) -> Iterator["subprocess.Popen[str]"]:
    name, _, value = mark.partition("=")
    child = subprocess.Popen(
        argv,
        env={"PATH": os.environ["PATH"], **({name: value} if mark else {})},
        pass_fds=() if keep is None else (keep,),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield child
    finally:
        child.kill()
        child.wait()
        if child.stdout is not None:
            child.stdout.close()


def step(lock: str, *, state: str = "", timeout_ms: int = 10_000) -> Fence:
    return Fence(lock, MARK, state, timeout_ms)


@pytest.mark.parametrize(
    "mark",
    [MARK[:-1], f"{MARK}d", f"X{MARK}", f"OTHER={MARK}", "_LIBCONTAINER_STATEDIR=/run/c-1"],
    ids=["shorter", "longer", "another's end", "another's value", "runc's own"],
)
def test_who_bears_another_mark_is_spared(lock: str, mark: str) -> None:
    with running("sleep", "600", mark=mark) as child:
        assert isinstance(fence(step(lock)), Done)
        assert child.poll() is None


def test_the_half_made_init_of_a_create_is_ended(lock: str) -> None:
    mark = "_LIBCONTAINER_STATEDIR=/run/c-1"
    with running("sleep", "600", mark=mark) as child:
        assert isinstance(fence(step(lock, state="/run/c-1")), Done)
        assert child.wait(5) == -signal.SIGKILL


def test_a_bearer_without_the_lock_is_ended_too(lock: str) -> None:
    with running("sleep", "600", mark=MARK) as child:
        assert isinstance(fence(step(lock)), Done)
        assert child.wait(5) == -signal.SIGKILL


def test_of_those_that_it_cannot_end_nothing_stays_open(lock: str) -> None:
    with (
        running("sleep", "600", mark=MARK) as first,
        running("sleep", "600", mark=MARK) as other,
    ):
        before = open_now()
        wanted = conman.primitives.fence._Wanted(frozenset((MARK.encode(),)), ())
        with room_for(1), pytest.raises(OSError, match="Too many open files"):
            conman.primitives.fence._end((first.pid, other.pid), wanted, 0.0)
        assert open_now() == before
        assert first.poll() is other.poll() is None


def also(lock: str) -> Fence:
    return Fence(lock, f"{MARK}-also", "", 10_000)


def test_several_are_fenced_at_once_and_who_was_never_begun_is_spared(lock: str) -> None:
    second, absent = f"{lock}.start", f"{lock}.delete"
    Path(second).touch()
    fences = replace(step(lock), also=(also(second), Fence(absent, f"{MARK}-absent", "", 10_000)))
    with (
        running("sleep", "600", mark=MARK) as first,
        running("sleep", "600", mark=f"{MARK}-also") as other,
        running("sleep", "600", mark=f"{MARK}-absent") as spared,
    ):
        assert isinstance(fence(fences), Done)
        assert first.wait(5) == other.wait(5) == -signal.SIGKILL
        assert spared.poll() is None
    assert not Path(absent).exists()


def test_each_of_several_locks_must_be_free(lock: str) -> None:
    second = f"{lock}.start"
    with held(second):
        fences = replace(step(lock, timeout_ms=50), also=(also(second),))
        assert isinstance(fence(fences), Remaining)


def test_what_the_first_one_begins_while_it_is_ended_is_fenced_too(
    lock: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = f"{lock}.create"
    begun = ExitStack()

    def opened(path: str) -> int | None:
        if path == second and not Path(second).exists():
            Path(second).touch()
            children.append(begun.enter_context(running("sleep", "600", mark=f"{MARK}-also")))
            return None
        return open_lock(path)

    children: list[subprocess.Popen[str]] = []
    monkeypatch.setattr("conman.primitives.fence.open_lock", opened)
    with begun:
        assert isinstance(fence(replace(step(lock), also=(also(second),))), Done)
        assert children[0].wait(5) == -signal.SIGKILL


@pytest.mark.parametrize("said", ["", "no json", "[1]", '{"pid": "1"}', '{"pid": 0}', "{own}"])
def test_a_suspect_is_only_a_hint(lock: str, said: str) -> None:
    suspect = Path(f"{lock}.pid")
    suspect.write_text(said.replace("{own}", f'{{"pid": {os.getpid()}}}'))
    with running("sleep", "600", mark=MARK) as child:
        assert isinstance(fence(replace(step(lock), suspect=str(suspect))), Done)
        assert child.wait(5) == -signal.SIGKILL


def test_a_suspect_that_is_an_actor_is_ended_before_anybody_looks_around(
    lock: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[bool] = []
    suspect = Path(f"{lock}.pid")
    with (
        running("sleep", "600", mark=MARK) as child,
        running("sleep", "600") as stranger,
    ):
        others = conman.primitives.fence._others

        def looked() -> list[int]:
            looks.append(is_dead(child.pid))
            return others()

        monkeypatch.setattr("conman.primitives.fence._others", looked)
        suspect.write_text(f'{{"pid": {child.pid}}}')
        assert isinstance(fence(replace(step(lock), suspect=str(suspect))), Done)
        assert looks == [True]
        suspect.write_text(f'{{"pid": {stranger.pid}}}')
        assert isinstance(fence(replace(step(lock), suspect=str(suspect))), Done)
        assert stranger.poll() is None


def test_who_holds_the_lock_unmarked_is_ended_unless_it_is_our_child(lock: str) -> None:
    """Our child is between fork and exec; somebody else's is a hook with an environment of its own."""
    results: list[object] = []
    thread = threading.Thread(target=lambda: results.append(fence(step(lock, timeout_ms=30_000))))
    with held(lock) as ours:
        argv = ("sh", "-c", "sleep 600 & echo $!; exec sleep 600")
        with running(*argv, keep=ours) as child:
            grandchild = os.pidfd_open(int(said(child)))
            thread.start()
            assert select.select([grandchild], [], [], 30)[0]
            os.close(grandchild)
            assert child.poll() is None
            assert results == []
    thread.join()
    assert isinstance(results[0], Done)


def said(child: "subprocess.Popen[str]") -> str:
    assert child.stdout is not None
    return child.stdout.readline()


def is_dead(pid: int) -> bool:
    return (
        start_time(pid) is None
        or "Z" in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    )


def test_our_child_between_fork_and_exec_is_waited_for(lock: str) -> None:
    """It holds every descriptor of ours, and bears nothing; killing it would kill a stranger's call."""
    reader, writer = os.pipe()
    with held(lock):
        pid = os.fork()
        if pid == 0:
            try:
                os.read(reader, 1)  # the lock's descriptor is inherited until here
                os.execvp("true", ["true"])  # noqa: S606 - an exec by hand is the point
            finally:
                os._exit(9)
    later = threading.Timer(0.2, lambda: os.write(writer, b"."))
    later.start()
    assert isinstance(fence(step(lock)), Done)
    assert not later.is_alive()
    later.join()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    os.close(reader)
    os.close(writer)


def test_a_stranger_has_a_file_open_that_no_path_leads_to(lock: str, tmp_path: Path) -> None:
    below = os.open(tmp_path, os.O_DIRECTORY)
    for _ in range(20):
        os.mkdir("d" * 250, dir_fd=below)
        above, below = below, os.open("d" * 250, os.O_DIRECTORY, dir_fd=below)
        os.close(above)
    with running("sleep", "100", keep=below) as stranger:
        with pytest.raises(OSError, match="File name too long"):
            os.readlink(f"/proc/{stranger.pid}/fd/{below}")
        os.close(below)
        with held(lock):
            # Only now is anybody asked what he has open.
            assert fence(step(lock, timeout_ms=50)) == Remaining(())
        assert stranger.poll() is None


def test_a_lock_that_nobody_lets_go_is_not_taken(lock: str) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with held(lock):
        assert fence(step(lock, timeout_ms=50)) == Remaining(())
    assert isinstance(fence(step(lock)), Done)
    assert len(os.listdir("/proc/self/fd")) == before


def opened(path: str) -> int:
    """How many of our own descriptors are of this file, while others come and go."""
    links = (f"/proc/self/fd/{fd}" for fd in os.listdir("/proc/self/fd"))
    return sum(_leads_to(link, path) for link in links)


def _leads_to(link: str, path: str) -> bool:
    try:
        return os.readlink(link) == path
    except FileNotFoundError:
        return False


HOLD = """
import fcntl, os, sys, time
fcntl.flock(os.open(sys.argv[1], os.O_CREAT | os.O_RDWR), fcntl.LOCK_EX)
print(os.getpid(), flush=True)
time.sleep(600)
"""


def test_a_lock_file_that_was_replaced_is_fenced_anew(lock: str) -> None:
    """The old one's is no proof: an unmarked stranger holds the new one."""
    results: list[object] = []
    thread = threading.Thread(target=lambda: results.append(fence(step(lock))))
    with held(lock):
        thread.start()
        while opened(lock) < 2:  # ours, and the fence's
            assert thread.is_alive()
        os.unlink(lock)
        hold = f"{sys.executable} -c '{HOLD}' {lock} & exec sleep 600"
        with running("sh", "-c", hold) as child:
            stranger = int(said(child))
            assert results == []
    thread.join()
    assert isinstance(results[0], Done)
    assert is_dead(stranger)


def test_a_lock_that_cannot_be_opened_is_no_absence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = fence(step(str(tmp_path / "file" / "lock")))
    assert isinstance(result, Failed)
    assert result.error == "ENOTDIR"


def test_a_whole_tree_of_bearers_is_ended(lock: str) -> None:
    tree = "for i in 1 2 3 4 5; do (trap '' TERM; sleep 600 & sleep 600) & done; echo; wait"
    with held(lock) as ours, running("sh", "-c", tree, mark=MARK, keep=ours) as child:
        said(child)
    assert isinstance(fence(step(lock)), Done)
    marks = frozenset({MARK.encode()})
    assert not [pid for pid in os.listdir("/proc") if pid.isdigit() and bears(int(pid), marks)]
