"""A tar put below a root: by cp's rules, and nowhere else, whatever lies in the way or is in the tar."""

import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from conman.host.unpacking import unpack
from tests.unit.test_ctl_cp import FILE, INSIDE, TREE, tar, tree


@pytest.fixture
def root(tmp_path: Path) -> Path:
    top = tmp_path / "root"
    (top / "in/full").mkdir(parents=True)
    (top / "in/full/f").write_bytes(b"old")
    (top / "link").symlink_to("/in/full")
    (top / "out").symlink_to("../secret")
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/key").write_bytes(b"secret")
    return top


def put(root: Path, path: str, data: bytes, *, owners: bool = False) -> None:
    unpack(str(root), path, io.BytesIO(data), owners=owners)


@pytest.mark.parametrize(
    ("path", "data", "found"),
    [
        ("/in", FILE, ["full", "full/f", "hosts"]),
        ("in/name", FILE, ["full", "full/f", "name"]),
        ("../../in/name", FILE, ["full", "full/f", "name"]),
        ("/in/full/f", FILE, ["full", "full/f"]),
        ("/link", FILE, ["full", "full/f", "full/hosts"]),
        ("/in", tar(("full", None), ("full/g", b"1")), ["full", "full/f", "full/g"]),
        ("/in/name", TREE, ["full", "full/f", "name", "name/d", "name/d/f", "name/l"]),
        ("/in/name/", TREE, ["full", "full/f", "name", "name/d", "name/d/f", "name/l"]),
        ("/in", INSIDE, ["d", "d/f", "full", "full/f"]),
        ("/in/name", INSIDE, ["full", "full/f", "name", "name/d", "name/d/f"]),
    ],
)
def test_what_lands_where(root: Path, path: str, data: bytes, found: list[str]) -> None:
    put(root, path, data)
    assert tree(root / "in") == found


def test_files_as_they_are(root: Path) -> None:
    put(root, "/in", TREE)
    found = (root / "in/etc/d/f").stat()
    assert (found.st_mode & 0o7777, found.st_mtime) == (0o640, 1_000_000_000)
    assert (root / "in/etc/d").stat().st_mtime == 1_000_000_000
    assert (root / "in/etc").stat().st_mode & 0o7777 == 0o750
    assert os.readlink(root / "in/etc/l") == "/d/f"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize(("owners", "uid"), [(False, 0), (True, 1234)])
def test_owners(root: Path, *, owners: bool, uid: int) -> None:
    def owned(info: tarfile.TarInfo) -> None:
        info.uid = info.gid = 1234

    put(root, "/in", changed(FILE, owned), owners=owners)
    assert (root / "in/hosts").stat().st_uid == uid


def changed(data: bytes, change: Callable[[tarfile.TarInfo], object]) -> bytes:
    out = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(data)) as before,
        tarfile.open(fileobj=out, mode="w") as after,
    ):
        for member in before:
            change(member)
            after.addfile(member, before.extractfile(member) if member.isreg() else None)
    return out.getvalue()


def test_a_second_name(root: Path) -> None:
    def second(info: tarfile.TarInfo) -> None:
        if info.name == "etc/l":
            info.type, info.linkname = tarfile.LNKTYPE, "etc/d/f"

    put(root, "/in/name", changed(TREE, second))
    assert (root / "in/name/l").samefile(root / "in/name/d/f")


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/out/name", FILE),
        ("/nowhere/name", FILE),
        ("/nowhere/", FILE),
        ("/in/full/f", TREE),
        ("/in", tar(("../hosts", b"1"))),
        ("/in", tar(("/hosts", b"1"))),
        ("/", tar(("link", None), ("link/x", b"1"))),
        ("/", tar(("out/key", b"1"))),
        ("/in", tar(("a", "/"), ("a/x", b"1"))),
        ("/in", changed(FILE, lambda info: setattr(info, "type", tarfile.FIFOTYPE))),
        ("/in", changed(FILE, lambda info: setattr(info, "type", tarfile.CHRTYPE))),
    ],
)
def test_nothing_leads_out(root: Path, path: str, data: bytes) -> None:
    outside = tree(root.parent / "secret")
    with pytest.raises(OSError):  # noqa: PT011 - the kernel's own words
        put(root, path, data)
    assert tree(root.parent / "secret") == outside
    assert (root.parent / "secret/key").read_bytes() == b"secret"
    assert (root / "in/full/f").read_bytes() == b"old"


def test_a_link_with_a_files_name_is_replaced(root: Path) -> None:
    put(root, "/out", FILE)
    assert (root / "out").read_bytes() == b"x" * 100_000
    assert tree(root.parent / "secret") == ["key"]
    (root / "in/hosts").symlink_to("/in/full/f")
    put(root, "/in", tar(("hosts", b"new")))
    assert (root / "in/full/f").read_bytes() == b"old"
    assert (root / "in/hosts").read_bytes() == b"new"
    assert not (root / "in/hosts").is_symlink()


def test_what_is_no_tar(root: Path) -> None:
    for data in (b"x" * 1000, FILE[:5000], b""):
        with pytest.raises(tarfile.TarError):
            put(root, "/in", data)


def test_what_is_cut_off_leaves_nothing_open(root: Path) -> None:
    """A file that stays open keeps the mount alive that it is in."""
    before = os.listdir("/proc/self/fd")
    with pytest.raises(tarfile.TarError):
        put(root, "/in", FILE[:5000])
    assert os.listdir("/proc/self/fd") == before
