"""What happened to execs on the simulated host, for the oracle only: ghosts that no step can see.

An exec's end is told to its parent, its run's shim: so nobody can know it where that has died. Nothing here
knows what conman wants.
"""

from dataclasses import dataclass, field, replace

_MARK = "CONMAN_EXEC="


def exec_of(marks: tuple[str, ...]) -> str:
    """The exec whose process bears these; "": none."""
    found = [mark for mark in marks if mark.startswith(_MARK)]
    return found[0].rpartition("/")[2] if found else ""


@dataclass(slots=True)
class ExecGhosts:
    """By exec id. `began`: each time that a program of it did; `terminal`: the first status committed."""

    began: tuple[str, ...] = ()
    runs: dict[str, tuple[str, int]] = field(default_factory=dict[str, tuple[str, int]])
    exits: dict[str, int] = field(default_factory=dict[str, int])
    unseen: set[str] = field(default_factory=set[str])
    terminal: dict[str, tuple[int | None, str]] = field(
        default_factory=dict[str, tuple[int | None, str]]
    )

    def clone(self) -> "ExecGhosts":
        return replace(
            self,
            runs=dict(self.runs),
            exits=dict(self.exits),
            unseen=set(self.unseen),
            terminal=dict(self.terminal),
        )

    def begins(self, exec_id: str, run: tuple[str, int]) -> None:
        self.began = (*self.began, exec_id)
        self.runs[exec_id] = run

    def ends(self, exec_id: str, code: int, *, is_seen: bool) -> None:
        self.exits[exec_id] = code
        if not is_seen:
            self.unseen.add(exec_id)

    def shim_died(self, run: tuple[str, int]) -> None:
        """Whatever it knew and had not told."""
        self.unseen |= {one for one, its in self.runs.items() if its == run}

    def power_cut(self) -> None:
        self.unseen |= set(self.runs)
