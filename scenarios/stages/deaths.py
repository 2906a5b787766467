"""How a life of a daemon is to end on a real stage: where, by whose death, and whether the power goes with it.

    SAGA/EFFECT/WHEN[@n]     a crash point of conmand
    call:COMM@n              a syscall point: of conmand, or of its zygote or a shim (then all of it ends at rest)
    cut:...                  either of these, and the power is cut at that instant

It must never let a death pass that did not happen: what is never reached is told.
"""

from dataclasses import dataclass

from scenarios.usage import Usage

_CALL, _CUT = "call:", "cut:"
#: Processes of conmand's own that are none of its threads.
_OTHERS = ("conman-shim", "conman-zygote")


@dataclass(frozen=True, slots=True)
class Death:
    """`point`: a crash point, or COMM@n of a syscall point."""

    point: str
    is_call: bool = False
    is_cut: bool = False

    @property
    def is_the_daemons(self) -> bool:
        """Or that of a shim or a zygote, which its daemon survives."""
        return not (self.is_call and self.point.startswith(_OTHERS))

    def __str__(self) -> str:
        return f"{_CUT * self.is_cut}{_CALL * self.is_call}{self.point}"


def death(text: str) -> Death:
    """Raises Usage; whether there is such a crash point is for others to ask."""
    rest = text.removeprefix(_CUT)
    point = rest.removeprefix(_CALL)
    found = Death(point, is_call=rest != point, is_cut=rest != text)
    number = point.rpartition("@")[2]
    if found.is_call and not (point.rpartition("@")[0] and number.isdecimal() and int(number)):
        raise Usage(f"--crash {text}: a syscall point is call:COMM@N, N from 1 on")
    if found.is_cut and not found.is_the_daemons:
        raise Usage(f"--crash {text}: the power is cut with the daemon, not with a shim")
    return found
