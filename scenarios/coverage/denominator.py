"""All that is to be covered, by name: from the source of the sagas, of the shim's machine, and of the oracle.

Three kinds: **points**, at which a daemon or a shim can be killed; **outcomes**, which an effect or a shim's
step may have; **invariants**, of which the precondition must have held.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from conman.core.points import effects
from scenarios.coverage import shim_sites
from scenarios.coverage.outcomes import outcomes
from scenarios.coverage.sites import Site, sites
from scenarios.violation import SENTENCES

POINT, OUTCOME, INVARIANT = "point", "outcome", "invariant"


@dataclass(frozen=True, slots=True)
class Item:
    """`row`: saga and effect, where a table has it."""

    name: str
    kind: str
    row: tuple[str, str]


@cache
def items() -> dict[str, Item]:
    """By name, in order. Raises sites.Unreadable."""
    found = [*_of_sagas(), *_of_shims(), *_of_invariants()]
    return {item.name: item for item in sorted(found, key=lambda item: (item.row, item.name))}


def _of_sagas() -> Iterator[Item]:
    lengths = effects()
    for site in sites():
        # What the machine does itself takes no step, so that there is no instant of its own.
        if site.effect in lengths:
            steps = range(1, lengths[site.effect])
            for position in ("before", *(f"during:{step}" for step in steps), "after"):
                yield _item(site, position, POINT)
        for outcome in outcomes(site.effect):
            yield _item(site, outcome, OUTCOME)


def _of_shims() -> Iterator[Item]:
    for site in shim_sites.sites():
        yield _item(site, "before", POINT)
        for outcome in shim_sites.outcomes(site):
            yield _item(site, outcome, OUTCOME)


def _of_invariants() -> Iterator[Item]:
    for name in SENTENCES:
        yield Item(name, INVARIANT, ("invariants", name))


def _item(site: Site, what: str, kind: str) -> Item:
    return Item(site.named(what), kind, (site.saga, site.effect))
