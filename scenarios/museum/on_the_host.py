"""Exhibits of the layer `host`: the real performers, locks and store, made wrong where no simulated host is.

Each is changed in the process that runs the tests, so what that process itself does is changed, and no other
program. None may reach for what the tests have not made: it is run on the machine of whoever looks.
"""

import os
import signal
import sqlite3
from collections.abc import Callable
from contextlib import suppress

from conman.engine.held import HeldOutput
from conman.host.processes import Members
from conman.primitives import processes
from conman.primitives import steps as s
from scenarios.museum.exhibit import HostExhibit, Replaced

_CONTRACT = "tests/contract/test_primitives.py"
_PASSED_ON = "tests/unit/test_pids_passed_on.py"


def _not_synced(_original: object, path: str, flags: int) -> None:
    os.close(os.open(path, flags | os.O_CLOEXEC))


def _not_truncated(_original: object, path: str, data: bytes, mode: int) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, mode)
    os.write(fd, data)
    os.close(fd)


def _absent_if_it_fails(original: Callable[..., s.Result], path: str) -> s.Result:
    with suppress(OSError):
        return original(path)
    return s.Absent()


def _by_pid(_original: object, step: s.SignalProcess) -> s.Done | s.Gone:
    try:
        os.kill(step.process.pid, step.signal)
    except ProcessLookupError:
        return s.Gone()
    return s.Done()


def _compared_first(_original: object, step: s.SignalProcess) -> s.Done | s.Gone:
    if not processes.lives(step.process):
        return s.Gone()
    handle = processes.pidfd(step.process.pid)
    if handle is None:
        return s.Gone()
    try:
        signal.pidfd_send_signal(handle, step.signal)
    finally:
        os.close(handle)
    return s.Done()


def _as_listed(_original: object, members: Members, handles: list[int]) -> None:
    """Whoever was listed is killed, and nobody asks again."""
    for pid in members.listed():
        handle = processes.pidfd(pid)
        if handle is not None:
            handles.append(handle)
            signal.pidfd_send_signal(handle, signal.SIGKILL)


def _by_its_beginning(_original: object, environment: bytes, marks: frozenset[bytes]) -> bool:
    return any(mark in environment for mark in marks)


def _whoever_has_it(_original: object, _process: s.ProcessId) -> bool:
    return True


def _believed_free(_original: object, _lock: int) -> bool:
    return True


def _not_held(original: Callable[..., s.Result], held: HeldOutput, step: s.HoldOutput) -> s.Result:
    result = original(held, step)
    held.release((step.container_id, step.run))
    return result


def _not_kept(_original: object, *_: object) -> None:
    """What is to be done is not done."""


def _not_locked(_original: object, _lock: int, _patience_s: float) -> str:
    """Nobody else is there."""
    return ""


def _less_synchronous(original: Callable[..., sqlite3.Connection], path: str) -> sqlite3.Connection:
    connection = original(path)
    connection.execute("PRAGMA synchronous=NORMAL")
    return connection


_PERFORM = "conman.primitives.perform"

EXHIBITS = (
    HostExhibit(
        "failed-look-is-absent",
        "C",
        "what cannot be read is taken for what is not there",
        "the first conman",
        _CONTRACT,
        ("test_write_and_read_file",),
        (Replaced(f"{_PERFORM}._read_file", _absent_if_it_fails),),
    ),
    HostExhibit(
        "busy-lock-is-free",
        "E",
        "a fence takes its lock for free while somebody holds it",
        "",
        "tests/unit/test_perform_fence.py",
        ("test_each_of_several_locks_must_be_free",),
        (Replaced("conman.primitives.fence.take", _believed_free),),
    ),
    HostExhibit(
        "fsync-is-none",
        "G",
        "what is said to be synced was only opened",
        "",
        "tests/unit/test_perform_steps.py",
        ("test_what_cannot_be_synced_is_refused",),
        (Replaced(f"{_PERFORM}.sync", _not_synced),),
    ),
    HostExhibit(
        "old-end-of-a-file",
        "G",
        "a shorter content is written over a longer one, whose end stays",
        "",
        _CONTRACT,
        ("test_write_and_read_file",),
        (Replaced(f"{_PERFORM}._write_file", _not_truncated),),
    ),
    HostExhibit(
        "store-is-not-synced",
        "G",
        "the store answers before its commit is on the disk",
        "",
        "tests/unit/test_database.py",
        ("test_commits_are_synced",),
        (Replaced("conman.host.database._connect", _less_synchronous),),
    ),
    HostExhibit(
        "visible-is-believed",
        "G",
        "what a killed daemon's commit left in the store's log is believed before it is on the disk",
        "",
        "tests/unit/test_database_failures.py",
        (
            "test_while_the_file_cannot_be_opened_all_is_unknown",
            "test_what_a_killed_daemon_s_commit_left_is_durable_before_it_is_believed",
        ),
        (Replaced("conman.host.database._make_durable", _not_kept),),
    ),
    HostExhibit(
        "output-is-not-held",
        "J",
        "nobody holds the output of a container whose shim has died, and it is gone",
        "containerd#8856",
        "tests/unit/test_held_output.py",
        ("test_what_is_held_is_not_lost",),
        (Replaced("conman.engine.held.HeldOutput.hold", _not_held),),
    ),
    HostExhibit(
        "terminal-ends-with-its-shim",
        "J",
        "nobody but its shim has a container's terminal or input, and it ends with that shim",
        "moby#24302",
        "tests/unit/test_shim_keep.py",
        ("test_it_outlives_its_shim_and_comes_to_the_next",),
        (Replaced("conman.engine.held.HeldOutput.keep", _not_kept),),
    ),
    HostExhibit(
        "input-never-ends",
        "J",
        "somebody else has a container's input open, too, and its end never comes",
        "containerd#8856",
        "tests/unit/test_shim_keep.py",
        ("test_it_outlives_its_shim_and_comes_to_the_next",),
        (Replaced("conman.shim.keep.Keep.release", _not_kept),),
    ),
    HostExhibit(
        "reader-that-does-not-read",
        "J",
        "a client that has stopped to read stops the container, for ever",
        "",
        "tests/unit/test_shim_sessions.py",
        ("test_who_does_not_read_is_waited_for_then_cut_off",),
        (Replaced("conman.shim.streams.Streams._cut_off", _not_kept),),
    ),
    HostExhibit(
        "kill-by-pid",
        "K",
        "a signal goes to a pid, whoever has it",
        "runc#1934",
        _CONTRACT,
        ("test_signal_process",),
        (Replaced(f"{_PERFORM}.send", _by_pid),),
    ),
    HostExhibit(
        "handle-after-the-comparison",
        "K",
        "its start time is compared, and then its pidfd is opened: it may be another's by then",
        "",
        _PASSED_ON,
        ("test_a_signal",),
        (Replaced(f"{_PERFORM}.send", _compared_first),),
    ),
    HostExhibit(
        "members-are-not-asked-again",
        "K",
        "who was listed as a member is killed, and may be a stranger by then",
        "",
        _PASSED_ON,
        ("test_the_end_of_members",),
        (Replaced("conman.host.processes._kill_all", _as_listed),),
    ),
    HostExhibit(
        "mark-by-its-beginning",
        "K",
        "who bears a mark that begins as a run's does is taken for its member",
        "",
        _CONTRACT,
        ("test_members_by_their_mark",),
        (Replaced("conman.primitives.marks.is_marked", _by_its_beginning),),
    ),
    HostExhibit(
        "stranger-is-watched",
        "K",
        "whoever has the pid of an init is waited for",
        "containerd#4204",
        "tests/unit/test_engine_watcher.py",
        ("test_a_stranger_with_the_same_pid_is_not_watched",),
        (Replaced("conman.primitives.processes.lives", _whoever_has_it),),
    ),
    HostExhibit(
        "two-daemons",
        "M",
        "a second daemon is begun beside the first, on the same directories",
        "",
        "tests/integration/test_host_instance.py",
        ("test_a_second_daemon_is_told_of_the_first",),
        (Replaced("conman.host.instance._take", _not_locked),),
    ),
)
