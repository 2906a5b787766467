"""The result: what is covered, missing and excused, as lines for a person or as one JSON object."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from scenarios.coverage.denominator import INVARIANT, OUTCOME, POINT, Item
from scenarios.coverage.exceptions import Exempt, complaints
from scenarios.coverage.measured import Measured

_KINDS = (POINT, OUTCOME, INVARIANT)


@dataclass(slots=True)
class Row:
    """One saga, or one effect in it: how many of each kind, by what became of them."""

    total: Counter[str] = field(default_factory=Counter[str])
    covered: Counter[str] = field(default_factory=Counter[str])
    excused: Counter[str] = field(default_factory=Counter[str])

    def cell(self, kind: str) -> str:
        total = self.total[kind]
        if not total:
            return ""
        excused = f" +{self.excused[kind]}" if self.excused[kind] else ""
        return f"{self.covered[kind]}/{total}{excused}"


class Result:
    """What was measured against all that there is. `wrong`: why this is no success, in sentences."""

    def __init__(
        self, items: dict[str, Item], measured: Measured, exempt: Sequence[Exempt]
    ) -> None:
        self.items, self.measured = items, measured
        covered = {*measured.covered, *measured.met}
        self.missing = [name for name in items if name not in covered]
        self.excused = [name for name in self.missing if any(one.has(name) for one in exempt)]
        excused = set(self.excused)
        self.bare = [name for name in self.missing if name not in excused]
        self.wrong = [
            *(_not_over(story) for story in measured.open if self.bare),
            *(f"{name}: neither covered nor excepted" for name in self.bare),
            *(
                f"{name} was covered, and is nowhere in the source"
                for name in sorted(covered - {*items})
            ),
            *(f"exceptions: {one}" for one in complaints(exempt, list(items), self.missing)),
        ]

    def rows(self, *, by_effect: bool) -> dict[str, Row]:
        missing, excused = set(self.missing), set(self.excused)
        rows: dict[str, Row] = {}
        for item in self.items.values():
            row = rows.setdefault("/".join(item.row) if by_effect else item.row[0], Row())
            row.total[item.kind] += 1
            row.covered[item.kind] += item.name not in missing
            row.excused[item.kind] += item.name in excused
        return rows

    def total(self) -> Row:
        whole = Row()
        for row in self.rows(by_effect=False).values():
            whole.total += row.total
            whole.covered += row.covered
            whole.excused += row.excused
        return whole

    def as_json(self) -> dict[str, object]:
        whole = self.total()
        counts: dict[str, object] = {
            kind: {
                "total": whole.total[kind],
                "covered": whole.covered[kind],
                "excepted": whole.excused[kind],
            }
            for kind in _KINDS
        }
        return counts | {
            "missing": self.bare,
            "excepted": self.excused,
            "met": dict(sorted(self.measured.met.items())),
            "wrong": self.wrong,
        }


def lines(result: Result, *, by_effect: bool) -> Iterator[str]:
    """A table, who covered what alone, how often preconditions held, and what is wrong."""
    yield f"{'':34}{'points':>16}{'outcomes':>16}{'invariants':>16}"
    rows = result.rows(by_effect=by_effect)
    for name, row in (*rows.items(), ("all", whole := result.total())):
        yield (f"{name:34}" + "".join(f"{row.cell(kind):>16}" for kind in _KINDS)).rstrip()
    yield "covered/all, +excepted"
    for kind in (POINT, OUTCOME):
        yield f"{kind}s covered only by: {_only_by(result, kind)}"
    yield f"preconditions that held: {_often(result.measured)}"
    yield from result.wrong
    done = sum((whole.covered + whole.excused).values())
    yield (
        f"coverage: {_percent(sum(whole.covered.values()), whole)} covered, "
        f"{_percent(done, whole)} with the exceptions"
    )


def _not_over(story: str) -> str:
    return f"{story} did not come to its end: what it covered does not count"


def _percent(part: int, whole: Row) -> str:
    """Rounded down: 100 means all."""
    return f"{1000 * part // max(sum(whole.total.values()), 1) / 10:.1f} %"


def _only_by(result: Result, kind: str) -> str:
    alone = Counter(
        next(iter(by))
        for name, by in result.measured.covered.items()
        if len(by) == 1 and name in result.items and result.items[name].kind == kind
    )
    return ", ".join(f"{who} {count}" for who, count in sorted(alone.items())) or "none"


def _often(measured: Measured) -> str:
    by_number = sorted(measured.met.items(), key=lambda one: int(one[0][1:]))
    return ", ".join(f"{name} {count}" for name, count in by_number) or "none"
