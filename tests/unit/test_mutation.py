"""Mutants are what they say: each operator on the smallest source, names that stay, samples, verdicts.

Whole runs are `python -m scenarios mutate`; here a few mutants of the real core are judged by the simulator.
"""

import json
import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest

from scenarios.__main__ import main
from scenarios.commands.mutate import all_mutants
from scenarios.mutation import proofs, table
from scenarios.mutation.asked import Asked
from scenarios.mutation.judging import Judged, judge
from scenarios.mutation.lines import Watch
from scenarios.mutation.mutants import STRATA, Mutant, of_shard, sample, stratum
from scenarios.mutation.operators import mutants, neighbours
from scenarios.mutation.reach import ROOT, Reach
from scenarios.mutation.tree import Over, Tree
from scenarios.mutation.trial import Verdict
from scenarios.usage import Usage
from tests.unit.mutant_trial import trial

EVERY = all_mutants()
RECIPES = "conman/core/effects/recipes_x.py"


def changed(source: str, file: str = "conman/core/x.py", **effects: str) -> set[tuple[str, str]]:
    """(operator, the whole text as it then is)."""
    found = mutants(file, source.encode(), effects)
    return {(one.operator, one.applied(source.encode()).decode()) for one in found}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def f():\n go(1.5)", {("left out", "def f():\n pass")}),
        ("def f(a):\n a += b", {("left out", "def f(a):\n pass")}),
        ("def f(a):\n a = b", {("left out", "def f(a):\n pass")}),
        ("def f():\n a = b", set[tuple[str, str]]()),
        ("def f():\n a.b = c", {("left out", "def f():\n pass")}),
        ("def f():\n raise ValueError", {("left out", "def f():\n pass")}),
        (
            "def f(a):\n if a: pass",
            {("left out", "def f(a):\n pass"), ("negated", "def f(a):\n if (not (a)): pass")},
        ),
        ("x = a if b else c", {("negated", "x = a if (not (b)) else c")}),
        ("x = a == b", {("compared", "x = (a != b)")}),
        ("x = a < b", {("compared", "x = (a <= b)")}),
        ("x = a not in b", {("compared", "x = (a in b)")}),
        (
            "x = a and b",
            {("joined", "x = ((a) or (b))"), ("joined", "x = (b)"), ("joined", "x = (a)")},
        ),
        ("x = 7", {("constant", "x = 8"), ("constant", "x = (6)")}),
        ("x = 5_000", {("constant", "x = 0")}),
        ("x = True", {("constant", "x = False")}),
        ("x = f(a, b, k=c)", {("swapped", "x = f(b, a, k=c)")}),
        ("x = f(a, a)", set[tuple[str, str]]()),
        ("x = isinstance(a, b)", set[tuple[str, str]]()),
        ("def f() -> bool:\n return a", {("return", "def f() -> bool:\n return not (a)")}),
        ("def f() -> str:\n return a", {("return", 'def f() -> str:\n return ""')}),
        ("def f() -> X | None:\n return a", {("return", "def f() -> X | None:\n return None")}),
        ("def f() -> bool:\n return True", {("constant", "def f() -> bool:\n return False")}),
    ],
)
def test_an_operator(source: str, expected: set[tuple[str, str]]) -> None:
    assert changed(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        '"""Why."""',
        "import a\nfrom b import c",
        "x: Literal[1, 2] = y",
        "@g(1)\ndef f(): pass",
        "def f(a: 'int | 1') -> 'X[1]': pass",
        "assert a == 1",
        "def f():\n raise AssertionError(a)",
        "def f():\n assert_never(a)",
        "x = f'{a + 1}'",
        "X = A | B",
    ],
)
def test_what_no_run_can_show_is_not_changed(source: str) -> None:
    assert changed(source) == set()


def test_an_await_is_left_out_where_its_outcome_is_wanted() -> None:
    wanted = changed("async def f():\n x = await v.Look(a)")
    assert {operator for operator, _ in wanted} == {"not awaited"}
    assert changed("async def f():\n await v.Look(a)") == {("left out", "async def f():\n pass")}


def test_an_effect_is_replaced_by_its_neighbour() -> None:
    after = changed("x = v.Freeze(a)", Freeze="Thaw")
    assert after == {("neighbour", "x = v.Thaw(a)")}


def test_neighbours_have_the_same_fields() -> None:
    body = "(HostEffect):\n a: int\n"
    source = f"class A{body}class B{body}class C(HostEffect):\n b: int\nclass D(Effect):\n a: int\n"
    assert neighbours([source.encode()]) == {"A": "B", "B": "A"}


def test_a_recipe_loses_a_step_or_moves_one() -> None:
    after = changed("def f() -> Recipe:\n return (a, b)", RECIPES)
    assert after == {
        ("step left out", "def f() -> Recipe:\n return (b,)"),
        ("step left out", "def f() -> Recipe:\n return (a,)"),
        ("step moved", "def f() -> Recipe:\n return (b, a)"),
        ("return", "def f() -> Recipe:\n return None"),
    }


# ---- names and samples


def test_a_name_does_not_move_with_its_line() -> None:
    source = "def f(a):\n if a: pass\n"
    [one, *_] = mutants("conman/core/x.py", source.encode(), {})
    [other, *_] = mutants("conman/core/x.py", f"\n\n{source}".encode(), {})
    assert one.name == other.name
    assert one.lines != other.lines


def test_names_are_names() -> None:
    assert len({one.name for one in EVERY}) == len(EVERY) > 5_000


def test_each_stratum_has_its_files() -> None:
    assert {one.stratum for one in EVERY} == {name for name, _, _ in STRATA}
    assert stratum("conman/core/bundle/config.py") == ""
    assert stratum("conman/core/sagas/run.py") == "core"
    assert stratum("conman/daemon/main.py") == ""
    assert round(sum(share for _, share, _ in STRATA), 6) == 1


def test_a_sample_is_of_its_seed() -> None:
    assert sample(EVERY, 1, 100) == sample(EVERY, 1, 100)
    assert len(sample(EVERY, 1, 100)) == 100
    assert set(sample(EVERY, 1, 100)) != set(sample(EVERY, 2, 100))
    assert set(sample(EVERY, 1, 50)) <= set(sample(EVERY, 1, 100))


def test_mutants_are_programs() -> None:
    for one in sample(EVERY, 0, 100):
        compile(one.applied((ROOT / one.file).read_bytes()), one.name, "exec", dont_inherit=True)


def test_a_sample_has_every_stratum_and_operator() -> None:
    drawn = sample(EVERY, 0, 300)
    assert {one.stratum for one in drawn} == {name for name, _, _ in STRATA}
    assert {one.operator for one in drawn} == {one.operator for one in EVERY}


def test_shards_are_the_whole() -> None:
    drawn = sample(EVERY, 0, 30)
    parts = [one for index in (1, 2, 3) for one in of_shard(drawn, index, 3)]
    assert sorted(parts, key=lambda one: one.name) == sorted(drawn, key=lambda one: one.name)


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
    assert Reach({}, files).files_of(one) == ["tests/unit/test_bundle.py"]


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
        (["mutate", "--shard", "3/2"], "give I/N"),
        (["mutate", "--shard", "x"], "give I/N"),
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
    """By one story and two test files, one of which has a test that fails anyway."""
    lines = {core.file: list(core.lines)}
    slow, quick = Asked(lines, 9.0, ["slow.py::test_red"]), Asked(lines, 1.0)
    return Reach({"create": lines, "start": {}}, {"slow.py": slow, "quick.py": quick})


CORE = next(one for one in EVERY if one.stratum == "core" and one.function)


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
    assert tree.asked[0] == ("create", "--limit=5.0")
    if by in {"test", ""}:
        assert tree.asked[1] == ("-x", "--deselect=slow.py::test_red", "quick.py", "slow.py")


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
