"""A shim's life as a real process: create, the container's output, its end, its record, who may ask."""

import fcntl
import json
import os
import shutil
import threading
import time
from collections.abc import Iterator

import pytest

from conman.host.shims import Shims
from conman.primitives.processes import program, start_time
from conman.primitives.steps import Absent, ShimAnswer
from tests.integration.one_shim import CALL_MARK, CONTAINER, OneShim, one_shim, read, write


@pytest.fixture
def one() -> Iterator[OneShim]:
    with one_shim() as made:
        yield made


def waits_for(path: str) -> str:
    """sh: nothing happens until the test opens this FIFO for writing."""
    os.mkfifo(path)
    return f"read _ <{path}\n"


def let_go(path: str) -> None:
    write(path, "\n")


def lives(pid: int) -> bool:
    found = read(f"/proc/{pid}/stat").rpartition(")")[2].split() if start_time(pid) else ["Z"]
    return found[0] != "Z"


def log_of(one: OneShim) -> list[tuple[str, ...]]:
    """Stream, tag and text of each line; each time is checked to be one."""
    lines = [line.split(" ", 3) for line in read(one.log).splitlines()]
    for line in lines:
        assert len(line[0]) == len("2016-10-06T00:17:09.669794202Z")
    return [tuple(line[1:]) for line in lines]


# ---- create, exit, record ----------------------------------------------------------------------


def test_a_container_lives_and_ends(one: OneShim) -> None:
    one.runtime_does(CONTAINER, "echo out; echo err >&2; printf rest; exit 7")
    one.must_spawn()
    created = one.create()
    init = created.call["init"]
    assert (created.call["code"], created.call["stderr"], created.exit) == (0, "", None)
    assert init["start_time"] == start_time(init["pid"])
    runs = program(init["pid"])
    assert runs is not None
    assert (init["device"], init["inode"], init["cmdline"]) == (
        runs.device,
        runs.inode,
        runs.cmdline,
    )

    one.start()
    ended = one.ask("exit")
    assert ended.recorded
    assert (ended.exit["code"], ended.exit["signal"], ended.exit["by"]) == (7, 0, "shim")
    assert json.loads(read(one.record)) == ended.exit
    assert (ended.exit["pid"], ended.exit["start_time"]) == (init["pid"], init["start_time"])
    assert os.listdir(os.path.dirname(one.record)) == ["exit.json"]
    assert sorted(log_of(one)) == [
        ("stderr", "F", "err"),
        ("stdout", "F", "out"),
        ("stdout", "P", "rest"),
    ]


def test_a_death_by_signal_is_told_as_one(one: OneShim) -> None:
    one.runtime_does(CONTAINER, "kill -s KILL $$")
    one.must_spawn()
    ended = one.run().exit
    assert (ended["code"], ended["signal"]) == (137, 9)


def test_an_init_that_ends_before_create_returns_is_recorded(one: OneShim) -> None:
    """Its status waits as a zombie until the call itself was reaped."""
    one.runtime_does(
        'setsid --fork sh -c \'printf %s $$ >"$0"; exit 3\' "$pid_file"\n'
        'until [ -s "$pid_file" ]; do sleep 0.01; done; sleep 0.2\n'
    )
    one.must_spawn()
    created = one.create()
    assert created.call["code"] == 0
    assert (created.call["init"]["inode"], created.call["init"]["cmdline"]) == (0, "")
    assert one.ask("exit").exit["code"] == 3


def test_a_failed_create_says_why_and_leaves_the_log_alone(one: OneShim) -> None:
    one.runtime_does(
        "echo 'the same, bare' >&2\n"
        """echo '{"level":"warning","msg":"no"}' >>"$log"\n"""
        """echo '{"level":"error","msg":"exec: \\"x\\": not found","time":"t"}' >>"$log"\n"""
        """echo '{"level":"info","msg":"bye"}' >>"$log"\n"""
        "exit 1\n"
    )
    one.must_spawn()
    call = one.create().call
    assert call == {"code": 1, "init": None, "stderr": 'exec: "x": not found', "stdout": ""}
    assert not os.path.exists(one.log)
    assert one.ask("exit").exit is None


def test_a_runtime_without_a_json_log_is_heard_too(one: OneShim) -> None:
    one.runtime_does("head -c 300000 /dev/zero >&2\necho 'plain words' >&2\nexit 4\n")
    one.must_spawn()
    call = one.create().call
    assert call["code"] == 4
    assert call["stderr"].endswith("plain words\n")


def test_what_a_runtime_says_before_the_container_runs_is_not_logged(one: OneShim) -> None:
    one.runtime_does(f"echo warning >&2\n{CONTAINER}\necho bye; echo bye >&2", "echo mine")
    one.must_spawn()
    one.run()
    assert log_of(one) == [("stdout", "F", "mine")]


def test_an_answer_without_an_init_is_no_success(one: OneShim) -> None:
    one.runtime_does("exit 0")
    one.must_spawn()
    created = one.create()
    assert (created.call["code"], created.call["init"]) == (0, None)


def test_a_missing_runtime_is_127(one: OneShim) -> None:
    one.must_spawn()
    call = one.create(argv=[f"{one.root}/none", "create"]).call
    assert (call["code"], call["init"]) == (127, None)
    assert "No such file" in call["stderr"]


def test_a_runtime_that_cannot_be_executed_is_126(one: OneShim) -> None:
    one.must_spawn()
    assert one.create(argv=[one.root]).call["code"] == 126


def test_a_call_gets_little_and_inherits_its_lock(
    one: OneShim, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/notify")
    monkeypatch.setenv("LISTEN_FDS", "1")
    monkeypatch.setenv("SECRET", "x")
    seen = f"{one.root}/seen"
    one.runtime_does(
        f"tr '\\0' '\\n' </proc/$$/environ >{seen}.env\n"
        f"grep -E 'Sig(Ign|Blk)' /proc/self/status >{seen}.signals\n"
        f"for fd in /proc/$$/fd/*; do readlink $fd; done >{seen}.files\n"
        f'flags=$(grep flags /proc/$$/fdinfo/1 /proc/$$/fdinfo/2)\necho "$flags" >{seen}.flags\n'
        "exit 1\n"
    )
    one.must_spawn()
    one.create()
    environment = dict(line.split("=", 1) for line in read(f"{seen}.env").splitlines())
    assert set(environment) == {"PATH", "CONMAN_CALL"}
    assert f"CONMAN_CALL={environment['CONMAN_CALL']}" == CALL_MARK
    # Signals 32 and 33 are glibc's own, which posix_spawn leaves ignored.
    signals = [int(line.split()[1], 16) for line in read(f"{seen}.signals").splitlines()]
    assert [bits & ~(3 << 31) for bits in signals] == [0, 0]
    files = set(read(f"{seen}.files").splitlines()) - {one.runtime, f"{one.root}/rt/create"}
    fifos = {f"{one.directory}/stdout", f"{one.directory}/stderr"}
    assert files - {f"{seen}.files"} == {"/dev/null", one.lock, *fifos}
    # Blocking, readable and writable: no death of the shim's is a broken pipe.
    assert {int(line.split()[1], 8) & 0o4003 for line in read(f"{seen}.flags").splitlines()} == {2}


# ---- ending a call -----------------------------------------------------------------------------

# The runtime, a child that has its environment, and a half-made init with the state's mark only.
HANGS = """
sleep 600 &
echo $! >>{root}/pids
env -i _LIBCONTAINER_STATEDIR={state} sleep 600 &
echo $! >>{root}/pids
echo $$ >>{root}/pids
echo ready >{root}/begun
exec sleep 600
"""


def hang(one: OneShim) -> None:
    os.mkfifo(f"{one.root}/begun")
    one.runtime_does(HANGS.format(root=one.root, state=one.state))


def all_ended(one: OneShim) -> bool:
    pids = [int(line) for line in read(f"{one.root}/pids").split()]
    return len(pids) == 3 and not any(lives(pid) for pid in pids)


def test_a_call_that_takes_too_long_is_ended_with_all_it_began(one: OneShim) -> None:
    hang(one)
    one.must_spawn()
    begun = os.open(f"{one.root}/begun", os.O_RDWR)
    call = one.create(timeout_ms=500).call
    os.close(begun)
    assert call == {"code": 137, "init": None, "stderr": "timed out", "stdout": ""}
    assert all_ended(one)


def test_hello_of_a_new_daemon_fences_the_call_in_flight(one: OneShim) -> None:
    hang(one)
    one.must_spawn()
    first: list[object] = []
    caller = threading.Thread(target=lambda: first.append(one.call("create", one.task())))
    caller.start()
    read(f"{one.root}/begun")
    second = Shims()
    try:
        answer = one.ask("hello", shims=second)
    finally:
        second.close()
        caller.join()
    assert (answer.call["code"], answer.call["init"]) == (137, None)
    assert all_ended(one)
    # The old daemon's connection was closed; asking anew, it is told the same.
    assert isinstance(first[0], ShimAnswer)


def test_hello_does_not_harm_what_was_created(one: OneShim) -> None:
    one.runtime_does(CONTAINER)
    one.must_spawn()
    init = one.create().call["init"]
    second = Shims()
    try:
        assert one.ask("hello", shims=second).call["init"] == init
    finally:
        second.close()
    assert lives(init["pid"])
    one.start()
    assert one.ask("exit").exit["code"] == 0


def test_a_lock_that_is_held_lets_no_second_call_begin(one: OneShim) -> None:
    one.must_spawn()
    with open(one.lock, "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        call = one.create().call
    assert call["code"] == 126
    assert one.lock in call["stderr"]


# ---- the container's output --------------------------------------------------------------------


def test_a_container_outlives_its_shim_and_goes_on_when_somebody_reads(one: OneShim) -> None:
    """With pipes `yes | cat` is dead within 20 ms of its reader; here it waits, and goes on."""
    one.runtime_does(CONTAINER, "yes | cat")
    one.must_spawn()
    init = one.create().call["init"]
    one.start()
    one.kill()
    reader = os.open(f"{one.directory}/stdout", os.O_RDONLY)
    try:
        got = sum(len(os.read(reader, 65536)) for _ in range(100))
    finally:
        os.close(reader)
    assert got > 65536  # more than a FIFO holds: it writes on
    assert lives(init["pid"])
    assert one.call("exit") == Absent()


def test_output_that_is_no_text_is_logged_as_it_is(one: OneShim) -> None:
    text = "printf 'a\\377\\0b\\r\\n\\n'; head -c 200000 /dev/zero | tr '\\0' z"
    one.runtime_does(CONTAINER, text)
    one.must_spawn()
    one.run()
    with open(one.log, "rb") as file:
        lines = [line.split(b" ", 3)[1:] for line in file.read().split(b"\n")[:-1]]
    assert lines[:2] == [[b"stdout", b"F", b"a\xff\0b\r"], [b"stdout", b"F", b""]]
    assert {line[1] for line in lines[2:]} == {b"P"}
    assert b"".join(line[2] for line in lines[2:]) == b"z" * 200_000


def test_who_holds_the_output_open_does_not_delay_the_exit_for_ever(one: OneShim) -> None:
    go = f"{one.root}/go"
    one.runtime_does(CONTAINER, f"(trap '' HUP; {waits_for(go).strip()}; echo late) &\nexit 0")
    one.must_spawn()
    begun = time.monotonic()
    assert one.run().recorded
    assert 1.5 < time.monotonic() - begun < 10
    # And what it writes later is logged all the same.
    let_go(go)
    deadline = time.monotonic() + 10
    while "late" not in read(one.log):
        assert time.monotonic() < deadline
        one.ask("hello")


def test_a_log_that_cannot_be_written_stops_nobody(one: OneShim) -> None:
    os.mkdir(one.log)
    one.runtime_does(CONTAINER, "head -c 300000 /dev/zero; exit 5")
    one.must_spawn()
    ended = one.run()
    assert (ended.exit["code"], ended.recorded) == (5, True)


# ---- the record --------------------------------------------------------------------------------


def test_a_record_that_cannot_be_written_is_kept_and_tried_again(one: OneShim) -> None:
    one.runtime_does(CONTAINER, "exit 9")
    shutil.rmtree(f"{one.root}/data/runs")
    write(f"{one.root}/data/runs", "in the way")
    one.must_spawn()
    ended = one.run()
    for _ in range(2):
        assert (ended.exit["code"], ended.recorded) == (9, False)
        ended = one.ask("exit")
    os.unlink(f"{one.root}/data/runs")
    os.mkdir(f"{one.root}/data/runs")
    again = one.ask("exit")
    assert again.recorded
    assert json.loads(read(one.record)) == again.exit == ended.exit


def test_a_record_that_failed_in_its_middle_is_void(one: OneShim) -> None:
    """The steps after a failed one would publish whatever was there before."""
    one.runtime_does(CONTAINER, "exit 9")
    os.makedirs(f"{one.record}.tmp")
    one.must_spawn()
    assert not one.run().recorded
    assert not os.path.exists(one.record)
    os.rmdir(f"{one.record}.tmp")
    assert one.ask("exit").recorded
