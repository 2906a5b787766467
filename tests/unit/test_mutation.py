"""Mutants are what they say: each operator on the smallest source, names that stay, samples."""

import pytest

from scenarios.commands.mutate import all_mutants
from scenarios.mutation.mutants import STRATA, sample, stratum
from scenarios.mutation.operators import mutants, neighbours
from scenarios.mutation.reach import ROOT

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
