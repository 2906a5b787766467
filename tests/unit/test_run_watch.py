"""RunWatch: what of RUN was taken away; never what conman removes itself."""

import os
import select
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from conman.core.layout import Layout
from conman.host.linux import MNT_DETACH, mount, unmount
from conman.host.run_watch import RunWatch

PARTS = ("runtime", "calls", "shims")
OVERFLOW = struct.pack("iIII", -1, 0x4000, 0, 0)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    for part in PARTS:
        (tmp_path / "run" / part).mkdir(parents=True)
    return tmp_path / "run"


@pytest.fixture
def watch(run: Path) -> Iterator[RunWatch]:
    made = RunWatch(Layout("", str(run), "01234567", "boot"))
    yield made
    made.close()


def is_told(watch: RunWatch) -> bool:
    return bool(select.select([watch], [], [], 0)[0])


def test_what_conman_removes_is_no_loss(watch: RunWatch, run: Path) -> None:
    assert watch.lost() == ""
    for name in ("conmand.sock", "stamp.tmp", "runtime.old"):
        (run / name).touch()
        (run / name).unlink()
    (run / "shims" / "one").mkdir()
    (run / "shims" / "one").rmdir()
    assert is_told(watch)
    assert watch.lost() == ""
    assert not is_told(watch)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("how", ["rmdir", "rename"])
def test_a_part_is_lost_also_where_another_is_made(
    watch: RunWatch, run: Path, part: str, how: str
) -> None:
    (run / "conmand.sock").touch()
    (run / "conmand.sock").unlink()
    (run / part).rmdir() if how == "rmdir" else (run / part).rename(run / "aside")
    (run / part).mkdir()
    assert watch.lost() == str(run / part)


def test_run_is_lost_with_a_directory_above_it(tmp_path: Path) -> None:
    above = tmp_path / "above"
    for part in PARTS:
        (above / "between" / "run" / part).mkdir(parents=True)
    path = str(above / "between" / "run")
    watch = RunWatch(Layout("", path, "01234567", "boot"))
    assert not is_told(watch)
    above.rename(tmp_path / "elsewhere")
    assert is_told(watch)
    assert watch.lost() == path
    watch.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts")
@pytest.mark.parametrize("part", ["", "/calls"])
def test_what_is_covered_is_lost(watch: RunWatch, run: Path, part: str) -> None:
    assert not is_told(watch)
    mount("tmpfs", f"{run}{part}", "tmpfs", "")
    try:
        assert is_told(watch)
        assert watch.lost() == f"{run}{part}"
    finally:
        unmount(f"{run}{part}", MNT_DETACH)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts")
def test_run_is_unmounted_while_its_lock_is_held(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    mount("tmpfs", str(run), "tmpfs", "")
    for part in PARTS:
        (run / part).mkdir()
    with (run / "lock").open("w"):
        watch = RunWatch(Layout("", str(run), "01234567", "boot"))
        unmount(str(run), MNT_DETACH)
        assert is_told(watch)
        assert watch.lost() == str(run)
        watch.close()


@pytest.mark.parametrize("part", PARTS)
def test_what_was_lost_before_is_told_at_once(run: Path, part: str) -> None:
    (run / part).rmdir()
    with pytest.raises(FileNotFoundError) as lost:
        RunWatch(Layout("", str(run), "01234567", "boot"))
    assert lost.value.filename == str(run / part)


def test_run_itself_is_lost(watch: RunWatch, run: Path) -> None:
    run.rename(run.with_name("elsewhere"))
    assert watch.lost() == str(run)


@pytest.mark.parametrize("is_there", [True, False])
def test_what_the_kernel_could_not_keep_is_looked_at(
    watch: RunWatch, run: Path, monkeypatch: pytest.MonkeyPatch, *, is_there: bool
) -> None:
    if not is_there:
        (run / "calls").rmdir()
    monkeypatch.setattr(os, "read", lambda _fd, _most: OVERFLOW)
    assert watch.lost() == ("" if is_there else str(run / "calls"))


def test_where_nothing_can_be_watched_no_descriptor_stays(tmp_path: Path) -> None:
    before = os.listdir("/proc/self/fd")
    with pytest.raises(FileNotFoundError):
        RunWatch(Layout("", str(tmp_path / "none"), "01234567", "boot"))
    assert os.listdir("/proc/self/fd") == before
