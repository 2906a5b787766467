"""A shim with many clients: it may have as many descriptors as the host lets it, and gives none of that on."""

import contextlib
import json
import os
import resource
from collections.abc import Generator
from contextlib import contextmanager
from socket import socket

import pytest

from conman.host import spawner
from conman.host.shims import Shims
from conman.shim import frames, protocol
from tests.integration.one_shim import CONTAINER, OneShim, one_shim, read
from tests.integration.stream_client import stream
from tests.integration.test_descriptors import limits
from tests.integration.test_shim_streams import TOKEN, offer

#: A shim at rest has twelve or so open.
GIVEN = 40


@pytest.fixture
def one() -> Generator[OneShim]:
    with one_shim() as made:
        yield made


@contextmanager
def clients(one: OneShim, count: int, name: str = protocol.SOCKET) -> Generator[list[socket]]:
    """So many, who say nothing; each was taken, or could have been."""
    kind = protocol.socket.SOCK_STREAM if name == "stream.sock" else protocol.socket.SOCK_SEQPACKET
    with contextlib.ExitStack() as stack:
        made = [
            stack.enter_context(protocol.connect(one.directory, name, kind)) for _ in range(count)
        ]
        # A turn for each: the listener is asked in every one in which something waits there.
        for _ in range(count):
            one.ask("hello")
        yield made


def test_it_has_more_than_it_was_given_and_its_programs_have_not(
    one: OneShim, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spawner, "given", lambda: GIVEN)
    one.runtime_does(f'ulimit -Sn >"$here/limit"; {CONTAINER}', "exit 0")
    one.must_spawn()
    one.ask("hello")
    with clients(one, 2 * GIVEN):
        assert len(os.listdir(f"/proc/{one.pid()}/fd")) > 2 * GIVEN
        made = one.create()
        assert made.call["init"], (made, read(f"{one.directory}/shim.stderr"))
        init = made.call["init"]["pid"]
        assert read(f"{one.root}/rt/limit") == f"{GIVEN}\n"
        assert limits(init)[0] == str(GIVEN)
        assert limits(one.pid())[0] == limits(one.pid())[1]


@pytest.mark.parametrize("name", [protocol.SOCKET, "stream.sock", protocol.KEEP])
def test_who_finds_no_room_waits_and_the_shim_goes_on(one: OneShim, name: str) -> None:
    one.runtime_does(CONTAINER, "exit 7")
    one.must_spawn()
    assert one.create(stdin=True).call["init"]
    one.ask("stream", offer())
    resource.prlimit(one.pid(), resource.RLIMIT_NOFILE, (GIVEN, GIVEN))
    with clients(one, 2 * GIVEN), clients(one, 3, name):
        assert len(os.listdir(f"/proc/{one.pid()}/fd")) == GIVEN
        assert "Too many open files" in read(f"{one.directory}/shim.stderr")
    other = Shims()
    try:
        assert one.ask("hello", shims=other).exit is None
    finally:
        other.close()
    with stream(f"{one.directory}/stream.sock", TOKEN) as client:
        client.until_accepted()
        one.start()
        assert client.until_end() == (frames.EXIT, {"code": 7, "signal": 0})
    assert json.loads(read(one.record))["code"] == 7
