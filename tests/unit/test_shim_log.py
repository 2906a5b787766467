"""The CRI log: its lines, and what happens when the disk is full, or a line was left torn."""

import errno
import os
from pathlib import Path

import pytest

from conman.shim import log as module
from conman.shim.log import Log, records

AT = 1_475_716_217_000_000_042
HEAD = b"2016-10-06T01:10:17.000000042Z stdout "


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", b""),
        (b"a\n", HEAD + b"F a\n"),
        (b"a", HEAD + b"P a\n"),
        (b"a\nb", HEAD + b"F a\n" + HEAD + b"P b\n"),
        (b"\n\n", HEAD + b"F \n" + HEAD + b"F \n"),
        (b"\r\xff\0 \n", HEAD + b"F \r\xff\0 \n"),
    ],
)
def test_lines(data: bytes, lines: bytes) -> None:
    assert records("stdout", data, AT) == lines


def texts(path: Path) -> list[bytes]:
    return [line.split(b" ", 1)[-1] for line in path.read_bytes().split(b"\n")]


class Disk:
    """os.write on a disk with so much space left."""

    def __init__(self, left: int) -> None:
        self.left = left

    def write(self, fd: int, data: memoryview) -> int:
        if self.left == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = self._write(fd, data[: self.left])
        self.left -= written
        return written

    _write = staticmethod(os.write)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    made = Disk(1 << 30)
    monkeypatch.setattr(module.os, "write", made.write)
    return made


def test_what_is_lost_is_said_when_there_is_space_again(tmp_path: Path, disk: Disk) -> None:
    log = Log(str(tmp_path / "log"))
    log.write("stdout", b"one\n")
    disk.left = 10
    log.write("stdout", b"two\n")
    log.write("stderr", b"three\n")
    assert log.lost == 10
    disk.left = 1 << 30
    log.write("stdout", b"four\n")
    assert log.lost == 0
    log.close()
    assert texts(tmp_path / "log") == [
        b"stdout F one",
        b"stderr F conman: 10 bytes of output were lost here: No space left on device",
        b"stdout F four",
        b"",
    ]


def test_the_loss_is_said_at_the_end_too(tmp_path: Path, disk: Disk) -> None:
    log = Log(str(tmp_path / "log"))
    disk.left = 0
    log.write("stdout", b"gone\n")
    disk.left = 1 << 30
    log.touch()
    log.close()
    assert b"conman: 5 bytes of output were lost here" in (tmp_path / "log").read_bytes()


def test_half_a_line_that_cannot_be_taken_back_is_ended(
    tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_fd: int, _size: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    log = Log(str(tmp_path / "log"))
    monkeypatch.setattr(module.os, "ftruncate", refuse)
    disk.left = 40
    log.write("stdout", b"a longer line\n")
    disk.left = 1 << 30
    log.write("stdout", b"whole\n")
    log.close()
    lines = texts(tmp_path / "log")
    assert lines[1:] == [
        b"stderr F conman: 14 bytes of output were lost here: No space left on device",
        b"stdout F whole",
        b"",
    ]


def test_a_line_that_an_earlier_shim_left_torn_is_ended(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"2016-10-06T01:10:17.000000042Z stdout F tor")
    log = Log(str(path))
    log.write("stdout", b"whole\n")
    log.write("stdout", b"more\n")
    log.close()
    assert texts(path) == [b"stdout F tor", b"stdout F whole", b"stdout F more", b""]


def test_a_log_that_cannot_be_opened_is_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "later" / "log"
    log = Log(str(path))
    log.write("stdout", b"early\n")
    path.parent.mkdir()
    log.write("stdout", b"late\n")
    log.close()
    assert texts(path) == [
        b"stderr F conman: 6 bytes of output were lost here: No such file or directory",
        b"stdout F late",
        b"",
    ]


def test_a_link_in_place_of_the_log_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "log").symlink_to("elsewhere")
    log = Log(str(tmp_path / "log"))
    log.touch()
    log.close()
    assert not (tmp_path / "elsewhere").exists()
    assert log.lost == 0


def test_a_silent_container_has_a_log(tmp_path: Path) -> None:
    log = Log(str(tmp_path / "log"))
    log.touch()
    log.close()
    assert (tmp_path / "log").read_bytes() == b""
    assert os.stat(tmp_path / "log").st_mode & 0o777 == 0o640


def test_what_was_written_is_not_taken_back(tmp_path: Path, disk: Disk) -> None:
    """Whole lines stay, for somebody may have read them; only the rest is lost, and said."""
    log = Log(str(tmp_path / "log"))
    disk.left = 100
    log.write("stdout", b"one\ntwo\nthree\nfo")
    assert log.lost == len(b"three\nfo")
    assert texts(tmp_path / "log") == [b"stdout F one", b"stdout F two", b""]
    disk.left = 60
    log.write("stdout", b"six\n")
    assert log.lost == len(b"three\nfosix\n")
    disk.left = 1 << 30
    log.write("stdout", b"seven\n")
    log.close()
    assert texts(tmp_path / "log") == [
        b"stdout F one",
        b"stdout F two",
        b"stderr F conman: 12 bytes of output were lost here: No space left on device",
        b"stdout F seven",
        b"",
    ]


def test_a_loss_that_was_said_is_not_said_again(tmp_path: Path, disk: Disk) -> None:
    log = Log(str(tmp_path / "log"))
    disk.left = 0
    log.write("stdout", b"one\n")
    disk.left = 150
    log.write("stdout", b"two\nthree\n")
    assert log.lost == len(b"three\n")
    log.close()
    assert texts(tmp_path / "log") == [
        b"stderr F conman: 4 bytes of output were lost here: No space left on device",
        b"stdout F two",
        b"",
    ]


def test_a_moved_log_that_cannot_be_synced_is_not_left(tmp_path: Path) -> None:
    """Whoever is told that it was reopened may rely on what was moved."""
    path = tmp_path / "log"
    log = Log(str(path))
    log.write("stdout", b"one\n")
    path.rename(tmp_path / "moved")
    with pytest.raises(OSError, match="cannot be synced"):
        log.reopen(lambda _: 0)
    log.write("stdout", b"two\n")
    assert not path.exists()
    log.reopen(len)
    log.write("stdout", b"three\n")
    log.close()
    assert texts(tmp_path / "moved") == [b"stdout F one", b"stdout F two", b""]
    assert texts(path) == [b"stdout F three", b""]


def test_a_log_that_was_only_made_may_be_moved_as_often_as_one_likes(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = Log(str(path))
    for number in range(3):
        log.reopen(len)
        path.rename(tmp_path / f"moved-{number}")
    log.write("stdout", b"one\n")
    log.close()
    assert texts(path) == [b"stdout F one", b""]
