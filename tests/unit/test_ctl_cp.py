"""`conmanctl cp`: what lands where, by the rules of cp, and what becomes of a stream that breaks."""

import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from conman.ctl import cli
from conman.wire.v1 import conman_pb2 as wire
from tests.unit.stub_conmand import StubConmand, conmand, refuse

__all__ = ["conmand"]


def tar(*members: tuple[str, bytes | str | None]) -> bytes:
    """Of names with a file's bytes, a link's text, or None for a directory."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as made:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.mtime, info.mode = 1_000_000_000, 0o640
            if content is None:
                info.type, info.mode = tarfile.DIRTYPE, 0o750
            elif isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
            else:
                info.size = len(content)
            file = io.BytesIO(content) if isinstance(content, bytes) else None
            made.addfile(info, file)
    return out.getvalue()


FILE = tar(("hosts", b"x" * 100_000))
TREE = tar(("etc", None), ("etc/d", None), ("etc/d/f", b"1"), ("etc/l", "/d/f"))
INSIDE = tar((".", None), ("d", None), ("d/f", b"1"))


def sending(stub: StubConmand, data: bytes) -> None:
    def told(_request: object, _context: object) -> Iterator[wire.Archive]:
        for offset in range(0, len(data), 7777):
            yield wire.Archive(data=data[offset : offset + 7777], offset=offset)

    stub.behave["ReadArchive"] = told


def cp(stub: StubConmand, *words: str) -> int:
    return cli.run(["--address", stub.path, "cp", *words])


def tree(top: Path) -> list[str]:
    return sorted(str(path.relative_to(top)) for path in top.rglob("*"))


@pytest.mark.parametrize(
    ("data", "target", "found"),
    [
        (FILE, "", ["hosts"]),
        (FILE, "name", ["name"]),
        (TREE, "", ["etc", "etc/d", "etc/d/f", "etc/l"]),
        (TREE, "name", ["name", "name/d", "name/d/f", "name/l"]),
        (INSIDE, "", ["d", "d/f"]),
        (INSIDE, "name", ["name", "name/d", "name/d/f"]),
    ],
)
def test_what_lands_where(
    conmand: StubConmand, tmp_path: Path, data: bytes, target: str, found: list[str]
) -> None:
    sending(conmand, data)
    assert cp(conmand, "web:/etc", f"{tmp_path}/{target}".rstrip("/")) == 0
    assert tree(tmp_path) == found
    assert conmand.requests("ReadArchive") == [
        wire.ReadArchiveRequest(container_id="web", path="/etc")
    ]


def test_files_as_they_are(conmand: StubConmand, tmp_path: Path) -> None:
    sending(conmand, TREE)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/l").symlink_to("old")
    assert cp(conmand, "-L", "web:etc", str(tmp_path)) == 0
    found = (tmp_path / "etc/d/f").stat()
    assert (found.st_mode & 0o777, found.st_mtime) == (0o640, 1_000_000_000)
    assert (tmp_path / "etc").stat().st_mode & 0o777 == 0o750
    assert os.readlink(tmp_path / "etc/l") == "/d/f"
    [request] = conmand.requests("ReadArchive")
    assert request == wire.ReadArchiveRequest(container_id="web", path="etc", follow_link=True)


def test_a_link_in_the_way_is_replaced_not_followed(conmand: StubConmand, tmp_path: Path) -> None:
    sending(conmand, FILE)
    (tmp_path / "elsewhere").write_bytes(b"mine")
    (tmp_path / "hosts").symlink_to("elsewhere")
    assert cp(conmand, "web:/etc/hosts", str(tmp_path)) == 0
    assert (tmp_path / "elsewhere").read_bytes() == b"mine"
    assert not (tmp_path / "hosts").is_symlink()


def test_a_tar_for_a_program(
    conmand: StubConmand, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    sending(conmand, TREE)
    assert cp(conmand, "web:/etc", "-") == 0
    assert capfdbinary.readouterr().out == TREE


def test_a_stream_that_breaks_is_no_success(
    conmand: StubConmand, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    breaks = refuse(grpc.StatusCode.UNAVAILABLE, "conmand ends.")

    def told(
        request: wire.ReadArchiveRequest, context: grpc.ServicerContext
    ) -> Iterator[wire.Archive]:
        yield wire.Archive(data=FILE[:5000])
        breaks(request, context)

    conmand.behave["ReadArchive"] = told
    assert cp(conmand, "web:/etc/hosts", str(tmp_path)) == 1
    assert "what is here is a part, copy again" in capsys.readouterr().err


@pytest.mark.parametrize(
    "case",
    [
        (TREE, "file", "is no directory: a directory cannot be put there"),
        (FILE, "nowhere/", "there is no directory"),
        (FILE, "nowhere/name", "cannot be written: No such file or directory"),
        (tar(("../x", b"1")), "", "leads out of"),
        (tar(("/x", b"1")), "", "leads out of"),
    ],
)
def test_what_cannot_be(
    conmand: StubConmand,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    case: tuple[bytes, str, str],
) -> None:
    data, target, complaint = case
    (tmp_path / "file").touch()
    sending(conmand, data)
    assert cp(conmand, "web:/etc", f"{tmp_path}/{target}") == 1
    assert complaint in capsys.readouterr().err
    assert tree(tmp_path) == ["file"]


@pytest.mark.parametrize("source", ["./a:b", "/a:b", "hosts", ":x"])
def test_which_side_is_which(
    conmand: StubConmand, capsys: pytest.CaptureFixture[str], source: str
) -> None:
    assert cp(conmand, source, ".") == 2
    assert "names no container: give CONTAINER:PATH" in capsys.readouterr().err
    assert conmand.asked == []
