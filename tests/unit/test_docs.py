"""What docs/ repeats of the code is what the code says: tables, effects, sagas, links.

Only what can be compared word for word is held here. It must never be made to pass by loosening: a
difference means that a page tells a reader something that is not so.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from conman.core import lifecycle, points
from conman.core.effects import vocabulary
from conman.core.effects.effect import Effect
from conman.core.lifecycle import verdict
from conman.core.model import Operation, State
from conman.daemon import show_config

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
OPERATIONS = (DOCS / "operations.md").read_text()
SAGAS = sorted((ROOT / "conman/core/sagas").glob("*.py"))

NOBODY = "(none)"


def table(page: str, heading: str) -> list[list[str]]:
    """The cells of the first table below a heading; its first row are the columns' names."""
    section = page.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = section[section.index("\n|") + 1 :].split("\n\n", 1)[0].splitlines()
    cells = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in lines]
    return [cells[0], *cells[2:]]


def verdicts() -> Iterator[list[str]]:
    """As lifecycle.py has it, in the order of the page."""
    for operation in lifecycle._TABLE:
        yield [operation.value, *(verdict(operation, state).value for state in lifecycle._STATES)]
    forced = (verdict(Operation.REMOVE, state, force=True).value for state in lifecycle._STATES)
    yield ["remove --force", *forced]


def test_operations_by_state() -> None:
    columns, *rows = table(OPERATIONS, "Operations by state")
    assert columns == ["operation", *(state.value for state in lifecycle._STATES)]
    assert rows == list(verdicts())


def test_every_state_has_a_column() -> None:
    assert set(lifecycle._STATES) == set(State)


def test_what_becomes_of_it() -> None:
    _, *rows = table(OPERATIONS, "What becomes of it")
    named = [
        [before.value if before else NOBODY, operation.value, after.value if after else NOBODY]
        for (before, operation), after in lifecycle.TRANSITIONS.items()
    ]
    assert rows == named


def effects_used() -> set[str]:
    """What the sagas name, and what the vocabulary's own functions choose for them."""
    kinds = {
        name
        for name, kind in vars(vocabulary).items()
        if isinstance(kind, type) and issubclass(kind, Effect)
    }
    trees = [ast.parse(path.read_text()) for path in SAGAS]
    whole = ast.parse(Path(vocabulary.__file__).read_text())
    trees += [ast.Module([node], []) for node in whole.body if isinstance(node, ast.FunctionDef)]
    built = {
        node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name)
    }
    return built & kinds


def test_the_effects_are_those_that_sagas_await() -> None:
    _, *rows = table(OPERATIONS, "The effects")
    told = [name for name, _ in rows]
    assert len(told) == len(set(told))
    assert set(told) == effects_used()


def test_the_settings_are_those_of_the_code() -> None:
    assert show_config.table() in (DOCS / "configuration.md").read_text()


def test_every_saga_has_its_section() -> None:
    headings = set(re.findall(r"(?m)^## (.+)$", OPERATIONS))
    assert {name.removesuffix("-container") for name in points.SAGAS} <= headings


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text())
    assert not [link for link in links if not (page.parent / link).exists()]


def test_decisions_are_numbered_in_order() -> None:
    files = sorted((DOCS / "decisions").iterdir())
    assert [int(file.name[:4]) for file in files] == list(range(1, len(files) + 1))
    for number, file in enumerate(files, 1):
        text = file.read_text()
        assert text.startswith(f"# {number}. ")
        words = [text.index(f"**{word}.**") for word in ("Context", "Decision", "Consequences")]
        assert words == sorted(words)
