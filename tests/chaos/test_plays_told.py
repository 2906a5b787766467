"""Whatever goes wrong in a play, a sweep or a soak is told, and nothing of it stays."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from scenarios.__main__ import main
from scenarios.commands import sweep
from scenarios.replay_ids import find_single
from scenarios.soak import together
from scenarios.soak.folder import write
from scenarios.soak.host import Host
from scenarios.soak.lives import Means
from scenarios.soak.soak import Soak, Terms
from scenarios.stages import real, striking
from scenarios.stages.deaths import death
from scenarios.stages.play import play
from scenarios.stages.real import Real
from scenarios.violation import Violation
from tests.chaos.test_clearing import DISK, mounts

CREATE = find_single("create")
#: A conmand that says that it is here, hangs up on everybody, and does not end by TERM.
HANGS = """#!{python}
import signal, socket, sys
from pathlib import Path
signal.signal(signal.SIGTERM, signal.SIG_IGN)
run = Path(sys.argv[sys.argv.index("--run-dir") + 1])
run.mkdir()
server = socket.socket(socket.AF_UNIX)
server.bind(str(run / "conmand.sock"))
server.listen()
print(f"conman's here: unix://{{run}}/conmand.sock", flush=True)
while True:
    server.accept()[0].close()
"""
#: One that is killed at its start, and leaves a store that nobody can read.
TEARS = """#!{python}
import os, signal, sys
from pathlib import Path
data = Path(sys.argv[sys.argv.index("--data-dir") + 1])
data.mkdir()
(data / "conman.db").write_text("torn" * 1000)
(data / "instance").write_text("00000000")
os.kill(os.getpid(), signal.SIGKILL)
"""


def program(folder: Path, text: str) -> str:
    path = folder / "conmand"
    path.write_text(text.format(python=sys.executable))
    path.chmod(0o755)
    return str(path)


@pytest.fixture(autouse=True)
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Path]]:
    """Scratch directories; none is left, nor mounted below."""
    make, every = tempfile.mkdtemp, list[Path]()

    def noted(*args: str | None, **named: str) -> str:
        every.append(Path(make(*args, **named)))
        return str(every[-1])

    monkeypatch.setattr(tempfile, "mkdtemp", noted)
    yield every
    assert [one for one in every if one.exists() or mounts(one)] == []


def test_a_conmand_that_hangs_is_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scenarios.stages.daemon.PATIENCE_S", 0.5)
    hangs, reports = program(tmp_path, HANGS), tmp_path / "reports"
    played = play(CREATE, "fake", (), hangs, reports)
    assert "I5 (" in played.problem
    assert "conmand does not end" in played.problem
    assert played.folder is not None
    assert "conmand does not end" in (played.folder / "what").read_text()


def test_a_torn_store_is_a_folder(tmp_path: Path) -> None:
    """What else there is is copied, and what could not be asked is said."""
    crash = "create-container/RecordIntent/after"
    played = play(CREATE, "fake", (crash,), program(tmp_path, TEARS), tmp_path / "reports")
    assert "the stage failed: StoreError(" in played.problem
    assert played.folder is not None
    what = (played.folder / "what").read_text()
    assert "the stage failed: StoreError(" in what
    assert "not copied: the rows: " in what
    for name in ("after", "processes", "notes", "DATA/conman.db"):
        assert (played.folder / name).exists(), name


def test_a_report_that_cannot_be_made_is_told_besides(tmp_path: Path) -> None:
    torn, never = "create-container/RecordIntent/after", "create-container/CommitCreated/after@9"
    (tmp_path / "reports").touch()
    played = play(CREATE, "fake", (torn,), program(tmp_path, TEARS), tmp_path / "reports")
    assert "StoreError(" in played.problem
    assert "NotADirectoryError(" in played.problem
    missed = play(CREATE, "fake", (never,), "", tmp_path / "reports")
    assert (missed.is_missed, "is never passed" in missed.problem) == (True, True)


def test_what_does_not_end_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """And it is no miss: a sweep forgives a few of those."""

    def fails(one: Real) -> None:
        close(one)
        raise OSError("a cgroup is busy")

    close = Real.close
    monkeypatch.setattr(Real, "close", fails)
    played = play(CREATE, "fake", ("create-container/CommitCreated/after@9",))
    assert "a cgroup is busy" in played.problem
    assert not played.is_missed


@DISK
def test_a_stage_that_cannot_be_built_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    played = play(CREATE, "fake", ("cut:create-container/CommitCreated/after",))
    assert "the stage failed: FileNotFoundError(" in played.problem


@DISK
def test_what_was_built_goes_when_the_rest_cannot_be(
    monkeypatch: pytest.MonkeyPatch, made: list[Path]
) -> None:
    def fails(*_args: object) -> None:
        raise OSError("there is no more")

    deaths = [death("full:ext4:store@1"), death("group:call:store@1")]
    for module, name in ((striking, "OwnGroup"), (real, "make_rootfs")):
        with monkeypatch.context() as failing:
            failing.setattr(module, name, fails)
            with pytest.raises(OSError, match="no more"):
                Real(CREATE, "fakerunc", deaths)
    assert len(made) == 2


def test_a_dry_run_that_is_not_as_told_is_its_storys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And the sweep goes on with the next story."""
    monkeypatch.setattr("scenarios.stages.daemon.PATIENCE_S", 0.5)
    hangs = program(tmp_path, HANGS)

    def planted(_plant: str) -> nullcontext[str]:
        return nullcontext(hangs)

    monkeypatch.setattr(sweep, "conmand", planted)
    assert main(["sweep", "create", "start", "--of", "recovery", "--jobs", "1"]) == 1
    told = capsys.readouterr().out.splitlines()
    assert [line.split(" ")[0] for line in told if "aiming: I5" in line] == [
        "create",
        "start",
    ]


def test_a_soak_that_fails_is_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_soak: Soak) -> None:
        raise ValueError("nobody has thought of it")

    soak = Soak(Terms(1, "fakerunc", 1, 1.0), Means(syscall_points=False, power_cuts=False), print)
    try:
        monkeypatch.setattr(Soak, "run", fails)
        with together.signals() as told:
            [(one, violation)], is_stopped = together.run([soak], told)
        assert not is_stopped
        folder = write(tmp_path, one, violation, "make soak")
    finally:
        soak.host.close()
    assert "the soak failed: ValueError('nobody" in (folder / "what").read_text()


def test_a_soaks_host_that_cannot_be_cleared_keeps_no_other(
    made: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(host: Host) -> None:
        close(host)
        raise OSError("a cgroup is busy")

    def ran(_soaks: list[Soak], _told: together.Told) -> tuple[list[tuple[Soak, Violation]], bool]:
        return [], False

    close = Host.close
    monkeypatch.setattr(Host, "close", fails)
    monkeypatch.setattr(together, "run", ran)
    with pytest.raises(OSError, match="busy"):
        main(["soak", "--time", "1s", "--jobs", "2"])
    assert len([one for one in made if one.name.startswith("ck")]) == 2
