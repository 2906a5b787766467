"""The names of a shim's crash points (CONMAN_SHIM_CRASH_AT; conman.primitives.crash_points).

    shim/<input>/before | after     before the machine is told, and when all that it said was done
    shim/<input>/during:<j>         at the j-th primitive step of that; a write is torn in the middle
    shim/<action>/before | after    around anything else that the machine says
    shim/bind/before | after        around its socket's binding
    shim/rotate-log/during:<j>      at the j-th step of a log's rotation
    shim/reopen-log/during:<j>      at the j-th step for a log that was moved away; before it is opened anew

Inputs and actions are the machine's, in kebab-case: `shim/child-ended/before`, `shim/oom-read/during:4`.
"""

from conman.shim import machine, recipes

_RECORD = len(recipes.write_exit("", b""))

#: When one old file goes.
_ROTATION = len(recipes.rotate_log("", 1, (0,)))

_REOPENING = len(recipes.keep_moved_log(0))

#: The inputs that lead to primitive steps, and to how many.
_STEPS = {
    machine.ChildEnded: len(recipes.read_oom("")),
    machine.OomRead: _RECORD,
    machine.Requested: _RECORD,
}


def input_name(kind: type[machine.Input]) -> str:
    return _NAMES[kind]


def action_name(kind: type[machine.Action]) -> str:
    return _NAMES[kind]


def known() -> frozenset[str]:
    """Every name there is."""
    inputs = [input_name(kind) for kind in machine.Input.__args__]
    actions = [action_name(kind) for kind in machine.Action.__args__ if kind is not machine.DoStep]
    around = (
        f"{n}/{when}" for n in ("shim/bind", *inputs, *actions) for when in ("before", "after")
    )
    during = (
        f"{input_name(kind)}/during:{number}"
        for kind, steps in _STEPS.items()
        for number in range(1, steps + 1)
    )
    rotating = (rotation_point(number) for number in range(1, _ROTATION + 1))
    reopening = (reopening_point(number) for number in range(1, _REOPENING + 1))
    return frozenset((*around, *during, *rotating, *reopening))


def rotation_point(number: int) -> str:
    return f"shim/rotate-log/during:{number}"


def reopening_point(number: int) -> str:
    return f"shim/reopen-log/during:{number}"


def _kebab(name: str) -> str:
    return "".join(f"-{c.lower()}" if c.isupper() else c for c in name).removeprefix("-")


#: Made once, before a shim is forked.
_NAMES: dict[type[object], str] = {
    kind: f"shim/{_kebab(kind.__name__)}"
    for kind in (*machine.Input.__args__, *machine.Action.__args__)
}
