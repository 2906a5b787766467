"""The names of all crash points, from the code itself: what CONMAN_CRASH_AT may name.

    <saga>/<Effect>[#k]/before | after | during:j

`#k` is the k-th use within one saga, `during:j` the instant before the j-th step of the effect's recipe.
The list must never be written by hand: a point that is not in it could not be crashed at, and one that is
in it and in no code would look survived.
"""

from collections.abc import Collection, Iterator
from dataclasses import fields

from conman.core.effects import vocabulary as v
from conman.core.effects.recipes import recipe
from conman.core.execs import Exec, ExecSpec
from conman.core.layout import Layout
from conman.core.model import Container, ContainerSpec, Control, Init, RootfsMode, State
from conman.core.permits import Permits
from conman.core.requests import Streams
from conman.core.spec import ConsoleSize, LogLimits, Resolved, Stdio
from conman.primitives.steps import ProcessId

SAGAS = (
    "create-container",
    "start-container",
    "stop-container",
    "kill-container",
    "remove-container",
    "pause-container",
    "unpause-container",
    "update-container",
    "rename-container",
    "open-stream",
    "reopen-container-log",
    "create-exec",
    "start-exec",
    "kill-exec",
    "settle",
    "settle-execs",
    "recover",
    "succession",
    "garbage",
)

_ID = "0" * 32
_PROCESS = ProcessId("", 1, 1)

#: A value for every field of an effect, such that its recipe is the longest it can have.
_SAMPLE: dict[str, object] = {
    "console_size": ConsoleSize(1, 1),
    "container": Container(_ID, "", ContainerSpec(""), RootfsMode.OVERLAY, State.CREATED, 1),
    "container_id": _ID,
    # Both of memory, its reservation, shares, period and quota, both of cpuset, pids.
    "controls": (Control("", "", ""),) * 9,
    "data": b"",
    "exec": Exec(_ID, 1, ExecSpec(""), Resolved()),
    "exec_id": _ID,
    "init": Init(_PROCESS, 0, 0, ""),
    "keeps_root": False,
    "log": LogLimits(),
    "lower": "",
    "op": "create",
    "path": "",
    "permits": Permits(),
    "process": _PROCESS,
    "root": "",
    "run": 1,
    "runtime": "",
    "signal": 9,
    "source": "",
    "stdio": Stdio(),
    "streams": Streams(),
    "token": "",
}


class CrashPointNames(Collection[str]):
    """Every valid name; `#k` is accepted with any k from 2 on, and not listed."""

    def __init__(self) -> None:
        self._names = frozenset(_names())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and _first_use(name) in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._names))

    def __len__(self) -> int:
        return len(self._names)


def effects() -> dict[str, int]:
    """The effects that leave the machine, by name, and how many steps each has (store: 0)."""
    return {name: _length(kind) for name, kind in sorted(vars(v).items()) if _leaves(kind)}


def _leaves(kind: object) -> bool:
    if not isinstance(kind, type) or kind in (v.HostEffect, v.Commit):
        return False
    return issubclass(kind, v.HostEffect | v.Commit | v.ReopenStore)


def _length(kind: type[object]) -> int:
    return len(steps_of(kind)) if issubclass(kind, v.HostEffect) else 0


def steps_of(kind: type[v.HostEffect]) -> list[type[object]]:
    """The kinds of steps that an effect's recipe has, in order, where it is longest: RUN was removed."""
    arguments = {field.name: _SAMPLE[field.name] for field in fields(kind)}  # pyright: ignore[reportArgumentType]
    layout = Layout("", "", "", "", has_lost_run=True)
    return [type(step) for step in recipe(kind(**arguments), layout)]


def _names() -> Iterator[str]:
    for saga in SAGAS:
        for effect, length in effects().items():
            yield f"{saga}/{effect}/before"
            yield f"{saga}/{effect}/after"
            yield from (f"{saga}/{effect}/during:{j}" for j in range(1, length))


def _first_use(name: str) -> str:
    """The name without its `#k`."""
    head, mark, rest = name.partition("#")
    number, slash, position = rest.partition("/")
    if not mark or not number.isdecimal() or int(number) < 2:
        return name
    return f"{head}{slash}{position}"
