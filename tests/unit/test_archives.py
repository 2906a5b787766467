"""Files packed below a root: what is in the tar, and that nothing leads out, while somebody changes it too."""

import io
import os
import tarfile
from pathlib import Path

import pytest

from conman.host import archives, roots
from conman.host.archives import pack
from conman.primitives.processes import boot_id, start_time
from conman.primitives.steps import ProcessId


@pytest.fixture
def root(tmp_path: Path) -> Path:
    top = tmp_path / "root"
    (top / "a/b").mkdir(parents=True)
    (top / "a/b/file").write_bytes(b"hello")
    (top / "a/b/file").chmod(0o4751)
    (top / "a/link").symlink_to("/a/b")
    (top / "a/out").symlink_to("../../secret")
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/key").write_bytes(b"secret")
    return top


def packed(root: Path, path: str, *, follow_link: bool = False) -> dict[str, tarfile.TarInfo]:
    out = io.BytesIO()
    pack(str(root), path, out, follow_link=follow_link)
    out.seek(0)
    with tarfile.open(fileobj=out) as tar:
        return {member.name: member for member in tar}


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/a", ["a", "a/b", "a/b/file", "a/link", "a/out"]),
        ("a/", ["a", "a/b", "a/b/file", "a/link", "a/out"]),
        ("/a/.", [".", "b", "b/file", "link", "out"]),
        ("/", [".", "a", "a/b", "a/b/file", "a/link", "a/out"]),
        ("/a/b/file", ["file"]),
        ("/a/link", ["link"]),
        ("/a/link/", ["link", "link/file"]),
        ("/a/link/.", [".", "file"]),
        ("/a/link/file", ["file"]),
        ("../../../a/b", ["b", "b/file"]),
    ],
)
def test_names(root: Path, path: str, names: list[str]) -> None:
    assert list(packed(root, path)) == names


def test_a_link_is_a_link_or_what_it_leads_to(root: Path) -> None:
    link = packed(root, "/a/link")["link"]
    assert (link.issym(), link.linkname) == (True, "/a/b")
    assert packed(root, "/a/link", follow_link=True)["link"].isdir()


def test_what_a_file_is(root: Path) -> None:
    out = io.BytesIO()
    pack(str(root), "/a/b/file", out, follow_link=False)
    out.seek(0)
    with tarfile.open(fileobj=out) as tar:
        [member] = tar.getmembers()
        content = tar.extractfile(member)
        assert content is not None
        assert content.read() == b"hello"
    found = (root / "a/b/file").stat()
    assert (member.mode, member.uid, member.mtime) == (0o4751, found.st_uid, int(found.st_mtime))


@pytest.mark.parametrize(
    "path",
    ["/a/out", "/a/out/key", "/../secret/key", "/a/b/../../../secret", "/gone", "/a/b/file/x"],
)
def test_nothing_leads_out(root: Path, path: str) -> None:
    with pytest.raises((FileNotFoundError, NotADirectoryError)):
        packed(root, path, follow_link=True)


def test_what_does_something_when_it_is_opened_is_left_out(root: Path) -> None:
    os.mkfifo(root / "a/fifo")
    assert "a/fifo" not in packed(root, "/a")


def test_a_directory_that_becomes_a_link_leads_nowhere(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at it and the look into it."""
    listed = os.listdir

    def swapped(directory: int) -> list[str]:
        found = listed(directory)
        if "b" in found:
            monkeypatch.setattr(archives.os, "listdir", listed)
            (root / "a/b").rename(root / "a/c")
            (root / "a/b").symlink_to("../../secret")
        return found

    monkeypatch.setattr(archives.os, "listdir", swapped)
    found = packed(root, "/a")
    assert found["a/b"].issym()
    assert "key" not in "".join(found)


def test_names_that_are_no_text(root: Path) -> None:
    Path(os.fsdecode(os.fsencode(root / "a") + b"/\xff\n")).write_bytes(b"")
    assert "a/\udcff\n" in packed(root, "/a")


def test_a_tree_without_end(root: Path) -> None:
    deep = root / "deep"
    for _ in range(140):
        deep /= "d"
    deep.mkdir(parents=True)
    with pytest.raises(OSError, match="nested too deeply"):
        packed(root, "/deep")


@pytest.fixture
def layers(tmp_path: Path) -> tuple[str, str]:
    upper, lower = tmp_path / "up,per:x", tmp_path / "lower"
    upper.mkdir()
    lower.mkdir()
    (lower / "below").write_bytes(b"1")
    (lower / "gone").write_bytes(b"1")
    (upper / "above").write_bytes(b"2")
    os.mknod(upper / "gone", 0o20000, os.makedev(0, 0))
    return str(upper), str(lower)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts overlays")
def test_layers_that_are_mounted_nowhere(layers: tuple[str, str]) -> None:
    before = Path("/proc/self/mountinfo").read_bytes()
    root = roots.of_layers(*layers)
    try:
        assert list(packed(Path(f"/proc/self/fd/{root}"), "/.")) == [".", "above", "below"]
        assert Path("/proc/self/mountinfo").read_bytes() == before
    finally:
        os.close(root)


def test_the_hosts_own_root_is_no_containers() -> None:
    """As of whoever is acted out."""
    started = start_time(os.getpid())
    assert started is not None
    assert roots.of_process(ProcessId(boot_id(), os.getpid(), started)) is None
    assert roots.of_process(ProcessId(boot_id(), os.getpid(), started + 1)) is None
    assert roots.of_process(ProcessId(boot_id(), 2**22 + 1, 1)) is None
