"""Who meets a mutant, what their words and exit codes mean, and what is told of it.

Whole runs are `python -m scenarios mutate`; here a few mutants of the real core are judged by the simulator.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest

from scenarios.__main__ import main
from scenarios.commands.mutate import all_mutants
from scenarios.mutation import examining, proofs, table
from scenarios.mutation.asked import Asked, Test
from scenarios.mutation.judging import Judged, judge
from scenarios.mutation.lines import Watch
from scenarios.mutation.mutants import Mutant
from scenarios.mutation.operators import mutants
from scenarios.mutation.reach import ROOT, Reach
from scenarios.mutation.tree import Over, Tree
from scenarios.mutation.trial import Verdict
from scenarios.usage import Usage
from tests.unit.mutant_trial import trial

EVERY = all_mutants()
CORE = next(one for one in EVERY if one.stratum == "core" and one.function)


# ---- who comes to a line


def test_lines_that_ran_are_seen(tmp_path: Path) -> None:
    (tmp_path / "conman").mkdir()
    code = compile(
        "def f(a):\n if a:\n  x = 1\n else:\n  x = 2\n", f"{tmp_path}/conman/x.py", "exec"
    )
    names: dict[str, object] = {}
    exec(code, names)  # noqa: S102 - the code is above
    function, watch = names["f"], Watch(str(tmp_path))
    assert callable(function)
    with watch.watching():
        function(1)
    assert watch.seen() == {"conman/x.py": [2, 3]}
    watch.fresh()
    with watch.watching():
        function(0)
    assert watch.seen() == {"conman/x.py": [2, 5]}


@pytest.mark.parametrize(
    ("source", "first", "comes"),
    [
        ("def f():\n  go(\n   a)\n", 2, {2: True, 3: True, 4: False}),
        ("def f(a):\n  if a:\n    go()\n", 2, {2: True, 3: False}),
    ],
)
def test_a_mutant_is_met_where_it_is(source: str, first: int, comes: dict[int, bool]) -> None:
    one = mutants("conman/core/x.py", source.encode(), {})[0]
    assert one.lines[0] == first
    for line, met in comes.items():
        reach = Reach({"create": {"conman/core/x.py": [line]}}, {})
        assert bool(reach.stories_of(one)) is met, line


def test_what_is_done_at_loading_is_met_by_all_who_load_it() -> None:
    [one, _] = mutants("conman/core/permits.py", b"\n\nX = 1\n", {})
    assert one.function == ""
    assert Reach({"create": {}}, {}).stories_of(one) == ["create"]
    files = {f"tests/unit/test_{name}.py": Asked() for name in ("bundle", "limits", "mutation")}
    assert Reach({}, files).tests_of(one) == ["tests/unit/test_bundle.py"]


def test_the_stories_that_come_there_are_asked_the_shortest_first() -> None:
    there, long = {CORE.file: list(CORE.lines)}, {"conman/core/x.py": list(range(50))}
    stories = {"create": there | long, "start": there, "kill": long, "swarm": there | long | long}
    assert Reach(stories, {}).stories_of(CORE) == ["start", "create", "swarm"]
    brief = [name for name, _ in examining.parts(["start", "create", "swarm"], is_brief=True)]
    assert brief == ["start", "create", "start", "create"]
    assert "swarm" in [name for name, _ in examining.parts(["start", "swarm"])]


def test_the_tests_that_come_there_are_asked_the_quickest_first() -> None:
    there, elsewhere = {CORE.file: list(CORE.lines)}, {"conman/core/none.py": [1]}
    tests = {
        "x.py::test_both[a]": Test(2.0, there),
        "x.py::test_both[b::c]": Test(2.0, elsewhere),
        "x.py::test_each[a]": Test(2.0, there),
        "x.py::test_each[b]": Test(2.0, there),
        "x.py::test_else": Test(0.1, elsewhere),
        "x.py::test_quick": Test(1.0, there),
    }
    found = Reach({}, {"x.py": Asked(tests)}).tests_of(CORE)
    assert found == ["x.py::test_quick", "x.py::test_both", "x.py::test_each"]


def test_of_a_file_that_comes_there_when_it_is_loaded_all_tests_are_asked() -> None:
    there = {CORE.file: list(CORE.lines)}
    tests = {"x.py::test_it": Test(2.0, there), "x.py::test_else": Test(0.1, {})}
    files = {"x.py": Asked(tests, there), "y.py": Asked({"y.py::test_it": Test(1.0, there)})}
    assert Reach({}, files).tests_of(CORE) == ["y.py::test_it", "x.py"]


@pytest.mark.skipif(os.geteuid() != 0, reason="namespaces of its own need root")
def test_what_runs_when_a_file_is_loaded_and_in_each_test_is_told(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "scenarios", tmp_path / "scenarios")
    (tmp_path / "conman").mkdir()
    (tmp_path / "conman" / "__init__.py").touch()
    (tmp_path / "conman" / "x.py").write_text("def f(a):\n if a:\n  return 1\n return 2\n")
    (tmp_path / "test_x.py").write_text(
        "from conman.x import f\nONE = f(1)\ndef test_it():\n f(0)\n"
    )
    words = ("-p", "scenarios.mutation.asked", "--import-mode=importlib", "test_x.py")
    done = Tree(str(tmp_path)).tested(*words, seconds=50, CONMAN_LINES_TO="out")
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads((tmp_path / "out").read_text())["test_x.py"]
    assert told["loading"] == {"conman/x.py": [1, 2, 3]}
    assert told["tests"]["test_x.py::test_it"]["lines"] == {"conman/x.py": [2, 4]}


# ---- verdicts


@pytest.mark.parametrize(
    ("file", "before", "after", "by"),
    [
        (
            "conman/core/sagas/run.py",
            "await insist(container_id, v.RemoveCgroup(container_id, run))",
            "pass",
            "oracle",
        ),
        (
            "conman/core/sagas/run.py",
            "return known.call.init",
            "return known.call.none",
            "exception",
        ),
        ("conman/core/sagas/run.py", '"start a shim"', '"start a shin"', ""),
    ],
)
def test_a_verdict(file: str, before: str, after: str, by: str, tmp_path: Path) -> None:
    verdict = trial(tmp_path, file, before, after, "update-exited")
    assert verdict["by"] == by, verdict
    assert verdict["is_complete"] is True


def test_what_never_ends_hangs(tmp_path: Path) -> None:
    before = "    made = await v.PrepareBundle"
    verdict = trial(
        tmp_path, "conman/core/sagas/run.py", before, f"    while True: pass\n{before}", "create"
    )
    assert verdict["by"] == "hang"


# ---- what is told


ONE = EVERY[0]
KILLED = Judged(ONE, Verdict("oracle", "create: I3"), 1.0)
LEFT = Judged(ONE, Verdict(""), 2.0)


def test_the_table_counts_survivors_and_all() -> None:
    rows = list(table.table([KILLED, KILLED, LEFT]))
    assert rows[-1] == "| all | 3 | 2 | 0 | 0 | 0 | 1 | 66.7 % | 4 |\n"


def test_a_survivor_is_shown_with_its_line() -> None:
    text = "".join(table.survivors([KILLED, LEFT], {ONE.name: "nobody asks"}))
    assert text.count("SURVIVED") == 1
    assert f"  {ONE.file}:{ONE.lines[0]}\n" in text
    assert "\n  -" in text
    assert "\n  +" in text
    assert "equivalent: nobody asks" in text
    assert "1 of them proven equivalent" in table.total([LEFT], {ONE.name: "nobody asks"}, 1.0)


def test_a_mutant_as_json() -> None:
    assert json.loads(json.dumps(table.fields(KILLED, {})))["by"] == "oracle"


def test_each_proof_is_of_a_mutant() -> None:
    assert set(proofs.proofs(EVERY)) <= {one.name for one in EVERY}


@pytest.mark.parametrize(
    ("kept", "words"),
    [({"x": "why"}, "a proof of what is no mutant"), ({ONE.name: " "}, "gives no reason")],
)
def test_a_proof_that_is_none(
    kept: dict[str, str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "equivalent.json"
    file.write_text(json.dumps(kept))
    monkeypatch.setattr(proofs, "FILE", file)
    with pytest.raises(Usage, match=words):
        proofs.proofs(EVERY)


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["mutate", "--count", "0"], "give 1 or more"),
        (["mutate", "--jobs", "0"], "give 1 or more"),
        (["mutate", "--shard", "3/2"], "write I/N"),
        (["mutate", "--shard", "x"], "write I/N"),
        (["mutate", "--only", "conman/core/none.py"], "nothing of it is changed"),
    ],
)
def test_bad_words(argv: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 2
    err = capsys.readouterr().err
    assert words in err
    assert err.count("\n") == 1


def test_a_mutant_has_what_a_person_needs() -> None:
    one = Mutant("conman/core/x.py", "f", "negated", (3, 3), 0, 1, "a" * 200, "b")
    assert one.name.startswith("conman/core/x.py:f negated: aaa")
    assert len(one.name) < 140


# ---- who is asked, and what their exit codes mean


class Told:
    """A tree that answers as it is told; it keeps what the file held, and who was asked."""

    def __init__(self, simulated: tuple[int, str], tested: tuple[int, str]) -> None:
        self.asked: list[tuple[str, ...]] = []
        self._simulated, self._tested = simulated, tested

    @contextmanager
    def changed(self, _file: str, source: bytes) -> Generator[None]:
        self.source = source
        yield

    def simulated(self, *words: str, **_seconds: float) -> "subprocess.CompletedProcess[str]":
        self.asked.append(words)
        code, out = self._simulated
        return subprocess.CompletedProcess(words, code, out, "Traceback\nKeyError: 1")

    def tested(self, *words: str, **_seconds: float) -> "subprocess.CompletedProcess[str]":
        self.asked.append(words)
        code, out = self._tested
        return subprocess.CompletedProcess(words, code, out, "")


UNSEEN = (0, json.dumps({"by": "", "what": "", "seconds": 1.0, "is_complete": True}))
SEEN = (0, json.dumps({"by": "oracle", "what": "create: I3", "seconds": 1.0, "is_complete": True}))
RED = (1, "F\nFAILED tests/unit/test_x.py::test_it - assert\n")


def met(core: Mutant) -> Reach:
    """By one story and a test in each of two files, one of which has a test that fails anyway."""
    lines = {core.file: list(core.lines)}
    slow = Asked({"slow.py::test_it[1]": Test(9.0, lines)}, failing=["slow.py::test_red"])
    quick = Asked({"quick.py::test_it": Test(1.0, lines)})
    return Reach({"create": lines, "start": {}}, {"slow.py": slow, "quick.py": quick})


@pytest.mark.parametrize(
    ("simulated", "tested", "by", "what"),
    [
        (SEEN, RED, "oracle", "create: I3"),
        ((1, ""), RED, "exception", "KeyError: 1"),
        ((-9, ""), RED, "hang", "it was ended, by signal 9"),
        (UNSEEN, RED, "test", "FAILED tests/unit/test_x.py::test_it - assert"),
        (UNSEEN, (2, "ERROR x.py\n"), "test", "ERROR x.py"),
        (UNSEEN, (-9, ""), "test", "it did not end"),
        (UNSEEN, (0, ""), "", ""),
    ],
)
def test_who_noticed(
    simulated: tuple[int, str], tested: tuple[int, str], by: str, what: str
) -> None:
    tree = Told(simulated, tested)
    judged = judge(CORE, cast("Tree", tree), met(CORE), 5.0)
    assert (judged.verdict.by, judged.verdict.what) == (by, what)
    assert tree.source == CORE.applied((ROOT / CORE.file).read_bytes())
    assert tree.asked[0] == ("create", "--limit=1.25", "--briefly")
    if by in {"test", ""}:
        tests = ("quick.py::test_it", "slow.py::test_it", "--deselect=slow.py::test_red")
        assert tree.asked[1] == ("-x", "--timeout=60", *tests)
    assert tree.asked[2:] == ([] if by else [("create", "--limit=5.0")])


def test_a_pytest_that_cannot_run_is_no_verdict() -> None:
    with pytest.raises(RuntimeError, match="pytest ended with 4"):
        judge(CORE, cast("Tree", Told(UNSEEN, (4, "usage"))), met(CORE), 5.0)


def test_nobody_is_asked_who_never_comes_there() -> None:
    tree = Told(SEEN, RED)
    judged = judge(CORE, cast("Tree", tree), Reach({"create": {}}, {}), 5.0)
    assert (judged.verdict.by, tree.asked) == ("", [])


def test_a_changed_file_is_put_back(tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text("a")
    with Tree(str(tmp_path)).changed("x.py", b"b"):
        assert (tmp_path / "x.py").read_text() == "b"
    assert (tmp_path / "x.py").read_text() == "a"


def test_what_was_stopped_begins_nothing_more(tmp_path: Path) -> None:
    tree = Tree(str(tmp_path))
    tree.stop()
    with pytest.raises(Over):
        tree.simulated("create", seconds=1.0)


@pytest.mark.skipif(os.geteuid() != 0, reason="namespaces of its own need root")
def test_tests_of_a_mutant_are_away_from_this_host(tmp_path: Path) -> None:
    (tmp_path / "test_x.py").write_text(
        "import os\n"
        "def test_alone():\n"
        "    assert os.getpid() < 10\n"
        "    assert os.listdir('/tmp') == []\n"
        "    assert not os.access('/root', os.W_OK)\n"
        "    assert open('/proc/self/cgroup').read().count(':/\\n') > 0\n"
    )
    done = Tree(str(tmp_path)).tested("test_x.py", seconds=50)
    assert done.returncode == 0, done.stdout + done.stderr
