"""A shim's answers go over a socket as they are made: the longest there can be, and what fits nowhere."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from conman.core.shim_call import shim_state
from conman.primitives.light import socket
from conman.shim import execs, machine, protocol, task
from conman.shim.connections import Connections
from conman.shim.protocol import Packet, encode
from conman.shim.readers import Readers

SMILE = "\U0001f600"
BOOT = "01234567-89ab-cdef-0123-456789abcdef"
MOST_PID, LATE = 4_194_304, 2**63 - 1


class Asked:
    """A shim's side of one connection, which has asked for something."""

    def __init__(self, directory: str) -> None:
        self._readers, told = Readers(), list[machine.Input]()
        self.listener = protocol.listen(directory)
        self.asking = protocol.connect(directory)
        self.connections = Connections(self.listener, self._readers, told.append)
        self.asking.send(encode(Packet("hello", 7, "{}")))
        for _ in ("accepted", "read"):
            [callback] = self._readers.wait(None)
            callback()
        assert told == [machine.Requested(1, 7, "hello", "{}")]

    def told(self, body: str) -> Packet | None:
        self.connections.send(1, 7, body)
        return protocol.receive(self.asking, protocol.ANSWER_BYTES)

    @property
    def accepted(self) -> socket.socket:
        return self.connections._open[1]

    def close(self) -> None:
        self.accepted.close()
        for each in (self.asking, self.listener, self._readers):
            each.close()


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[Asked]:
    with closing(Asked(str(tmp_path))) as made:
        yield made


def an_exec(number: int, known: tuple[str, ...] = ()) -> execs.ExecTask:
    exec_id = f"{number:032x}"
    return execs.ExecTask(exec_id, ("runc",), "", "", "", "", BOOT, 1, False, False, known)


def as_many_as_may_be(init: task.Init) -> machine.State:
    """255 that were killed and of whose ends nobody has heard, and one more whose call failed at length."""
    known: execs.Execs = ()
    for number in range(255):
        known = execs.begun(known, an_exec(number, tuple(one.task.id for one in known)))
        process = execs.ExecProcess(BOOT, MOST_PID - number, LATE)
        known = execs.called(known, 0, "", process)
        known = execs.over(known, known[-1], execs.ExecEnd(137, 9, LATE))
    known = execs.begun(known, an_exec(255, tuple(one.task.id for one in known)))
    known = execs.called(known, 255, 4_000 * SMILE, None)
    call = machine.CallEnded(0, "", "", init)
    ended = machine.ChildEnded(MOST_PID, 137, 9, LATE)
    return machine.State(
        machine.Phase.ENDED,
        call=call,
        init=init,
        ended=ended,
        oom_kills=LATE,
        stream=1_024 * SMILE,
        execs=known,
    )


@pytest.mark.parametrize("argument", ["\0", '"', "\\", "\x01", "\\x80"])
def test_the_longest_answer_arrives(argument: str, asked: Asked) -> None:
    """JSON in JSON makes seven bytes of a NUL, and of a byte that is no text, and fourteen of a smile."""
    init = task.Init(BOOT, MOST_PID, LATE, LATE, LATE, argument * 4_096)
    body = machine.describe(as_many_as_may_be(init), log=1_024 * SMILE)
    told = asked.told(body)
    assert told == Packet("answer", 7, body)
    known = shim_state(told.body)
    assert known is not None
    assert [one.code for one in known.execs] == [137] * 255 + [None]


def test_an_answer_that_is_too_long_is_refused_and_the_shim_goes_on(
    asked: Asked, capfd: pytest.CaptureFixture[str]
) -> None:
    refused = asked.told("y" * protocol.ANSWER_BYTES)
    assert refused is not None
    assert (refused.op, refused.seq) == ("refused", 7)
    assert "the most" in refused.body
    assert "cannot be sent" in capfd.readouterr().err
    assert asked.told("{}") == Packet("answer", 7, "{}")


def test_nor_does_a_shim_end_of_a_host_that_takes_less(asked: Asked) -> None:
    asked.accepted.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
    refused = asked.told("y" * 60_000)
    assert refused is not None
    assert refused.op == "refused"
    assert "Message too long" in refused.body
    assert asked.told("{}") == Packet("answer", 7, "{}")
