"""One life of a daemon, from a host without one to its verdict, or to where another life has been.

What is remembered of lives is where they stood each time that the core had been told something
(`positions`). Whoever comes to such a place goes on as the first one did, so its rest is judged. A life
that comes to where it has been itself never ends.
"""

from collections import Counter
from collections.abc import Callable

from scenarios import positions
from scenarios.coverage.seen import Seen
from scenarios.nodes import Node, passing
from scenarios.schedule import Schedule
from scenarios.simulator import Simulator
from scenarios.verdict import close, judged, terms
from scenarios.violation import Violation
from scenarios.world import World


class Known:
    """Keys that were seen, and whether all who came there were disturbed.

    Of those more is forgiven, so an undisturbed one has to go there again.
    """

    def __init__(self) -> None:
        self._keys: dict[bytes, bool] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def has(self, key: bytes, world: World) -> bool:
        """Whether this was seen; from now on it is."""
        known = self.holds(key, world)
        self.add(key, world)
        return known

    def holds(self, key: bytes, world: World) -> bool:
        before = self._keys.get(key)
        return before is not None and (world.disturbed or not before)

    def add(self, key: bytes, world: World) -> None:
        self._keys[key] = world.disturbed and self._keys.get(key) is not False


class Places:
    """Where lives have been, by schedule."""

    def __init__(self) -> None:
        self.lazy, self.eager = Known(), Known()


class _Judged(Exception):
    """Another life has been here."""


InstantHandler = Callable[["Life", str, bool], None]


class Life:
    """`covers_eager`: lived lazily, and an eager life would have been the same."""

    def __init__(
        self,
        node: Node,
        schedule: Schedule,
        places: Places,
        *,
        on_instant: InstantHandler,
        seen: Seen | None = None,
    ) -> None:
        self.world, self.client = node.world.clone(), node.client.clone()
        self.path = (*node.path, schedule.name())
        self.covers_eager = False
        self._schedule, self._places, self._on_instant = schedule, places, on_instant
        self._terms = terms(node)
        self._passed = Counter[str]()
        self._mine: set[bytes] = set()
        self._since_choice: list[bytes] = []
        self._choices = 0
        self._simulator = Simulator(
            self.world,
            self.client,
            schedule,
            on_point=self._on_point,
            on_turn=self._on_turn,
            seen=seen,
        )

    @property
    def lived(self) -> tuple[int, int]:
        """How many events and commits it had up to its rest."""
        return self._simulator.lived

    def live(self) -> None:
        """To the verdict. Raises Violation."""
        try:
            judged(self._simulator, self._terms)
            is_judged = True
        except _Judged:
            is_judged = self._places.eager.holds(self._since_choice[-1], self.world)
        finally:
            close(self._simulator)
        if is_judged and not self._schedule.eager:
            self._share()

    def dead(self, point: str) -> Node:
        """The host as this daemon's death would leave it now."""
        world = self.world.clone()
        world.daemon_dies()
        path = (*self.path, f"crash@{passing(point, self._passed[point])}")
        return Node(world, self.client.clone(), path)

    def _on_point(self, point: str, changed: bool) -> None:  # noqa: FBT001 - a callback
        self._passed[point] += 1
        struck = self._schedule.strike < 0 or self.world.disturbed
        self._on_instant(self, point, changed and struck)

    def _on_turn(self, moment: str) -> None:
        key = positions.of(self._simulator, moment, *self._terms)
        if key in self._mine:
            raise Violation("I5", "the run repeats itself, and does not come to rest")
        self._mine.add(key)
        if self._simulator.choices != self._choices:
            self._choices = self._simulator.choices
            self._since_choice.clear()
        self._since_choice.append(key)
        known = self._places.eager if self._schedule.eager else self._places.lazy
        if known.holds(key, self.world):
            raise _Judged
        known.add(key, self.world)

    def _share(self) -> None:
        """From here to the end there was one order only, so that it is the eager one too."""
        if self._simulator.choices == self._choices:
            for key in self._since_choice:
                self._places.eager.add(key, self.world)
            self.covers_eager = self._choices == 0
