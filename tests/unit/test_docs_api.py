"""docs/api.md names every reason that a client can be told, with its codes; docs/conmanctl.md every command.

The reasons are read from the code's own syntax trees. A reason that is put together while it runs must be told
by its beginning.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from conman.core.events import KINDS
from conman.core.retries import not_begun
from conman.ctl.cli import COMMANDS
from conman.ctl.container import ALIASES
from conman.ctl.container import COMMANDS as VERBS
from conman.errors import Code, Refusal

ROOT = Path(__file__).resolve().parents[2]
API = (ROOT / "docs/api.md").read_text()
CONMANCTL = (ROOT / "docs/conmanctl.md").read_text()
#: Where refusals come from that a client is told; what else there is keeps conmand from starting.
TOLD = (
    "conman/api",
    "conman/core",
    "conman/daemon/feed.py",
    "conman/daemon/log_feed.py",
    "conman/daemon/looks.py",
    "conman/host/events.py",
    "conman/host/writers.py",
)
REASON = re.compile(r"[A-Z][a-z]+([A-Z][a-z]+)+")


def sources() -> Iterator[ast.AST]:
    for place in TOLD:
        path = ROOT / place
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            yield ast.parse(file.read_text())


def calls(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            yield node


def words(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def code_of(node: ast.expr) -> str:
    assert isinstance(node, ast.Attribute), ast.unparse(node)
    return node.attr


def reasons_in_the_code() -> tuple[dict[str, set[str]], set[str]]:
    """Each reason's codes; and the beginnings of those that are put together."""
    found: dict[str, set[str]] = defaultdict(set)
    beginnings: set[str] = set()
    for tree in sources():
        for call in calls(tree, "Refusal"):
            code, reason = code_of(call.args[0]), call.args[1]
            match reason:
                case ast.Constant(value=str(text)):
                    found[text].add(code)
                case ast.BinOp(left=ast.Constant(value=str(text))):
                    beginnings.add(text)
                case ast.Name():
                    # A parameter: what its callers say.
                    for text in filter(REASON.fullmatch, words(tree)):
                        found[text].add(code)
                case _:
                    raise AssertionError(ast.unparse(reason))
        for call in calls(tree, "replace"):
            named = {keyword.arg: keyword.value for keyword in call.keywords}
            if "code" in named and isinstance(named.get("reason"), ast.Constant):
                found[ast.literal_eval(named["reason"])].add(code_of(named["code"]))
    return dict(found), beginnings


def reasons_on_the_page() -> dict[str, set[str]]:
    section = API.split("\n## Errors\n", 1)[1]
    rows = re.findall(r"(?m)^\| `(\w+)` \| ([A-Z_, ]+) \| (.+) \|$", section)
    assert len(rows) == len({reason for reason, _, _ in rows})
    return {reason: set(codes.split(", ")) for reason, codes, _ in rows}


def test_every_reason_is_told_with_its_codes() -> None:
    found, beginnings = reasons_in_the_code()
    # To who waits behind it, who is not begun, it is told with another code.
    behind = not_begun(Refusal(Code.DEADLINE_EXCEEDED, "RemovePending", "", ""))
    found["RemovePending"].add(behind.code.name)
    page = reasons_on_the_page()
    composed = {reason for reason in page if reason.startswith(tuple(beginnings))}
    assert all(any(reason.startswith(each) for reason in composed) for each in beginnings)
    assert {reason: page[reason] for reason in page if reason not in composed - set(found)} == found


def test_every_kind_of_event_is_told() -> None:
    section = API.split("\n## Events\n", 1)[1].split("\n## ", 1)[0]
    assert set(KINDS) <= set(re.findall(r"`(\w+)`", section))


def test_every_command_is_told() -> None:
    table = CONMANCTL.split("\n| command |", 1)[1].split("\n\n", 1)[0]
    lines = [line.replace("\\|", "/")[1:-1] for line in table.splitlines()[2:]]
    cells = [re.split(r"\s*\|\s*", line) for line in lines]
    people = {word for row in cells for word in re.findall(r"`(\w[\w-]*)", row[0])}
    scripts = {word for row in cells for word in re.findall(r"`(\w[\w-]*)", row[2])}
    assert people == set(COMMANDS) - {"container"}
    assert scripts == {*VERBS, *ALIASES} - {"ps"}
