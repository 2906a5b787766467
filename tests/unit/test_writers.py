"""Who copies into a root: whoever mounts, unmounts or removes it comes first, and waits for no client."""

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest

from conman.core.layout import Layout
from conman.errors import HostError
from conman.host import writers
from conman.host.writers import Writers, Writing
from conman.primitives.steps import (
    Done,
    Failed,
    MountOverlay,
    Rename,
    Result,
    Step,
    Unlink,
    Unmount,
)

ID = "a" * 32
PATIENCE_S = 20


class One:
    """A container, whose root is put together as its upper directory."""

    def __init__(self, top: Path) -> None:
        self.layout = Layout(str(top), "", "01234567", "boot")
        for path in (self.layout.upper(ID), self.layout.rootfs(ID)):
            os.makedirs(path)
        self.writers = Writers(self.layout, self._put_together)
        self.work = Path(self.layout.work(ID, 0))
        self.is_mounted = False
        self.done: list[Step] = []
        self.put_together: list[int] = []

    def _put_together(self, upper: str, lower: str, work: str) -> int:
        assert lower == "/lower"
        assert Path(work) == self.work
        assert os.listdir(work) == []
        self.put_together.append(os.open(upper, os.O_PATH))
        return self.put_together[-1]

    def _mounted(self) -> int | None:
        return os.open(self.layout.rootfs(ID), os.O_PATH) if self.is_mounted else None

    def writing(self) -> AbstractContextManager[Writing]:
        return self.writers.writing(ID, "/lower", self._mounted)

    def place(self, writing: Writing) -> str:
        return os.readlink(f"/proc/self/fd/{writing.root}")

    def perform(self, step: Step) -> Result:
        assert not self.work.exists()
        self.done.append(step)
        self.is_mounted = self.is_mounted or isinstance(step, MountOverlay)
        return Done(1)

    def step(self, verb: str) -> Step:
        layout = self.layout
        match verb:
            case "mount":
                parts = ("/lower", layout.upper(ID), layout.work(ID, 1))
                return MountOverlay(*parts, layout.rootfs(ID))
            case "unmount":
                return Unmount(layout.rootfs(ID))
            case _:
                return Rename(layout.container(ID), layout.trash(ID))


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
        assert writing.read(reader, 100) == b"data"
        assert writing.read(reader, 100) == b""
    os.close(reader)
    assert not one.work.exists()


class Stalled:
    """Copies, and whose client sends nothing; `error`: how each ended."""

    def __init__(self, one: One, count: int = 1) -> None:
        self.errors: list[HostError] = []
        self._one = one
        self._pipe = os.pipe()
        self._begun = threading.Barrier(count + 1)
        self._threads = [threading.Thread(target=self._write) for _ in range(count)]
        for each in self._threads:
            each.start()
        self._begun.wait(PATIENCE_S)

    def _write(self) -> None:
        try:
            with self._one.writing() as writing:
                self._begun.wait(PATIENCE_S)
                writing.read(self._pipe[0], 100)
        except HostError as error:
            self.errors.append(error)

    def ended(self) -> list[str]:
        for each in self._threads:
            each.join(PATIENCE_S)
        for end in self._pipe:
            os.close(end)
        return [str(error) for error in self.errors]


@pytest.mark.parametrize("is_mounted", [False, True])
@pytest.mark.parametrize("verb", ["mount", "unmount", "remove"])
def test_who_needs_the_root_waits_for_no_client(one: One, verb: str, *, is_mounted: bool) -> None:
    one.is_mounted = is_mounted
    stalled = Stalled(one, 2)
    assert one.writers.first(one.perform)(one.step(verb)) == Done(1)
    told = stalled.ended()
    assert len(told) == 2
    assert all("was started, stopped or removed while files were copied" in each for each in told)


def test_others_are_in_nobodys_way(one: One) -> None:
    perform = one.writers.first(lambda _step: Failed("EIO", "as it is"))
    with one.writing():
        assert perform(Unlink(one.layout.upper(ID))) == Failed("EIO", "as it is")
        other = Rename(one.layout.container("b" * 32), one.layout.trash("b" * 32))
        assert perform(other) == Failed("EIO", "as it is")


def test_all_who_write_at_once_have_the_same_root(one: One) -> None:
    """It is there for the last one, too."""
    with one.writing() as first:
        with one.writing() as second:
            assert second.root == first.root
        assert one.place(first) == one.layout.upper(ID)
        assert one.work.exists()
    assert len(one.put_together) == 1
    assert not one.work.exists()
    with one.writing() as third:
        assert one.place(third) == one.layout.upper(ID)
    assert len(one.put_together) == 2


def test_whose_root_cannot_be_put_together_holds_nobody_up(one: One) -> None:
    os.rmdir(one.layout.upper(ID))
    for _ in range(2):
        with pytest.raises(FileNotFoundError), one.writing():
            pass
    assert one.writers.first(one.perform)(one.step("remove")) == Done(1)


@pytest.mark.parametrize("fails", [False, True])
def test_what_cannot_be_tidied_up_changes_no_answer(
    one: One, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, *, fails: bool
) -> None:
    """What was copied is there, and what failed failed for its own reason; the next one tidies up."""

    def broken(path: str) -> None:
        if os.path.exists(path):
            raise OSError(errno.EIO, "Input/output error", path)

    monkeypatch.setattr(writers, "remove_tree", broken)
    with pytest.raises(KeyError) if fails else nullcontext(), one.writing():
        if fails:
            raise KeyError
    assert f"{one.work} is left" in caplog.text
    with pytest.raises(OSError, match="Input/output error"), one.writing():
        pass
    monkeypatch.undo()
    with one.writing():
        pass
    assert not one.work.exists()


def test_who_comes_while_it_is_mounted_waits_and_finds_it(one: One) -> None:
    seen: list[str] = []
    holds, may_mount = threading.Event(), threading.Event()

    def mounting(step: Step) -> Result:
        holds.set()
        assert may_mount.wait(PATIENCE_S)
        return one.perform(step)

    def write() -> None:
        with one.writing() as writing:
            seen.append(one.place(writing))

    mounter = threading.Thread(target=lambda: one.writers.first(mounting)(one.step("mount")))
    mounter.start()
    assert holds.wait(PATIENCE_S)
    waiter = threading.Thread(target=write)
    waiter.start()
    assert seen == []
    may_mount.set()
    for each in (mounter, waiter):
        each.join(PATIENCE_S)
    assert seen == [one.layout.rootfs(ID)]
