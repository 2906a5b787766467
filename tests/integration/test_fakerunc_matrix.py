"""Every state times every command, on runc and on fakerunc, compared cell by cell.

A cell is exit code, stdout, stderr, the log, the state after, the files left. What is known to differ
stands in fakerunc_differences.txt with its reason; all else is equal, or the test fails. FAKERUNC_MATRIX=whole
plays all states, else three do.
"""

import json
import os
import re
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tests.integration.fakerunc_lab import Lab, Said, exit_of
from tests.integration.test_fakerunc_truth import TORN, at, make, plain, settle, two_labs, wipe

pytestmark = [
    pytest.mark.runc,
    pytest.mark.skipif(shutil.which("busybox") is None, reason="busybox-static is not installed"),
    pytest.mark.timeout(900),
]

STATES = [
    "absent", "empty-directory", "half-made", *TORN, "created", "running", "paused",
    "paused-created", "stopped", "dead-created", "behind-fifo", "beside", "suspended",
]  # fmt: skip
LOOKS = [
    "state c1", "list", "list -q", "list --format json", "kill c1 BOGUS", "kill c1 0", "kill c1 99",
    "exec c1", "exec c1 /bin/nope", "exec c1 true", "exec c1 sh -c exit+42", "exec --detach c1 true",
    "ps --format json c1", "ps c1 -o pid,comm", "ps --format xml c1", "events --stats c1",
    "events --interval 0s c1", "update --memory x c1", "update --pids-limit 9 c1", "checkpoint c1",
    "restore --bundle PLACE/bundle c1", "run --bundle PLACE/nope c1",
]  # fmt: skip
DEEDS = [
    "create --bundle PLACE/bundle c1", "run --detach --bundle PLACE/bundle c1", "start c1",
    "pause c1", "resume c1", "kill c1", "kill c1 KILL", "kill c1 CONT", "kill --all c1 WINCH",
    "kill --all c1 KILL", "delete c1", "delete --force c1",
]  # fmt: skip
# A start behind whose back the program runs already waits for that program's end: both do.
ENDLESS = {("behind-fifo", "start c1")}
COUNTED = Counter[str]()


def bring_about(one: Lab, state: str) -> None:
    """From whatever there is; the states of the other truth tests are theirs."""
    end_beside(one)
    if state in {*TORN, "absent", "created", "running", "paused", "stopped"}:
        make(one, state)
        return
    make(one, "created" if state in {"paused-created", "dead-created"} else "running")
    match state:
        case "empty-directory" | "half-made":
            wipe(one)
            (one.root / "c1").mkdir(parents=True)
            if state == "half-made":
                os.mkfifo(one.root / "c1/exec.fifo")
                (one.root / "c1/state-123").write_text("{")
        case "paused-created":
            assert one.call("pause", "c1") == (0, "", "")
        case "dead-created":
            assert one.call("kill", "c1", "KILL") == (0, "", "")
            assert exit_of(one.pid()) == -signal.SIGKILL
        case "behind-fifo":
            os.mkfifo(one.root / "c1/exec.fifo")
        case "beside":
            said = one.call("exec", "-d", "--pid-file", str(beside(one)), "c1", "sleep", "100")
            assert said == (0, "", "")
        case _:
            assert one.call("kill", "c1", "STOP") == (0, "", "")
            os.waitid(os.P_PID, one.pid(), os.WSTOPPED)


def beside(one: Lab) -> Path:
    return one.place / "beside.pid"


def end_beside(one: Lab) -> None:
    """Reaped, too: until then runc's init does not end, and a delete waits for ten seconds."""
    if beside(one).exists():
        # Who is frozen does not die.
        one.call("resume", "c1")
        pid = int(beside(one).read_text())
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(pid, signal.SIGKILL)
            exit_of(pid)
        beside(one).unlink()


Cell = tuple[Said, str, str, list[str], bool]


def cell(one: Lab, line: str) -> Cell:
    """What one call makes of one state."""
    log = one.place / "log"
    log.unlink(missing_ok=True)
    words = tuple(word.replace("+", " ") for word in line.split())
    globals_ = ("--log", str(log), "--log-format", "json")
    try:
        said = plain(one, one.call(*at(one, words), globals_=globals_))
    except subprocess.TimeoutExpired:
        said = Said(-1, "", "never answers")
    written = plain(one, Said(0, log.read_text() if log.exists() else "", "")).out
    if "nope" not in line:
        settle(one)
    state = one.call("state", "c1")
    after = json.loads(state.out)["status"] if state.code == 0 else "none"
    return _bare(said, line), written, after, one.files(), (one.root / "c1").exists()


def _bare(said: Said, line: str) -> Said:
    """Without numbers that belong to one host's moment."""
    if line.startswith("events --stats") and said.code == 0:
        event = json.loads(said.out)
        return said._replace(out=f"{event['type']} of {event['id']}")
    return said._replace(out=re.sub(r"\b\d+\b", "N", said.out)) if "ps " in line else said


@pytest.fixture(scope="module", autouse=True)
def summary(request: pytest.FixtureRequest) -> Iterator[None]:
    """One line, whatever was captured: cells, equal, listed."""
    yield
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        counts = ", ".join(f"{COUNTED[kind]} {kind}" for kind in ("cells", "equal", "listed"))
        print(f"\n{counts}")  # noqa: T201


def listed(flavour: str = "runc") -> list[tuple[str, str]]:
    name = "fakerunc_differences.txt" if flavour == "runc" else f"{flavour}_differences.txt"
    lines = (Path(__file__).parent / name).read_text().splitlines()
    entries = (line.split("|") for line in lines if line.strip() and not line.startswith("#"))
    return [(state.strip(), command.strip()) for state, command, _ in entries]


def is_listed(state: str, line: str, flavour: str) -> bool:
    return any(fnmatchcase(state, s) and fnmatchcase(line, c) for s, c in listed(flavour))


# The whole takes minutes: `make truth`.
ASKED = STATES if os.environ.get("FAKERUNC_MATRIX") == "whole" else ["absent", "created", "paused"]


@pytest.mark.parametrize("state", ASKED)
def test_every_command_in(state: str) -> None:
    with two_labs() as pair:
        compare_all(pair, state, "runc")


def compare_all(pair: tuple[Lab, Lab], state: str, flavour: str) -> None:
    """Every command in one state: an assertion with all cells that are neither equal nor listed."""
    wrong: list[str] = []
    for one in pair:
        bring_about(one, state)
    for line in (*LOOKS, *DEEDS):
        if (state, line) in ENDLESS:
            continue
        real, fake = (cell(one, line) for one in pair)
        COUNTED["cells"] += 1
        known = is_listed(state, line, flavour)
        COUNTED["equal" if real == fake else "listed" if known else "wrong"] += 1
        if (real == fake) is known:
            wrong.append(f"{line}\n  {flavour}     {real}\n  fakerunc {fake}")
        if line in DEEDS or real != fake:
            for one in pair:
                bring_about(one, state)
    for one in pair:
        end_beside(one)
    assert not wrong, f"{len(wrong)} cells in {state}:\n" + "\n".join(wrong)


def test_the_matrix_is_large_and_its_list_has_cells() -> None:
    assert len(STATES) >= 12
    assert len(LOOKS) + len(DEEDS) >= 24
    for state, line in listed():
        assert any(fnmatchcase(one, state) for one in STATES), state
        assert any(fnmatchcase(one, line) for one in (*LOOKS, *DEEDS)), line
