"""Real processes struck otherwise than by conmand's death alone: its runtime, its control group, all of its own.

Some of each; `python -m scenarios sweep --of` has all. Clients are told the truth, what was refused works when it is
asked again, and at rest nothing is left of it.
"""

import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from scenarios.__main__ import main
from scenarios.replay_ids import find_single
from scenarios.stages import own_group
from scenarios.stages.deaths import death
from scenarios.stages.play import Played, play
from scenarios.stages.real import Real
from scenarios.syscalls import preload

pytestmark = pytest.mark.timeout(600)
ROOT = pytest.mark.skipif(own_group.missing() != "", reason=own_group.missing() or "it is there")
RUNC = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("strace") is None, reason="tracing runc needs root and strace"
)

#: A story, what strikes it, and what its client is told.
RUNTIMES = (
    ("create", "runtime:create@write-state", ["RuntimeFailed", "ok", "CREATED"]),
    ("start", "runtime:start@unlink-fifo", ["ok", "ok", "RUNNING"]),
    ("remove-created", "runtime:delete@remove-directory", ["ok", "ok"]),
)
TRACED = (
    ("create", "runtime:create@renameat#1", ["RuntimeFailed", "ok", "CREATED"]),
    ("start", "runtime:start@execve#1", ["ok", "StartError", "EXITED"]),
)
TOGETHER = (("create", "all:create-container/RuntimeCreate/after", ["ok", "CREATED"]),)
#: The shims of restarts, in one life of a daemon; and what is to be a shim, and has its zygote's name.
COUNTED = ["ok", "ok", "ok", "ok", "EXITED", "EXITED"]
THIRD = (
    ("restart-counted", "call:conman-shim#3@14", COUNTED),
    ("restart-counted", "call:conman-zygote#4@1", COUNTED),
)
GROUP = (("start", "group:call:RuntimeStart@2", ["ok", "ok", "RUNNING"]),)


@pytest.fixture(scope="module", autouse=True)
def counting() -> None:
    assert preload.missing() == ""


def problems(stage: str, cues: "tuple[tuple[str, str, list[str]], ...]") -> list[str]:
    """Two at a time: most of a play is waiting for processes to begin and end."""
    with ThreadPoolExecutor(2) as pool:
        played = pool.map(lambda one: play(find_single(one[0]), stage, (one[1],)), cues)
        found = [_problem(one, told) for one, (_, _, told) in zip(played, cues, strict=True)]
    return [one for one in found if one]


def _problem(played: Played, expected: list[str]) -> str:
    told = [one.answer for one in played.told]
    if not played.problem and told == expected:
        return ""
    return f"{played.story.name} {played.crashes}: {told}, {played.problem}\n{played.log}"


def test_a_runtime_killed_at_its_steps() -> None:
    assert problems("fake", RUNTIMES) == []


@pytest.mark.runc
@RUNC
def test_a_runtime_killed_before_its_calls() -> None:
    assert problems("runc", TRACED) == []


def test_a_step_that_is_never_reached_is_told() -> None:
    played = play(find_single("create"), "fake", ("runtime:start@release-init",))
    assert "runtime:start@release-init is never passed on fake" in played.problem


def test_a_sweep_of_what_a_runtime_does(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--of", "runtime", "--every", "3", "--jobs", "2"]
    assert main(["sweep", "remove-created", *words]) == 0, capsys.readouterr().out
    told = capsys.readouterr().out
    assert "4 points,   4 alike;   2 of   2 deaths (2 of a runtime); 0 missed, 0 not" in told


#: A conmand that leaves something behind.
LEAVES = """#!{python}
import sys
from pathlib import Path
from conman.daemon.main import main
data = Path(sys.argv[sys.argv.index("--data-dir") + 1])
data.mkdir(exist_ok=True)
(data / "left.tmp").touch()
main()
"""


def test_what_is_not_as_told_is_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scenarios.stages.real._REST_S", 0.5)
    conmand = tmp_path / "conmand"
    conmand.write_text(LEAVES.format(python=sys.executable))
    conmand.chmod(0o755)
    crash = ("create-container/PrepareBundle/after",)
    found = play(find_single("create"), "fake", crash, str(conmand), tmp_path / "reports")
    assert "nobody owns temporary file" in found.problem
    assert found.folder is not None
    what = (found.folder / "what").read_text()
    assert f"again: python -m scenarios play create --stage fake --crash {crash[0]}\n" in what
    assert "left.tmp" in (found.folder / "after").read_text()
    for name in ("notes", "before", "rows", "processes", "record", "conmand.log", "DATA/conman.db"):
        assert (found.folder / name).exists(), name


def test_two_daemons_die_at_the_same_place() -> None:
    """What has disarmed the first must not disarm the second."""
    again = "recover/HelloShim/before@1"
    played = play(find_single("start"), "fake", (again, again))
    assert played.problem == ""


def test_a_second_death_is_a_death_of_its_own() -> None:
    """In the next life, at a system call as in the first; one that does not come is told, whatever came before."""
    story = find_single("start")
    assert play(story, "fake", ("call:store@7", "call:conmand@20")).problem == ""
    played = play(story, "fake", ("fails:EIO:store@7", "fails:EIO:never-a-thread@999"))
    assert "fails:EIO:never-a-thread@999 is never passed on fake" in played.problem
    assert played.is_missed


def test_the_third_shim_is_killed_and_what_a_zygote_forks_for_it() -> None:
    assert problems("fake", THIRD) == []


def test_a_daemon_dies_with_its_zygote_and_its_shims() -> None:
    assert problems("fake", TOGETHER) == []


@pytest.mark.runc
@ROOT
def test_a_daemon_dies_with_all_of_its_control_group() -> None:
    assert problems("runc", GROUP) == []


#: One error a story and a thread: of the store, an effect, a shim.
ERRORS = (
    ("create", "fails:ENOSPC:PrepareBundle@13", ["DiskFull", "ok", "CREATED"]),
    ("start", "fails:ENOSPC:store@7", ["ok", "ok", "RUNNING"]),
    # It cannot begin, and says so; the next one can.
    ("create", "fails:EIO:conmand@64", ["ok", "CREATED"]),
    ("create", "fails:ENOSPC:conmand@69", ["ok", "CREATED"]),
)
#: Who asks for what fails meanwhile asks again until there is space: it is told what a client is told anyway.
FULL = (
    ("create", "full:ext4:PrepareBundle@10", ["ok", "CREATED"]),
    ("create", "full:ext4:conmand@62", ["ok", "CREATED"]),
    ("stop-obedient", "full:tmpfs:store@2", ["ok", "ok", "ok", "EXITED"]),
)


def test_a_call_fails_and_nothing_is_left_half_done() -> None:
    assert problems("fake", ERRORS) == []


@ROOT
@pytest.mark.parametrize("disk", ["ext4", "tmpfs"])
def test_a_full_disk_is_one_that_a_daemon_finds_full(disk: str) -> None:
    """Else all would be as told with space enough."""
    crash = f"full:{disk}:PrepareBundle@10"
    host = Real(find_single("create"), "fakerunc", [death(crash)])
    try:
        host.given()
        assert host.live(crash)
        assert "create-container/PrepareBundle: ENOSPC: No space left on device" in host.log()
    finally:
        host.close()


@ROOT
def test_a_full_disk_is_told_can_be_read_and_service_resumes() -> None:
    assert problems("fake", FULL) == []
