"""`conmanctl cp`: what lands where, by the rules of cp, and what becomes of a stream that breaks."""

import io
import os
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from conman.ctl import cli
from conman.ctl.settings import LONGEST_S
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


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("./a:b", "."), "neither ./a:b nor . is CONTAINER:PATH"),
        (("/a:b", "/c:d"), "is CONTAINER:PATH"),
        (("hosts", ":x"), "is CONTAINER:PATH"),
        (("a:b", "c:d"), "from one container to another: copy it here first"),
    ],
)
def test_which_side_is_which(
    conmand: StubConmand,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, str],
    complaint: str,
) -> None:
    assert cp(conmand, *words) == 2
    assert complaint in capsys.readouterr().err
    assert conmand.asked == []


def taking(stub: StubConmand) -> list[wire.WriteArchiveRequest]:
    taken: list[wire.WriteArchiveRequest] = []

    def takes(
        requests: Iterator[wire.WriteArchiveRequest], _context: object
    ) -> wire.WriteArchiveResponse:
        taken.extend(requests)
        return wire.WriteArchiveResponse()

    stub.behave["WriteArchive"] = takes
    return taken


def names(taken: list[wire.WriteArchiveRequest]) -> list[str]:
    data = b"".join(each.data for each in taken)
    with tarfile.open(fileobj=io.BytesIO(data)) as sent:
        return [member.name for member in sent]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("d", ["d", "d/f", "d/l", "d/second"]),
        ("d/.", [".", "./f", "./l", "./second"]),
        ("d/f", ["f"]),
        ("link", ["link"]),
        ("link/", ["link", "link/f", "link/l", "link/second"]),
    ],
)
def test_what_is_sent(conmand: StubConmand, tmp_path: Path, source: str, found: list[str]) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d/f").write_bytes(os.urandom(600_000))
    os.link(tmp_path / "d/f", tmp_path / "d/second")
    os.mkfifo(tmp_path / "d/fifo")
    (tmp_path / "d/l").symlink_to("f")
    (tmp_path / "link").symlink_to("d")
    taken = taking(conmand)
    assert cp(conmand, "-a", f"{tmp_path}/{source}", "web:/in") == 0
    assert taken[0] == wire.WriteArchiveRequest(container_id="web", path="/in", keep_owners=True)
    assert sorted(names(taken)) == sorted(found)


def test_a_tar_from_a_program(conmand: StubConmand, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = taking(conmand)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(TREE)))
    assert cp(conmand, "-", "web:in") == 0
    assert b"".join(each.data for each in taken) == TREE


def test_what_is_not_here(
    conmand: StubConmand, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    taking(conmand)
    assert cp(conmand, f"{tmp_path}/gone", "web:/in") == 1
    assert f"{tmp_path}/gone cannot be read: No such file" in capsys.readouterr().err
    assert conmand.asked == []


def test_a_refusal_is_one_sentence(
    conmand: StubConmand, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    conmand.behave["WriteArchive"] = refuse(grpc.StatusCode.FAILED_PRECONDITION, "it is EXITED.")
    assert cp(conmand, str(tmp_path), "web:/in") == 1
    assert capsys.readouterr().err == "conmanctl: it is EXITED.\n"


COPIES = (("web:/etc/hosts", "."), ("hosts", "web:/in"))


@pytest.mark.parametrize("words", COPIES)
def test_a_deadline_leaves_a_part(
    conmand: StubConmand,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, str],
) -> None:
    has_ended = threading.Event()

    def told(_request: object, context: grpc.ServicerContext) -> Iterator[wire.Archive]:
        yield wire.Archive(data=FILE[:5000])
        context.add_callback(has_ended.set)
        assert has_ended.wait(20)

    conmand.behave["ReadArchive"] = told
    conmand.behave["WriteArchive"] = lambda _, context: [*told(None, context)]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hosts").write_bytes(b"x")
    assert cp(conmand, "--deadline", "0.2", *words) == 1
    assert capsys.readouterr().err == (
        "conmanctl: it is copied in part, copy again: 0.2 s are over; give it longer with --deadline\n"
    )


@pytest.mark.parametrize("words", COPIES)
def test_data_takes_as_long_as_it_takes(
    conmand: StubConmand,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, str],
) -> None:
    left: list[float] = []

    def told(_request: object, context: grpc.ServicerContext) -> Iterator[wire.Archive]:
        left.append(context.time_remaining())
        yield wire.Archive(data=FILE)

    conmand.behave["ReadArchive"] = told
    conmand.behave["WriteArchive"] = lambda _, context: [*told(None, context)]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hosts").write_bytes(b"x")
    assert cp(conmand, *words) == 0
    assert left[0] > LONGEST_S
