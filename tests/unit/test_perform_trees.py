"""RemoveTree on what containers and mishaps leave: depth, links, mounts, directories without rights."""

import os
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from conman.primitives.perform import perform
from conman.primitives.steps import Done, Failed, RemoveTree

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")


def left_open(top: Path) -> list[str]:
    """This process's descriptors at or below `top`; other tests' threads may close theirs meanwhile."""
    links: list[str] = []
    for name in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):
            links.append(os.readlink(f"/proc/self/fd/{name}"))
    return [link for link in links if link.startswith(str(top))]


def removed(path: Path) -> bool:
    result = perform(RemoveTree(str(path)))
    assert left_open(path.parent) == []
    return isinstance(result, Done) and not os.path.lexists(path)


def test_a_tree_may_be_deeper_than_any_path(tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    here = os.open(top, os.O_RDONLY)
    for _ in range(1200):
        os.mkdir("below", dir_fd=here)
        os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=here))
        below = os.open("below", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    assert removed(top)


def test_links_are_removed_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").write_text("x")
    (tmp_path / "top" / "sub").mkdir(parents=True)
    (tmp_path / "top" / "link").symlink_to(tmp_path / "kept")
    (tmp_path / "top" / "sub" / "up").symlink_to("../..")
    (tmp_path / "top" / "dangling").symlink_to("nowhere")
    assert removed(tmp_path / "top")
    assert (tmp_path / "kept" / "file").read_text() == "x"


def test_a_link_in_place_of_the_tree_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "top").symlink_to("kept")
    assert isinstance(perform(RemoveTree(str(tmp_path / "top"))), Failed)
    assert (tmp_path / "kept").is_dir()


def test_what_is_no_directory_goes_too(tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    os.mkfifo(top / "fifo")
    (top / "odd \n\\name").write_text("x")
    with open(os.fsencode(top) + b"/\xff", "wb"):
        pass
    assert removed(top)


@pytest.mark.parametrize("path", ["absent", "absent/below"])
def test_what_is_not_there_is_done(tmp_path: Path, path: str) -> None:
    assert removed(tmp_path / path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may enter everything")
def test_directories_that_their_owner_may_not_enter(tmp_path: Path) -> None:
    sealed = tmp_path / "top" / "sealed"
    (sealed / "in").mkdir(parents=True)
    (sealed / "in" / "file").write_text("x")
    sealed.chmod(0o000)
    (tmp_path / "top").chmod(0o500)
    assert removed(tmp_path / "top")


@root_only
@pytest.mark.parametrize("kind", ["bind", "tmpfs"])
def test_a_mount_in_the_way_is_refused_before_anything_is_removed(
    tmp_path: Path, kind: str
) -> None:
    """A bind mount is of the same device: the device number alone would not tell."""
    kept, point = tmp_path / "kept", tmp_path / "top" / "a b" / "point"
    kept.mkdir()
    point.mkdir(parents=True)
    (kept / "file").write_text("x")
    (tmp_path / "top" / "first").write_text("x")
    mount = ("--bind", str(kept)) if kind == "bind" else ("-t", "tmpfs", "none")
    subprocess.run(["mount", *mount, str(point)], check=True)
    try:
        result = perform(RemoveTree(str(tmp_path / "top")))
        assert isinstance(result, Failed)
        assert result.error == "EBUSY"
        assert str(point) in result.text
        assert (tmp_path / "top" / "first").exists()
    finally:
        subprocess.run(["umount", str(point)], check=True)
    assert (kept / "file").exists()
    assert removed(tmp_path / "top")
