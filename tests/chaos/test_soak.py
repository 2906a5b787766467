"""A short soak: several clients, everything killed at random, all as told at each rest, nothing left.

`make soak` is the long one. The seeds are fixed; instants are the machine's. A violation's folder is in tmp_path.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from scenarios.__main__ import main
from scenarios.soak.folder import write
from scenarios.soak.lives import Means
from scenarios.soak.soak import Soak, Terms
from scenarios.stages.all_stages import must_cut
from scenarios.usage import Usage
from scenarios.violation import Violation

pytestmark = pytest.mark.timeout(300)
SOAK = "scenarios.soak.soak.ASKS_A_ROUND"


def can_cut() -> bool:
    try:
        must_cut("fake")
    except Usage:
        return False
    return True


def test_a_short_soak(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rounds of each kind: some power cuts as root, and every census as told."""
    monkeypatch.setattr(SOAK, 24)
    totals = tmp_path / "totals"
    words = [
        "--time",
        "30s",
        "--seed",
        "4",
        "--jobs",
        "1",
        "--json",
        str(totals),
        "--report",
        str(tmp_path / "r"),
    ]
    assert main(["soak", *words]) == 0, capsys.readouterr().out
    told = json.loads(totals.read_text())
    assert told["violations"] == []
    assert sum(told["kills"].values()) >= 5
    assert told["operations"] >= 20
    assert told["censuses"] >= 1
    assert bool(told["power_cuts"]) == can_cut()


def test_stopped_it_tells_the_result_so_far() -> None:
    words = [sys.executable, "-m", "scenarios", "soak", "--time", "1h", "--seed", "3"]
    words += ["--jobs", "2"]
    before = set(Path("/tmp").glob("ck*"))
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as soak:
        assert soak.stdout is not None
        assert soak.stdout.readline() == "seed 3 on fakerunc, 2 hosts\n"
        soak.send_signal(signal.SIGINT)
        assert soak.wait(120) == 130
        assert soak.stdout.readline() == "stopped; this is the result so far\n"
    mine = {path for path in set(Path("/tmp").glob("ck*")) - before if path.owner() == _me()}
    assert mine == set()


def _me() -> str:
    return Path(f"/proc/{os.getpid()}").owner()


def test_a_violation_is_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody leaves a file after the first census; the second one sees it."""
    monkeypatch.setattr(SOAK, 6)

    def leave() -> None:
        (soak.host.daemon.data / "left.tmp").touch()

    soak = Soak(
        Terms(5, "fakerunc", 2, 240.0), Means(syscall_points=False, power_cuts=False), leave
    )
    try:
        with pytest.raises(Violation, match=r"nobody owns temporary file .*left\.tmp") as found:
            soak.run()
        folder = write(tmp_path, soak, found.value, "make soak SEED=5")
    finally:
        soak.host.close()
    assert soak.totals.censuses == 1
    assert "make soak SEED=5" in (folder / "what").read_text()
    assert "left.tmp" in (folder / "after").read_text()
    assert "left.tmp" not in (folder / "before").read_text()
    for name in ("notes", "rows", "processes", "record", "conmand.log", "DATA/conman.db"):
        assert (folder / name).exists(), name
    assert not soak.host.top.exists()
