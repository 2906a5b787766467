"""The ways in which a file is changed: small mistakes that somebody could make, one at a time.

A change is of the text, where the syntax tree says; so all other lines stay as they are. Texts for people
are not changed, nor a time-out by a millisecond: nobody promises those.
"""

import ast
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from scenarios.mutation.mutants import Mutant
from scenarios.mutation.spots import Spot, Text, spots

#: (operator, the text that is there instead).
Change = tuple[str, str]

#: From here on a number is a time or a size of which nobody promises the last digit: 0 stands for it.
LARGE = 1_000
_DONE = "__import__('conman.primitives.results', fromlist=['Done']).Done()"
_INSTEAD: dict[type[ast.cmpop], str] = {
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
    ast.Is: "is not",
    ast.IsNot: "is",
    ast.In: "not in",
    ast.NotIn: "in",
}
_NOTHING = {"str": '""', "bytes": 'b""', "int": "0", "list": "[]", "dict": "{}", "tuple": "()"}


def mutants(file: str, source: bytes, neighbours: dict[str, str]) -> list[Mutant]:
    """All of one file, by place. `neighbours`: which effect may stand for which, by name."""
    text = Text(source)
    counts = Counter[str]()
    named: list[Mutant] = []
    for spot in spots(ast.parse(source)):
        start, end = text.span(spot.node)
        for operator, after in _changes(spot, text, neighbours, file):
            one = Mutant(
                file, spot.place, operator, spot.lines(), start, end, text.of(spot.node), after
            )
            counts[one.name] += 1
            named.append(replace(one, number=counts[one.name]))
    return named


def neighbours(vocabulary: Iterable[bytes]) -> dict[str, str]:
    """For each host effect the next one with the same fields. `vocabulary`: sources."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for source in vocabulary:
        for node in ast.parse(source).body:
            if isinstance(node, ast.ClassDef) and any(_is_host_effect(base) for base in node.bases):
                fields = tuple(
                    ast.unparse(one) for one in node.body if isinstance(one, ast.AnnAssign)
                )
                alike.setdefault(fields, []).append(node.name)
    return {
        name: names[(place + 1) % len(names)]
        for names in alike.values()
        for place, name in enumerate(names)
        if len(names) > 1
    }


def _is_host_effect(base: ast.expr) -> bool:
    return isinstance(base, ast.Name) and base.id == "HostEffect"


def _changes(spot: Spot, text: Text, effects: dict[str, str], file: str) -> Iterator[Change]:
    for operator in _OPERATORS:
        yield from operator(spot, text)
    yield from _neighbour(spot, text, effects)
    if "recipes" in file:
        yield from _steps(spot, text)


# ---- statements


def _left_out(spot: Spot, _text: Text) -> Iterator[Change]:
    match spot.node:
        case ast.Expr() | ast.AugAssign() | ast.Raise() | ast.Continue() | ast.Break():
            yield "left out", "pass"
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]) | ast.Delete():
            yield "left out", "pass"
        case ast.Assign(targets=[ast.Name(name)]) if name in spot.known:
            yield "left out", "pass"
        case ast.If(orelse=[]):
            yield "left out", "pass"
        case _:
            pass


def _returned(spot: Spot, text: Text) -> Iterator[Change]:
    match spot.node:
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
            if spot.returns == "bool":
                yield "return", f"return not ({text.of(value)})"
            else:
                nothing = _NOTHING.get(spot.returns.partition("[")[0], "None")
                if text.of(value) != nothing:
                    yield "return", f"return {nothing}"
        case _:
            pass


# ---- expressions


def _negated(spot: Spot, text: Text) -> Iterator[Change]:
    if spot.is_test:
        yield "negated", f"(not ({text.of(spot.node)}))"


def _compared(spot: Spot, text: Text) -> Iterator[Change]:
    match spot.node:
        case ast.Compare(left, [relation], [right]):
            is_negation = not isinstance(relation, ast.Lt | ast.LtE | ast.Gt | ast.GtE)
            if not (spot.is_test and is_negation):
                yield (
                    "compared",
                    f"({text.of(left)} {_INSTEAD[type(relation)]} {text.of(right)})",
                )
        case _:
            pass


def _joined(spot: Spot, text: Text) -> Iterator[Change]:
    match spot.node:
        case ast.BoolOp(op, values):
            word, other = ("and", "or") if isinstance(op, ast.And) else ("or", "and")
            parts = [f"({text.of(value)})" for value in values]
            yield "joined", f"({f' {other} '.join(parts)})"
            for left_out in range(len(parts)):
                rest = [*parts[:left_out], *parts[left_out + 1 :]]
                yield "joined", f"({f' {word} '.join(rest)})" if len(rest) > 1 else rest[0]
        case _:
            pass


def _constant(spot: Spot, _text: Text) -> Iterator[Change]:
    match spot.node:
        case ast.Constant(value=bool() as value):
            yield "constant", str(not value)
        case ast.Constant(value=int() as value) if value >= LARGE:
            yield "constant", "0"
        case ast.Constant(value=int() as value):
            yield "constant", str(value + 1)
            yield "constant", f"({value - 1})"
        case _:
            pass


def _swapped(spot: Spot, text: Text) -> Iterator[Change]:
    match spot.node:
        case ast.Call(func, args, keywords) if not _is_look_at_types(func):
            words = [text.of(one) for one in args]
            named = [text.of(one) for one in keywords]
            for place in range(len(words) - 1):
                if words[place] != words[place + 1]:
                    yield (
                        "swapped",
                        f"{text.of(func)}({', '.join([*_exchanged(words, place), *named])})",
                    )
        case _:
            pass


def _is_look_at_types(func: ast.expr) -> bool:
    return isinstance(func, ast.Name) and func.id in {"isinstance", "issubclass", "cast"}


def _not_awaited(spot: Spot, text: Text) -> Iterator[Change]:
    """As if the effect had been done. One whose outcome nobody wants is a statement, and left out."""
    match spot.node:
        case ast.Await(ast.Call(func)) if text.of(func).startswith(("v.", "insist")):
            if not isinstance(spot.parent, ast.Expr):
                yield "not awaited", _DONE
        case _:
            pass


def _neighbour(spot: Spot, text: Text, effects: dict[str, str]) -> Iterator[Change]:
    match spot.node:
        case ast.Call(ast.Attribute(ast.Name("v"), name)) if name in effects:
            head = f"v.{name}"
            yield "neighbour", f"v.{effects[name]}{text.of(spot.node).removeprefix(head)}"
        case _:
            pass


def _steps(spot: Spot, text: Text) -> Iterator[Change]:
    """Of a tuple of steps one less, or two in the other order."""
    match spot.node:
        case ast.Tuple(values, ast.Load()) if isinstance(spot.parent, ast.Return | ast.IfExp):
            words = [text.of(one) for one in values]
            for place in range(len(words)):
                yield "step left out", _tuple([*words[:place], *words[place + 1 :]])
            for place in range(len(words) - 1):
                yield "step moved", _tuple(_exchanged(words, place))
        case _:
            pass


def _tuple(words: list[str]) -> str:
    return f"({', '.join(words)}{',' if len(words) == 1 else ''})"


def _exchanged(words: list[str], place: int) -> list[str]:
    return [*words[:place], words[place + 1], words[place], *words[place + 2 :]]


_OPERATORS: tuple[Callable[[Spot, Text], Iterator[Change]], ...] = (
    _left_out,
    _returned,
    _negated,
    _compared,
    _joined,
    _constant,
    _swapped,
    _not_awaited,
)
