"""Where a file can be changed: the parts of its syntax tree that do something, with what surrounds them.

Left out is what no run can show: docstrings, annotations, decorators, imports, assertions of what cannot
be, and the words of sentences (f-strings).
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import cast


@dataclass(frozen=True, slots=True)
class Spot:
    """`place`: the qualified name of the function, "" for what is done at loading.

    `returns`: the function's annotation. `known`: names that it has given a value before. `is_test`: a
    condition.
    """

    node: ast.stmt | ast.expr
    parent: ast.AST
    place: str = ""
    returns: str = ""
    known: frozenset[str] = frozenset()
    is_test: bool = False
    statement: ast.stmt | None = None

    def lines(self) -> tuple[int, int]:
        """Who passes none of these never comes here. Of a compound statement only the part itself."""
        whole = self.node if self.statement is None or _has_body(self.statement) else self.statement
        return whole.lineno, whole.lineno if _has_body(whole) else whole.end_lineno or whole.lineno


def _has_body(node: ast.AST) -> bool:
    return hasattr(node, "body") or hasattr(node, "cases")


class Text:
    """A source, by the places that syntax trees have: columns are bytes."""

    def __init__(self, source: bytes) -> None:
        self._source = source
        self._starts = [0]
        for line in source.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    def span(self, node: ast.stmt | ast.expr | ast.keyword) -> tuple[int, int]:
        start = self._starts[node.lineno - 1] + node.col_offset
        return start, self._starts[(node.end_lineno or 1) - 1] + (node.end_col_offset or 0)

    def of(self, node: ast.stmt | ast.expr | ast.keyword) -> str:
        start, end = self.span(node)
        return self._source[start:end].decode()


_SILENT = (ast.Import, ast.ImportFrom, ast.Assert, ast.JoinedStr, ast.Global, ast.Pass)
_TYPES = {"annotation", "returns", "decorator_list", "type_comment", "bases"}


def spots(tree: ast.Module) -> Iterator[Spot]:
    """Outer ones first."""
    yield from _within(tree, Spot(ast.Pass(), tree), "")


def _within(node: ast.AST, around: Spot, named: str) -> Iterator[Spot]:
    known = set(around.known)
    for field, child in _children(node):
        if isinstance(child, ast.stmt | ast.expr):
            here = replace(
                around,
                node=child,
                parent=node,
                known=frozenset(known),
                is_test=field in {"test", "ifs", "guard"},
                statement=child if isinstance(child, ast.stmt) else around.statement,
            )
            known |= _named(child)
            yield from _one(child, here, named)
        else:
            yield from _within(child, replace(around, known=frozenset(known)), named)


def _one(child: ast.stmt | ast.expr, here: Spot, named: str) -> Iterator[Spot]:
    match child:
        case ast.FunctionDef(name, args) | ast.AsyncFunctionDef(name, args):
            yield from _within(args, replace(here, place="", known=frozenset()), named)
            qualified = f"{named}.{name}" if named else name
            known = frozenset(one.arg for one in (*args.args, *args.kwonlyargs))
            returns = ast.unparse(child.returns) if child.returns else ""
            inner = replace(here, place=qualified, returns=returns, known=known)
            body = ast.Module(child.body, [])
            yield from _within(body, inner, qualified)
        case ast.ClassDef(name):
            inner = replace(here, place="", known=frozenset())
            yield from _within(child, inner, f"{named}.{name}" if named else name)
        case _:
            yield here
            yield from _within(child, here, named)


def _children(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    for field, value in ast.iter_fields(node):
        if field not in _TYPES:
            children = cast("list[object]", value) if isinstance(value, list) else [value]
            for child in children:
                if isinstance(child, ast.AST) and not _is_silent(child):
                    yield field, child


def _is_silent(node: ast.AST) -> bool:
    match node:
        case ast.Expr(ast.Constant()):
            return True
        case ast.Raise(ast.Call(ast.Name("AssertionError"))):
            return True
        case ast.Expr(ast.Call(ast.Name("assert_never"))):
            return True
        case ast.Subscript(ast.Name(name)) if name[0].isupper() or name in _GENERIC:
            return True
        case ast.BinOp(op=ast.BitOr()):
            # A union of types; the few sums of flags go with it.
            return True
        case _:
            return isinstance(node, _SILENT)


_GENERIC = {"dict", "list", "set", "tuple", "frozenset", "type"}


def _named(node: ast.AST) -> set[str]:
    return {
        one.id
        for one in ast.walk(node)
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
    }
