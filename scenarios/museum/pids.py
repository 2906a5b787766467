"""Exhibits K: pids that are used again, and that somebody believes."""

from collections.abc import Callable

from conman.core.effects import vocabulary as v
from conman.frozen import replace
from conman.primitives import steps as s
from scenarios.museum.exhibit import Exhibit, Recipe, Steps


class _Any(int):
    """A start time that is not compared: it is whosever it is asked for."""

    def __eq__(self, _other: object) -> bool:
        return True

    def __ne__(self, _other: object) -> bool:
        return False

    __hash__ = int.__hash__


class _AnyBoot(str):
    """A boot that is not compared."""

    __slots__ = ()

    def __eq__(self, _other: object) -> bool:
        return True

    def __ne__(self, _other: object) -> bool:
        return False

    __hash__ = str.__hash__


_Reaching = s.SignalProcess | s.StopProcess | s.WatchProcess


def _to(identity: Callable[[s.ProcessId], s.ProcessId]) -> Callable[[Steps], Steps]:
    """The same steps, to whoever this says."""

    def change(steps: Steps) -> Steps:
        return tuple(
            replace(one, process=identity(one.process)) if isinstance(one, _Reaching) else one
            for one in steps
        )

    return change


def _by_pid(process: s.ProcessId) -> s.ProcessId:
    return replace(process, start_time=_Any(process.start_time))


def _of_any_boot(process: s.ProcessId) -> s.ProcessId:
    return replace(process, boot_id=_AnyBoot(process.boot_id))


EXHIBITS = (
    Exhibit(
        "signal-by-pid",
        "K",
        "who is signalled is asked by pid alone, and its process may be another's by now",
        "runc#871",
        "core",
        ("I17",),
        "stop-obedient",
        (Recipe(v.SignalInit, _to(_by_pid)),),
    ),
    Exhibit(
        "pid-that-lives",
        "K",
        "that somebody has its pid is taken for its life",
        "containerd#4204",
        "core",
        ("I17",),
        "kill",
        (Recipe(v.WatchInit, _to(_by_pid)),),
    ),
    Exhibit(
        "stranger-is-stopped",
        "K",
        "to be looked at a stranger is stopped, who has the pid of a program that ended",
        "crun#1200",
        "core",
        ("I17",),
        "exits-at-once",
        (Recipe(v.StopInit, _to(_by_pid)),),
    ),
    Exhibit(
        "pid-of-another-boot",
        "K",
        "a pid that was written down before a reboot is believed after it",
        "podman#28157",
        "core",
        ("I17",),
        "stop-obedient",
        (Recipe(v.SignalInit, _to(_of_any_boot)),),
    ),
    Exhibit(
        "exec-signal-by-pid",
        "K",
        "an exec's time is over, and so is the exec: who has its pid by now is killed",
        "podman#25104",
        "core",
        ("I17",),
        "exec-timeout",
        (Recipe(v.SignalExec, _to(_by_pid)),),
    ),
)
