"""Who reads along with a container, at its shim: all that is written, then its end; nobody waits for him."""

import json
import os
import threading
from collections.abc import Generator

import pytest

from conman.shim import frames
from tests.integration.one_shim import CONTAINER, OneShim, one_shim, read
from tests.integration.stream_client import StreamClient, stream

TOKEN = "0123456789abcdef" * 2


@pytest.fixture
def shim() -> Generator[OneShim, None, None]:
    with one_shim() as one:
        os.mkfifo(f"{one.root}/rt/on")
        os.mkfifo(f"{one.root}/rt/off")
        yield one


def offer(token: str = TOKEN, **changes: object) -> str:
    wanted = {"token": token, "exec_id": "", "stdin": False, "stdout": True, "stderr": True}
    return json.dumps({**wanted, "size": None, "within_ms": 30_000, **changes})


def offered(shim: OneShim, **changes: object) -> str:
    """The stream socket's path, once a token opens it."""
    shim.ask("stream", offer(**changes))
    return f"{shim.directory}/stream.sock"


def created(shim: OneShim, init: str) -> None:
    shim.runtime_does(CONTAINER, init)
    shim.must_spawn()
    assert shim.create().call["init"]


def on(shim: OneShim, name: str = "on") -> None:
    """What the program waits for has come. Never twice by one name: it may be let go by who has yet to close it."""
    with open(f"{shim.root}/rt/{name}", "w", encoding="utf-8") as fifo:
        fifo.write("\n")


def test_who_reads_along_is_told_all_that_is_written_and_the_end(shim: OneShim) -> None:
    created(shim, 'echo out; echo err >&2; read _ <"$0/on"; printf last; exit 7')
    with stream(offered(shim), TOKEN) as client:
        client.until_accepted()
        shim.start()
        client.until(b"out\n")
        client.until(b"err\n", frames.STDERR)
        on(shim)
        assert client.until_end() == (frames.EXIT, {"code": 7, "signal": 0})
        assert client.output == {frames.STDOUT: b"out\nlast", frames.STDERR: b"err\n"}
    assert "stdout P last" in read(shim.log)
    assert json.loads(read(shim.record))["code"] == 7


def test_several_read_along_each_what_it_wants(shim: OneShim) -> None:
    created(shim, "echo out; echo err >&2")
    path = offered(shim, stderr=False)
    offered(shim, token="f" * 32, stdout=False)
    with stream(path, TOKEN) as one, stream(path, "f" * 32) as other:
        one.until_accepted()
        other.until_accepted()
        shim.start()
        assert one.until_end() == other.until_end() == (frames.EXIT, {"code": 0, "signal": 0})
        assert one.output == {frames.STDOUT: b"out\n", frames.STDERR: b""}
        assert other.output == {frames.STDOUT: b"", frames.STDERR: b"err\n"}


def test_a_reader_that_does_not_read_is_cut_off_and_nobody_waits(shim: OneShim) -> None:
    megabytes = 8
    created(shim, f"head -c {megabytes << 20} /dev/zero | tr '\\0' 'x'; echo done")
    path = offered(shim)
    offered(shim, token="f" * 32)
    with stream(path, TOKEN) as slow, stream(path, "f" * 32) as quick:
        slow.until_accepted()
        quick.until_accepted()
        shim.start()
        assert quick.until_end() == (frames.EXIT, {"code": 0, "signal": 0})
        assert quick.output[frames.STDOUT] == b"x" * (megabytes << 20) + b"done\n"
        told = slow.until_end()
        assert told is not None
        assert (told[0], told[1]["reason"]) == (frames.FAILED, "TooSlow")
        assert len(slow.output[frames.STDOUT]) < megabytes << 20


def test_a_reader_that_goes_away_is_nobodys_loss(shim: OneShim) -> None:
    created(shim, 'echo one; read _ <"$0/on"; echo two; exit 3')
    path = offered(shim)
    offered(shim, token="f" * 32)
    with stream(path, "f" * 32) as stays:
        with stream(path, TOKEN) as goes:
            goes.until_accepted()
            stays.until_accepted()
            shim.start()
            goes.until(b"one\n")
        on(shim)
        assert stays.until_end() == (frames.EXIT, {"code": 3, "signal": 0})
        assert stays.output[frames.STDOUT] == b"one\ntwo\n"


def refused(client: StreamClient) -> object:
    last = client.until_end()
    assert last is not None
    assert last[0] == frames.FAILED
    assert client.accepted is None
    return last[1]["reason"]


def test_a_token_opens_one_session(shim: OneShim) -> None:
    created(shim, "")
    path = offered(shim)
    with stream(path, TOKEN) as first, stream(path, TOKEN) as second:
        first.until_accepted()
        assert refused(second) == "BadToken"


def test_a_token_does_not_last(shim: OneShim) -> None:
    created(shim, "")
    with stream(offered(shim, within_ms=0), TOKEN) as late:
        assert refused(late) == "BadToken"


def test_who_has_no_token_is_nobody(shim: OneShim) -> None:
    created(shim, "")
    path = offered(shim)
    with stream(path, "") as nobody:
        assert refused(nobody) == "BadToken"


@pytest.mark.parametrize("data", [b"O\xff\xff\xff\xff", b"\0" * 5, b"X\0\0\0\0"])
def test_what_is_no_frame_ends_the_session_only(shim: OneShim, data: bytes) -> None:
    created(shim, "exit 4")
    with stream(offered(shim), TOKEN) as client:
        client.until_accepted()
        client.connection.sendall(data)
        last = client.until_end()
        assert last is not None
        assert (last[0], last[1]["reason"]) == (frames.FAILED, "BadFrame")
    shim.start()
    assert shim.ask("exit").exit["code"] == 4


def test_who_comes_after_the_end_is_told_the_end(shim: OneShim) -> None:
    created(shim, "exit 5")
    shim.start()
    assert shim.ask("exit").recorded
    with stream(offered(shim), TOKEN) as late:
        assert late.until_end() == (frames.EXIT, {"code": 5, "signal": 0})
        assert late.accepted == {"tty": False}


def test_a_shim_that_waits_for_its_create_has_no_stream(shim: OneShim) -> None:
    shim.must_spawn()
    shim.ask("stream", offer())
    assert not os.path.exists(f"{shim.directory}/stream.sock")


def test_its_successor_serves_whoever_comes_anew(shim: OneShim) -> None:
    created(shim, 'echo one; read _ <"$0/on"; echo two')
    with stream(offered(shim), TOKEN) as first:
        first.until_accepted()
        shim.start()
        first.until(b"one\n")
        shim.kill()
        assert first.until_end() is None
    shim.must_spawn()
    shim.ask("succeed", json.dumps({"log": shim.log}))
    with stream(offered(shim), TOKEN) as again:
        again.until_accepted()
        on(shim)
        again.until(b"two\n")
        shim.call("exit")
        last = again.until_end()
        assert last is not None
        assert (last[0], last[1]["reason"]) == (frames.FAILED, "ExitUnseen")


# ---- what is typed -------------------------------------------------------------------------------

#: Its init has the runtime's input.
READING = "exec 3<&0\n" + CONTAINER.replace("</dev/null", "<&3")


def reading(shim: OneShim, init: str, **task: object) -> None:
    shim.runtime_does(READING, init)
    shim.must_spawn()
    assert shim.create(stdin=True, **task).call["init"]
    shim.start()


def test_what_is_typed_is_read_and_ends(shim: OneShim) -> None:
    reading(shim, 'read word; echo "got $word"; cat; exit 3', stdin_once=True)
    with stream(offered(shim, stdin=True), TOKEN) as client:
        client.until_accepted().send(frames.INPUT, b"one\n")
        client.until(b"got one\n")
        client.send(frames.INPUT, b"two")
        client.until(b"two")
        client.send(frames.INPUT_END)
        assert client.until_end() == (frames.EXIT, {"code": 3, "signal": 0})
    assert not os.path.exists(f"{shim.directory}/stdin")


def test_much_is_typed_to_who_reads_later(shim: OneShim) -> None:
    megabytes = 3
    reading(shim, 'read _ <"$0/on"; wc -c', stdin_once=True)
    with stream(offered(shim, stdin=True), TOKEN) as client:
        client.until_accepted()
        writer = threading.Thread(target=type_much, args=(client, megabytes))
        writer.start()
        on(shim)
        assert client.until_end() == (frames.EXIT, {"code": 0, "signal": 0})
        writer.join()
        assert client.output[frames.STDOUT].strip() == str(megabytes << 20).encode()


def type_much(client: StreamClient, megabytes: int) -> None:
    for _ in range(megabytes * 16):
        client.send(frames.INPUT, b"x" * frames.LIMIT)
    client.send(frames.INPUT_END)


def test_who_does_not_read_what_is_typed_stops_nobody(shim: OneShim) -> None:
    reading(shim, 'read _ <"$0/on"; echo said; read _ <"$0/off"')
    path = offered(shim, stdin=True)
    offered(shim, token="f" * 32)
    with stream(path, TOKEN) as typing, stream(path, "f" * 32) as reads:
        reads.until_accepted()
        typing.until_accepted()
        for _ in range(3):
            typing.send(frames.INPUT, b"x" * frames.LIMIT)
        on(shim)
        reads.until(b"said\n")
        typing.until(b"said\n")
        on(shim, "off")
        assert reads.until_end() == (frames.EXIT, {"code": 0, "signal": 0})


def test_two_type_and_one_leaves(shim: OneShim) -> None:
    reading(shim, 'read a; read b; echo "$a $b"', stdin_once=False)
    path = offered(shim, stdin=True)
    offered(shim, token="f" * 32, stdin=True)
    with stream(path, "f" * 32) as stays:
        stays.until_accepted()
        with stream(path, TOKEN) as leaves:
            leaves.until_accepted().send(frames.INPUT, b"one\n")
            leaves.send(frames.INPUT_END)
        stays.send(frames.INPUT, b"two\n")
        stays.until_end()
        assert sorted(stays.output[frames.STDOUT].split()) == [b"one", b"two"]


def test_an_input_for_once_ends_with_who_leaves(shim: OneShim) -> None:
    reading(shim, 'cat; echo over; read _ <"$0/on"', stdin_once=True)
    path = offered(shim, stdin=True)
    offered(shim, token="f" * 32)
    with stream(path, "f" * 32) as reads:
        reads.until_accepted()
        with stream(path, TOKEN) as leaves:
            leaves.until_accepted().send(frames.INPUT, b"one\n")
            leaves.until(b"one\n")
        reads.until(b"over\n")
        on(shim)
        assert reads.until_end() == (frames.EXIT, {"code": 0, "signal": 0})


def test_who_may_not_type_is_told_so(shim: OneShim) -> None:
    created(shim, "")
    with stream(offered(shim), TOKEN) as client:
        client.until_accepted().send(frames.INPUT, b"one\n")
        last = client.until_end()
        assert last is not None
        assert (last[0], last[1]["reason"]) == (frames.FAILED, "BadFrame")


def test_what_is_no_terminal_has_no_size(shim: OneShim) -> None:
    created(shim, "")
    with stream(offered(shim), TOKEN) as client:
        client.until_accepted().send(frames.RESIZE, b'{"rows":25,"cols":80}')
        last = client.until_end()
        assert last is not None
        assert (last[0], last[1]["reason"]) == (frames.FAILED, "NoTerminal")
