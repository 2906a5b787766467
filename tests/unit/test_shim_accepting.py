"""A shim without a descriptor for who comes: he waits in the queue, and the shim does not turn for him."""

from contextlib import closing
from pathlib import Path

import pytest

from conman.shim import accepting, protocol, runtime
from conman.shim.readers import Readers
from tests.unit.few_descriptors import open_now, room_for


def test_who_finds_no_room_is_left_alone_for_a_wait_and_taken_when_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(accepting, "_told", [])
    readers, taken = Readers(), list[protocol.socket.socket]()

    def take() -> None:
        if (one := accepting.accepted(listener, readers)) is not None:
            taken.append(one)

    with closing(protocol.listen(str(tmp_path))) as listener, protocol.connect(str(tmp_path)):
        readers.register(listener.fileno(), take)
        with room_for(0):
            for _ in range(3):
                # It is there for a look, and away for the wait after it, which ends all the same.
                [callback] = readers.wait(None)
                callback()
                assert readers.wait(None) == []
        assert not taken
        [callback] = readers.wait(None)
        callback()
        assert len(taken) == 1
        assert readers.wait(0) == []
        readers.unregister(listener.fileno())
    taken[0].close()
    readers.close()
    assert capfd.readouterr().err.count("Too many open files") == 1


def test_what_was_set_aside_may_go(tmp_path: Path) -> None:
    readers = Readers()
    with closing(protocol.listen(str(tmp_path))) as listener:
        readers.register(listener.fileno(), list)
        readers.set_aside(listener.fileno())
        readers.unregister(listener.fileno())
        assert readers.wait(0) == []
    readers.close()


def test_a_runtimes_last_words_that_cannot_be_read_are_what_it_wrote(tmp_path: Path) -> None:
    (tmp_path / "log").write_text('{"level":"error","msg":"from the log"}\n')
    assert runtime.last_words(f"{tmp_path}/log", b"written") == "from the log"
    with room_for(0):
        assert runtime.last_words(f"{tmp_path}/log", b"written") == "written"


def test_no_socket_stays_open_where_none_can_be_bound(tmp_path: Path) -> None:
    before = open_now()
    for room in range(3):
        with room_for(room), pytest.raises(OSError, match="Too many open files"):
            protocol.listen(str(tmp_path))
    assert open_now() == before
