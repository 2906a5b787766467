"""A short soak: several clients, everything killed at random, all as told at each rest, nothing left.

`make soak` is the long one. The seed is fixed; instants are the machine's. A violation's folder is in tmp_path.
"""

import json
from pathlib import Path

import pytest

from scenarios.__main__ import main

pytestmark = pytest.mark.timeout(300)


def test_a_short_soak(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    totals = tmp_path / "totals"
    words = ["--time", "30s", "--seed", "5", "--json", str(totals), "--report", str(tmp_path / "r")]
    code = main(["soak", *words])
    assert code == 0, capsys.readouterr().out
    told = json.loads(totals.read_text())
    assert told["violations"] == []
    assert sum(told["kills"].values()) >= 5
    assert told["operations"] >= 20
    assert told["censuses"] >= 1
