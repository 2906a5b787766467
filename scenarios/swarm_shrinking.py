"""A failing swarm run made short: fewer clients, deaths, faults, turns, as long as the same invariant breaks.

Greedy, as `shrinking` is for explorations: each choice is tried plainer, the weightiest first, until none
can be. It must never trade one invariant for another, and never take longer than it may.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from time import monotonic

from scenarios import swarm
from scenarios.choices import Made
from scenarios.edits import Edit, Edited, Edits

SECONDS_AT_MOST = 30.0

#: What makes most of a run; everything else comes after, and the order of events last.
_WEIGHTY = ("deaths", "clients", "names", "wishes", "faults", "cut", "shim-dies-too", "moves")
_ORDER = "next"


def shrunk(seed: int, invariant: str, *, seconds: float = SECONDS_AT_MOST) -> Edits:
    """The edits of that seed that are left to make it short; none where it cannot be shorter."""
    deadline = monotonic() + seconds
    made = current = swarm.run(seed).made
    edits, before = (), None
    while edits != before:
        before = edits
        for edit in _candidates(current):
            if monotonic() > deadline:
                return edits
            if not _is_plainer(edit, current):
                continue
            trial = _with(edits, edit)
            result = swarm.run(seed, Edited(made, trial))
            if result.violation is not None and result.violation[0] == invariant:
                edits, current = trial, result.made
    return edits


def _with(edits: Edits, edit: Edit) -> Edits:
    """An edit of the same choice, or of all that follow it, is not needed any more."""
    left = [
        one
        for one in edits
        if one.name != edit.name
        or one.place < edit.place
        or (one.place > edit.place and not edit.onwards)
    ]
    return (*left, edit)


def _is_plainer(edit: Edit, made: Sequence[Made]) -> bool:
    """Whether there is still something that it would change."""
    return any(
        name == edit.name
        and (place > edit.place if edit.onwards else place == edit.place)
        and value > edit.value
        for name, place, value in _placed(made)
    )


def _candidates(made: Sequence[Made]) -> Iterator[Edit]:
    """The end of the order of events, then each choice that is not the plainest."""
    placed = list(_placed(made))
    turns = [place for name, place, _ in placed if name == _ORDER]
    for index in dict.fromkeys((0, len(turns) // 2, len(turns) * 3 // 4)):
        if turns:
            yield Edit(_ORDER, turns[index] - 1, 0, onwards=True)
    for name, place, value in sorted(placed, key=_weight):
        yield Edit(name, place, 0)
        if name in _WEIGHTY and value > 1:
            yield Edit(name, place, value - 1)


def _placed(made: Sequence[Made]) -> Iterator[tuple[str, int, int]]:
    places = Counter[str]()
    for name, value in made:
        places[name] += 1
        if value:
            yield name, places[name], value


def _weight(choice: tuple[str, int, int]) -> int:
    name = choice[0]
    if name == _ORDER:
        return len(_WEIGHTY) + 1
    return _WEIGHTY.index(name) if name in _WEIGHTY else len(_WEIGHTY)
