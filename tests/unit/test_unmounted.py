"""Who writes into a root that is not mounted: one at a time, and whoever mounts or removes it comes first."""

import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from conman.core.layout import Layout
from conman.errors import HostError
from conman.host.unmounted import Unmounted, Writing
from conman.primitives.steps import Done, Failed, MountOverlay, Rename, Result, Step, Unlink

ID = "a" * 32
PATIENCE_S = 20


class One:
    """A container, whose root is put together as its upper directory."""

    def __init__(self, top: Path) -> None:
        self.layout = Layout(str(top), "", "01234567", "boot")
        for path in (self.layout.upper(ID), self.layout.rootfs(ID)):
            os.makedirs(path)
        self.unmounted = Unmounted(self.layout, self._put_together)
        self.work = Path(self.layout.work(ID, 0))
        self.is_mounted = False
        self.done: list[Step] = []

    def _put_together(self, upper: str, lower: str, work: str) -> int:
        assert lower == "/lower"
        assert Path(work) == self.work
        assert os.listdir(work) == []
        return os.open(upper, os.O_PATH)

    def writing(self) -> AbstractContextManager[Writing | None]:
        return self.unmounted.writing(ID, "/lower", lambda: self.is_mounted)

    def perform(self, step: Step) -> Result:
        assert not self.work.exists()
        self.done.append(step)
        self.is_mounted = self.is_mounted or isinstance(step, MountOverlay)
        return Done(1)

    def mount(self) -> MountOverlay:
        layout = self.layout
        return MountOverlay("/lower", layout.upper(ID), layout.work(ID, 1), layout.rootfs(ID))

    def remove(self) -> Rename:
        return Rename(self.layout.container(ID), self.layout.trash(ID))


@pytest.fixture
def one(tmp_path: Path) -> Iterator[One]:
    before = os.listdir("/proc/self/fd")
    yield One(tmp_path)
    assert os.listdir("/proc/self/fd") == before


def test_what_comes_is_read_and_nothing_stays(one: One) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"data")
    os.close(writer)
    one.work.mkdir()
    (one.work / "left").mkdir()
    with one.writing() as writing:
        assert writing is not None
        assert writing.read(reader, 100) == b"data"
        assert writing.read(reader, 100) == b""
    os.close(reader)
    assert not one.work.exists()


@pytest.mark.parametrize("step", ["mount", "remove"])
def test_who_needs_the_root_waits_for_no_client(one: One, step: str) -> None:
    reader, writer = os.pipe()
    begun, ends = threading.Event(), list[BaseException]()

    def write() -> None:
        try:
            with one.writing() as writing:
                assert writing is not None
                begun.set()
                writing.read(reader, 100)
        except HostError as error:
            ends.append(error)

    writer_thread = threading.Thread(target=write)
    writer_thread.start()
    assert begun.wait(PATIENCE_S)
    wanted: Step = one.mount() if step == "mount" else one.remove()
    assert one.unmounted.first(one.perform)(wanted) == Done(1)
    writer_thread.join(PATIENCE_S)
    [error] = ends
    assert "was started or removed while files were copied into it" in str(error)
    os.close(reader)
    os.close(writer)


def test_others_are_in_nobodys_way(one: One) -> None:
    perform = one.unmounted.first(lambda _step: Failed("EIO", "as it is"))
    with one.writing():
        assert perform(Unlink(one.layout.upper(ID))) == Failed("EIO", "as it is")
        other = Rename(one.layout.container("b" * 32), one.layout.trash("b" * 32))
        assert perform(other) == Failed("EIO", "as it is")


def test_a_second_one_waits_and_finds_what_is_mounted_meanwhile(one: One) -> None:
    """While it waits the container is started: then it writes where everybody sees it."""
    seen: list[Writing | None] = []
    holds, may_mount = threading.Event(), threading.Event()

    def mounting(step: Step) -> Result:
        holds.set()
        assert may_mount.wait(PATIENCE_S)
        return one.perform(step)

    def second() -> None:
        with one.writing() as writing:
            seen.append(writing)

    mounter = threading.Thread(target=lambda: one.unmounted.first(mounting)(one.mount()))
    mounter.start()
    assert holds.wait(PATIENCE_S)
    waiter = threading.Thread(target=second)
    waiter.start()
    assert seen == []
    may_mount.set()
    for each in (mounter, waiter):
        each.join(PATIENCE_S)
    assert seen == [None]
