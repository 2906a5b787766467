"""Files out of real containers: as the program sees them, as they were left, and never out of their root."""

import io
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.file_events import await_content
from tests.integration.one_conmand import RUNTIMES, Conmand, serving

pytestmark = [pytest.mark.timeout(180)]


@pytest.fixture(params=RUNTIMES)
def conmand(request: pytest.FixtureRequest) -> Iterator[Conmand]:
    yield from serving(request.param)


def test_in_every_state(conmand: Conmand) -> None:
    (conmand.rootfs / "etc/out").symlink_to(f"{conmand.top}/secret")
    (conmand.top / "secret").write_bytes(b"secret")
    conmand.create("one", "/bin/sleep", "1000")
    for number, verb in enumerate(("status", "start", "pause", "unpause", "stop")):
        words = ("-t", "0") if verb == "stop" else ()
        assert conmand.ctl(verb, *words, "one").code == 0
        target = conmand.top / f"out{number}"
        said = conmand.ctl("cp", "one:/etc", str(target))
        assert said.code == 0, said.error
        assert (target / "passwd").read_bytes() == (conmand.rootfs / "etc/passwd").read_bytes()
        assert (target / "out").is_symlink()
        lost = conmand.ctl("cp", "-L", "one:/etc/out", str(conmand.top / "leaked"))
        assert (lost.code, "there is no '/etc/out'" in lost.error) == (1, True)
    assert not (conmand.top / "leaked").exists()


def test_into_one_that_runs(conmand: Conmand) -> None:
    (conmand.rootfs / "etc/out").symlink_to(f"{conmand.top}/outside")
    (conmand.top / "outside").mkdir()
    (conmand.top / "file").write_bytes(b"x" * 3_000_000)
    conmand.create("one", "/bin/sleep", "1000")
    assert conmand.ctl("start", "one").code == 0
    for target in ("/etc", "/etc/name", "/etc/out"):
        said = conmand.ctl("cp", f"{conmand.top}/file", f"one:{target}")
        assert said.code == 0, said.error
    assert conmand.ctl("cp", "one:/etc", f"{conmand.top}/back").code == 0
    for name in ("file", "name", "out"):
        assert (conmand.top / "back" / name).read_bytes() == b"x" * 3_000_000
    # In its place in the container, where there is no such directory, the link was replaced.
    assert list((conmand.top / "outside").iterdir()) == []
    assert not (conmand.rootfs / "etc/file").exists()
    lost = conmand.ctl("cp", f"{conmand.top}/file", "one:/nowhere/file")
    assert (lost.code, "No such file or directory" in lost.error) == (1, True)


def test_what_is_no_tar(conmand: Conmand, monkeypatch: pytest.MonkeyPatch) -> None:
    conmand.create("one", "/bin/sleep", "1000")
    assert conmand.ctl("start", "one").code == 0
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"no tar" * 1000)))
    said = conmand.ctl("cp", "-", "one:/etc")
    assert (said.code, "what came is no tar: " in said.error) == (1, True), said.error
    assert "Traceback" not in conmand.errors.read_text()


@pytest.mark.runc
def test_what_the_program_has_written_and_mounted() -> None:
    conmand = Conmand(Path(tempfile.mkdtemp(prefix="cm", dir="/tmp")), "--runtime", "runc")
    conmand.start()
    try:
        script = "echo kept >/kept; echo lost >/tmp/lost; rm /etc/group; echo ready; sleep 1000"
        rootfs = ("--rootfs", str(conmand.rootfs), "--tmpfs", "/tmp")
        made = conmand.ctl("create", *rootfs, "one", "--", "/bin/sh", "-c", script)
        assert made.code == 0, made.error
        assert conmand.ctl("start", "one").code == 0
        await_content(conmand.status("one")["logPath"], lambda log: b"ready" in log)
        assert conmand.ctl("cp", "one:/tmp/lost", f"{conmand.top}/lost").code == 0
        assert (conmand.top / "lost").read_bytes() == b"lost\n"
        assert conmand.ctl("stop", "-t", "0", "one").code == 0
        assert conmand.ctl("cp", "one:/kept", f"{conmand.top}/kept").code == 0
        assert (conmand.top / "kept").read_bytes() == b"kept\n"
        apart = conmand.ctl("cp", f"{conmand.top}/kept", "one:/")
        assert apart.code == 1
        assert "is EXITED, and nothing can be written to its root; start it first" in apart.error
        assert conmand.ctl("cp", "one:/tmp/lost", f"{conmand.top}/no").code == 1
        assert conmand.ctl("cp", "one:/etc/group", f"{conmand.top}/no").code == 1
        assert str(conmand.top) not in Path("/proc/self/mountinfo").read_text()
    finally:
        conmand.end()
