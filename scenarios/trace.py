"""A run as a person reads it: one line per event, aligned, actor first.

CHOICE   what the explorer chose: a schedule, a crash, a power cut
client   what was asked and told        daemon   an effect and its outcome
shim, call, program, world              those who go on when the daemon is dead
"""

from typing import TextIO


class Printer:
    """Writes lines to `out` as they come."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def line(self, actor: str, what: str, outcome: str) -> None:
        if actor == "CHOICE":
            self._out.write(f"---- {what}\n")
        else:
            self._out.write(f"  {actor:8} {what:44} {outcome}".rstrip() + "\n")
