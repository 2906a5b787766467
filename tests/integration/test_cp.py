"""Files out of real containers: as the program sees them, as they were left, and never out of their root."""

import io
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from scenarios.stages.daemon import PATIENCE_S, SLOWER
from tests.integration.file_events import await_content
from tests.integration.one_conmand import RUNTIMES, Conmand, serving

pytestmark = [pytest.mark.timeout(180)]

#: Only root can have an overlay; everybody else's root is a copy.
OVERLAYS = os.geteuid() == 0


REVOKED = "was started, stopped or removed while files were copied into it"


def working(run: int) -> list[str]:
    """The directory that the overlay of this run, or of a copy into none (0), works in."""
    return [f"work-{run}"] if OVERLAYS else []


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
        assert conmand.ctl("cp", "one:/tmp/lost", f"{conmand.top}/no").code == 1
        assert conmand.ctl("cp", "one:/etc/group", f"{conmand.top}/no").code == 1
        assert str(conmand.top) not in Path("/proc/self/mountinfo").read_text()
    finally:
        conmand.end()


class Stalled:
    """A client in the midst of a copy: half a tar was sent, and nothing more comes."""

    def __init__(self, conmand: Conmand, container: str) -> None:
        self._client = conmand.begin_ctl("cp", "-", f"{container}:/", stdin=subprocess.PIPE)
        whole = io.BytesIO()
        with tarfile.open(fileobj=whole, mode="w") as tar:
            for name, size in (("first", 5), ("second", 5_000_000)):
                info = tarfile.TarInfo(name)
                info.size = size
                tar.addfile(info, io.BytesIO(b"x" * size))
        assert self._client.stdin is not None
        # More than conmanctl reads at once.
        self._client.stdin.buffer.write(whole.getvalue()[:1_000_000])
        self._client.stdin.flush()
        written = "upper" if OVERLAYS else "bundle/rootfs"
        [root] = (conmand.data / "containers").glob(f"*/{written}")
        await_content(f"{root}/first", lambda found: found == b"x" * 5)

    def told(self) -> str:
        """It has failed while it could have gone on: what it says."""
        assert self._client.wait(PATIENCE_S) == 1
        return self.ended()

    def ended(self) -> str:
        """It sends no more, and has failed: what it says."""
        _, error = self._client.communicate(timeout=PATIENCE_S)
        assert self._client.returncode == 1
        return error


@pytest.fixture
def stopped(conmand: Conmand) -> Conmand:
    """`one` has run, written and removed something, and has been stopped."""
    (conmand.rootfs / "below").mkdir()
    (conmand.rootfs / "below/old").write_bytes(b"old")
    (conmand.rootfs / "link").symlink_to("/below")
    (conmand.rootfs / "out").symlink_to(f"{conmand.top}/outside")
    (conmand.top / "outside").mkdir()
    (conmand.top / "file").write_bytes(b"new")
    conmand.create("one", "/bin/sleep", "1000")
    assert conmand.ctl("start", "one").code == 0
    assert conmand.ctl("stop", "-t", "0", "one").code == 0
    return conmand


def held(conmand: Conmand) -> list[str]:
    """What `Stalled` has copied and conmand has open."""
    assert conmand.process is not None
    found: list[str] = []
    for each in Path(f"/proc/{conmand.process.pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            found.append(os.readlink(each))
    return [each for each in found if each.endswith(("/first", "/second"))]


def work_of(conmand: Conmand) -> list[Path]:
    return [*(conmand.data / "containers").glob("*/work-*")]


def mounted(conmand: Conmand) -> bool:
    return str(conmand.top) in Path("/proc/self/mountinfo").read_text()


def test_into_one_that_is_stopped(stopped: Conmand) -> None:
    for target in ("/below", "/below/old", "/link/by-link", "/out"):
        said = stopped.ctl("cp", f"{stopped.top}/file", f"one:{target}")
        assert said.code == 0, said.error
        assert (mounted(stopped), work_of(stopped)) == (False, [])
    assert stopped.ctl("cp", "one:/below", f"{stopped.top}/back").code == 0
    found = {path.name: path.read_bytes() for path in (stopped.top / "back").iterdir()}
    assert found == {"file": b"new", "old": b"new", "by-link": b"new"}
    assert (stopped.rootfs / "below/old").read_bytes() == b"old"
    assert list((stopped.top / "outside").iterdir()) == []
    assert stopped.ctl("start", "one").code == 0
    assert stopped.ctl("cp", "one:/below/by-link", f"{stopped.top}/running").code == 0
    assert (stopped.top / "running").read_bytes() == b"new"


@pytest.mark.runc
def test_where_the_program_has_removed_something() -> None:
    conmand = Conmand(Path(tempfile.mkdtemp(prefix="cm", dir="/tmp")), "--runtime", "runc")
    conmand.start()
    try:
        (conmand.rootfs / "dir").mkdir()
        (conmand.rootfs / "dir/old").write_bytes(b"old")
        script = "rm -r /dir; mkdir /dir; rm /etc/group; echo ready; sleep 1000"
        conmand.create("one", "/bin/sh", "-c", script)
        assert conmand.ctl("start", "one").code == 0
        await_content(conmand.status("one")["logPath"], lambda log: b"ready" in log)
        assert conmand.ctl("stop", "-t", "0", "one").code == 0
        (conmand.top / "file").write_bytes(b"new")
        for target in ("/dir", "/etc/group"):
            assert conmand.ctl("cp", f"{conmand.top}/file", f"one:{target}").code == 0
        assert conmand.ctl("cp", "one:/dir", f"{conmand.top}/dir").code == 0
        assert [path.name for path in (conmand.top / "dir").iterdir()] == ["file"]
        assert conmand.ctl("cp", "one:/etc/group", f"{conmand.top}/group").code == 0
        assert (conmand.top / "group").read_bytes() == b"new"
    finally:
        conmand.end()


@pytest.mark.parametrize("verb", ["start", "remove"])
def test_who_starts_or_removes_it_comes_first(stopped: Conmand, verb: str) -> None:
    """A client that has stalled holds nobody up, and is told."""
    copying = Stalled(stopped, "one")
    assert [each.name for each in work_of(stopped)] == working(0)
    since = time.monotonic()
    said = stopped.ctl(verb, "one")
    assert said.code == 0, said.error
    assert time.monotonic() - since < 5 * SLOWER
    # A start has a copy of a root as it is: it is written to whoever runs in it.
    if OVERLAYS or verb == "remove":
        assert held(stopped) == []
        assert REVOKED in copying.told()
    else:
        copying.ended()
    if verb == "start":
        assert [each.name for each in work_of(stopped)] == working(2)
        assert stopped.ctl("cp", "one:/first", f"{stopped.top}/first").code == 0
    else:
        assert stopped.leftovers() == []


@pytest.mark.parametrize("way", ["stop", "remove"])
def test_who_ends_it_comes_first(stopped: Conmand, way: str) -> None:
    """Else the root that was copied into would live on beside the next one."""
    assert stopped.ctl("start", "one").code == 0
    copying = Stalled(stopped, "one")
    words = ("stop", "-t", "0") if way == "stop" else ("remove", "--force")
    said = stopped.ctl(*words, "one")
    assert said.code == 0, said.error
    assert held(stopped) == []
    assert REVOKED in copying.told()
    if way == "stop":
        for verb in (("cp", f"{stopped.top}/file", "one:/below"), ("start", "one")):
            said = stopped.ctl(*verb)
            assert said.code == 0, said.error
    else:
        assert stopped.leftovers() == []
    assert "was busy" not in stopped.errors.read_text()


def test_conmand_dies_in_the_midst_of_it(stopped: Conmand) -> None:
    copying = Stalled(stopped, "one")
    assert [each.name for each in work_of(stopped)] == working(0)
    stopped.kill()
    assert not mounted(stopped)
    copying.ended()
    stopped.start()
    assert stopped.ctl("cp", f"{stopped.top}/file", "one:/below").code == 0
    assert work_of(stopped) == []
    assert stopped.ctl("start", "one").code == 0


@pytest.mark.parametrize("runs", [False, True])
def test_two_at_once(stopped: Conmand, *, runs: bool) -> None:
    """Neither waits for the other's client; the root is there for both until the last has ended."""
    if runs:
        assert stopped.ctl("start", "one").code == 0
    copying = Stalled(stopped, "one")
    said = stopped.ctl("cp", f"{stopped.top}/file", "one:/below")
    assert said.code == 0, said.error
    assert [each.name for each in work_of(stopped)] == working(2 if runs else 0)
    assert "what came is no tar" in copying.ended()
    assert [each.name for each in work_of(stopped)] == (working(2) if runs else [])
    assert stopped.ctl("cp", "one:/below/file", f"{stopped.top}/back").code == 0
    assert (stopped.top / "back").read_bytes() == b"new"
