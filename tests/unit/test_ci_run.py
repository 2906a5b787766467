"""How .ci/run leaves a machine: everything is taken away, whatever of it fails, and that is told by its code."""

import os
import re
import subprocess
from pathlib import Path

import pytest

RUN = Path(__file__).parents[2] / ".ci" / "run"
PROGRAMS = ("pkill", "userdel", "rm", "make")


def leaves(top: Path, *fails: str, code: int = 0) -> tuple[int, list[str]]:
    """Its code, and what it called, where these programs fail and it ended with `code`."""
    for program in PROGRAMS:
        stub = top / program
        status = 1 if program in fails else 0
        stub.write_text(f'#!/bin/sh\necho "{program} $*" >>"{top}/called"\nexit {status}\n')
        stub.chmod(0o755)
    [leave] = re.findall(
        r"^leave\(\) \{$.*?^\}\ntrap leave EXIT$", RUN.read_text(), re.MULTILINE | re.DOTALL
    )
    given = f"scratch={top}/scratch user=somebody clean='make -s vm-clean'"
    script = f"set -euo pipefail\n{given}\n{leave}\nexit {code}\n"
    done = subprocess.run(
        ["bash", "-c", script], check=False, env={"PATH": f"{top}:{os.environ['PATH']}"}
    )
    return done.returncode, (top / "called").read_text().splitlines()


@pytest.mark.parametrize("fails", [(), ("userdel",), ("make",), ("rm",), PROGRAMS], ids=str)
def test_all_is_taken_away_whatever_fails(tmp_path: Path, fails: tuple[str, ...]) -> None:
    code, called = leaves(tmp_path, *fails)
    assert called == [
        "pkill -KILL -u somebody",
        "userdel somebody",
        "rm -rf /tmp/pytest-of-somebody",
        "make -s vm-clean",
        f"rm -rf {tmp_path}/scratch",
    ]
    assert code == int(bool(fails))


def test_its_code_is_what_it_ended_with(tmp_path: Path) -> None:
    # There was no process to end, as usual.
    assert leaves(tmp_path, "pkill")[0] == 0
    assert leaves(tmp_path, "pkill", code=3)[0] == 3
