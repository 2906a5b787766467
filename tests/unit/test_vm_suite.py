"""The suite in a guest, as far as it needs none: what it takes for played, and which files there are to play."""

import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

from vm import places, suite
from vm.guests import Guest
from vm.trouble import Trouble

# As pytest has it: two pass, one is skipped as a whole, one is expected to fail.
PLAYED = """
import pytest

@pytest.mark.parametrize("n", [1, 2])
def test_passes(n): print("said")

@pytest.mark.skip(reason="not here")
def test_skipped(): ...

@pytest.mark.xfail
def test_fails(): raise AssertionError
"""


@dataclass
class Machine:
    """A guest with these runtimes, whose tests end with `code` and a report of so many passes."""

    runtimes: tuple[str, ...] = suite.RUNTIMES
    code: int = 0
    passes: int = suite.LEAST
    asked: list[str] = field(default_factory=list[str])

    def attempt(self, command: str) -> "subprocess.CompletedProcess[bytes]":
        is_there = command.removeprefix("command -v ") in self.runtimes
        return subprocess.CompletedProcess(command, int(not is_there))

    def follow(self, command: str) -> int:
        self.asked.append(command)
        return self.code

    def run(self, command: str) -> str:
        [report] = re.findall(r"--junitxml (\S+)", self.asked[-1])
        assert command == f"cat {report}"
        skipped = '<testcase name="s"><skipped type="pytest.skip">no runc</skipped></testcase>'
        passes = '<testcase name="t" />' * self.passes
        return f"<testsuites><testsuite>{skipped * 120}{passes}</testsuite></testsuites>"


@pytest.fixture(autouse=True)
def installs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suite, "install_suite", lambda _guest: None)


def play(machine: Machine, *files: str) -> None:
    suite.play(cast("Guest", machine), files)


def test_all_files_are_played_over_each_runtime() -> None:
    machine = Machine()
    play(machine)
    assert [" ".join(suite.FILES) in asked for asked in machine.asked] == [True, True]
    over = [re.findall(r"REAL_RUNTIME=(\w+)", asked) for asked in machine.asked]
    assert over == [[runtime] for runtime in suite.RUNTIMES]


def test_a_runtime_that_is_not_there_is_told_before_anything_is_played() -> None:
    machine = Machine(runtimes=("runc",))
    with pytest.raises(Trouble, match=r"the guest has no crun: look into .*/packages"):
        play(machine)
    assert machine.asked == []


@pytest.mark.parametrize(("code", "passes"), [(1, 113), (5, 0)])
def test_what_fails_is_told(code: int, passes: int) -> None:
    machine = Machine(code=code, passes=passes)
    with pytest.raises(Trouble, match="the suite fails over runc and fails over crun: read"):
        play(machine)


def test_what_is_skipped_has_not_passed() -> None:
    with pytest.raises(Trouble, match="passes 99 tests over runc, of 100 at least and passes 99"):
        play(Machine(passes=99))
    with pytest.raises(Trouble, match="passes 0 tests over runc, of 1 at least"):
        play(Machine(passes=0), "tests/integration/test_changes.py")
    play(Machine(passes=1), "tests/integration/test_changes.py")


def test_passes_are_counted_as_pytest_reports_them(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(PLAYED)
    words = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir", ".")
    done = subprocess.run(
        [sys.executable, *words, "--junitxml", "report.xml", "test_it.py"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
    )
    assert done.returncode == 0, done.stdout
    assert suite._passed((tmp_path / "report.xml").read_text()) == 2


def test_each_file_that_drives_a_real_runtime_is_played_or_said_not_to_be() -> None:
    drives = re.compile(r"mark\.runc|\bRUNTIMES\b|\bREAL\b")
    found = {
        f"tests/integration/{path.name}"
        for path in (places.TREE / "tests/integration").glob("test_*.py")
        # Of fakerunc, held to a real one: deselected in there.
        if not path.name.startswith("test_fakerunc") and drives.search(path.read_text())
    }
    assert not {*suite.FILES} & {*suite.ELSEWHERE}
    assert found - {*suite.FILES} == {*suite.ELSEWHERE}
