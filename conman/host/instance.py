"""DATA and RUN: made, locked, and known to be this daemon's before anything in them is believed.

The order is `claim` (both locks), then the store (which knows the instance), then `settle_run` (whose RUN
is it, and of which boot). It must never remove what may still be in use: what lies in a RUN of this boot
is somebody else's unless the stamp says that it is ours.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

from conman.core.effects import recipes_boot
from conman.core.layout import Layout
from conman.core.model import RootfsMode
from conman.errors import Code, HostError, Refusal
from conman.frozen import frozen, replace
from conman.host import linux
from conman.primitives import fence
from conman.primitives.perform import perform, sync
from conman.primitives.steps import Failed, Result, Step

_PATIENCE_S = 5.0
_TRY_EVERY_S = 0.05

#: What may befall any call: it says nothing about what the file system can.
_FOR_WANT = frozenset({"ENOSPC", "EDQUOT", "EIO", "EMFILE", "ENFILE", "ENOMEM", "EAGAIN", "EBUSY"})


@frozen
class Claim:
    """Both locks, held until `close` (or this process's end)."""

    locks: tuple[int, ...]

    def close(self) -> None:
        for lock in self.locks:
            os.close(lock)


def claim(data: str, run: str, patience_s: float = _PATIENCE_S) -> Claim:
    """Make both directories and lock them; DATA's name is durable. Raises HostError, which names who holds one."""
    if os.path.realpath(data) == os.path.realpath(run):
        raise _refused("the data directory and the run directory are the same", "name two")
    locks: list[int] = []
    try:
        for kind, path in (("data", data), ("run", run)):
            locks.append(_lock(kind, path, patience_s))
    except BaseException:
        Claim(tuple(locks)).close()
        raise
    return Claim(tuple(locks))


def settle_run(layout: Layout, knows_runs: Callable[[], bool] = lambda: False) -> Layout:
    """What an earlier boot left in RUN goes; from now on RUN is this boot's and this instance's.

    `knows_runs`: whether the store has runs of this boot. Then a RUN that is not there was lost, which
    the layout and the stamp say from now on: shims may live that no lock tells of.
    """
    ours = _Stamp(layout.boot_id, linux.pid_namespace(), layout.instance)
    found = _read_stamp(layout.run)
    is_ours = found is not None and replace(found, has_lost_run=False) == ours
    was_lost = is_ours and found is not None and found.has_lost_run
    if not is_ours:
        _refuse_if_in_use(layout, ours, found)
        _do_all(recipes_boot.forget_run(layout))
    if not was_lost and not (is_ours and _has_places(layout)) and knows_runs():
        was_lost, is_ours = True, False
    if not is_ours:
        # RUN may lie on a disk: no content may ever be found there without its stamp.
        stamp = replace(ours, has_lost_run=was_lost)
        _do_all(recipes_boot.publish(layout.run, "stamp", stamp.render()))
    _do_all(recipes_boot.make_places(layout))
    return replace(layout, has_lost_run=was_lost)


def _has_places(layout: Layout) -> bool:
    return all(os.path.isdir(path) for path in recipes_boot.run_parts(layout))


def probe_rootfs_mode(data: str, do: Callable[[Step], Result]) -> tuple[RootfsMode, str]:
    """Whether overlays can be mounted on DATA, by one real mount; what went wrong with it, if anything did.

    A full disk, say, tells nothing of overlays: then they are believed in where this process may mount at all. A create
    says it if they were not possible; that all was copied since a full disk would be said by nobody.
    """
    failure = _first_failure(do, recipes_boot.probe_overlay(data))
    # Its own failure changes nothing: what stays is in the way of nobody but the next probe.
    _first_failure(do, recipes_boot.forget_probe(data))
    if failure is None:
        return RootfsMode.OVERLAY, ""
    tells_nothing = failure.error in _FOR_WANT and os.geteuid() == 0
    return RootfsMode.OVERLAY if tells_nothing else RootfsMode.COPY, failure.text


# ---- locks -----------------------------------------------------------------------------------------


def _lock(kind: str, directory: str, patience_s: float) -> int:
    try:
        if kind == "data":
            _make_durably(directory)
        os.makedirs(directory, 0o700, exist_ok=True)
        lock = os.open(f"{directory}/lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unusable(kind, directory, error) from error
    try:
        if holder := _take(lock, patience_s):
            trouble = _locked(kind, directory, holder)
        else:
            os.ftruncate(lock, 0)
            os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
            return lock
    except OSError as error:
        trouble = _unusable(kind, directory, error)
    os.close(lock)
    raise trouble


def _make_durably(directory: str) -> None:
    """It, and those above it that are not there, each with its name before anything is put in it.

    The deepest one that is there may be what a killed daemon has made; one that has the lock was synced before that.
    """
    path = os.path.abspath(directory)
    if os.path.exists(f"{path}/lock"):
        return
    missing: list[str] = []
    while not os.path.isdir(path):
        missing.append(path)
        path = os.path.dirname(path)
    # Who may not read what it lies in has not made it there.
    with suppress(PermissionError):
        _sync_name(path)
    for made in reversed(missing):
        os.makedirs(made, 0o700 if made == missing[0] else 0o777, exist_ok=True)
        _sync_name(made)


def _sync_name(path: str) -> None:
    sync(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY)


def _take(lock: int, patience_s: float) -> str:
    """Returns "" once the lock is ours, else who has it.

    A dead daemon's child between fork and exec may hold it for a moment more.
    """
    deadline = time.monotonic() + patience_s
    while not fence.take(lock):
        if time.monotonic() >= deadline:
            return _holder(lock)
        # flock(2) has no time-out, and this is no place for signals.
        time.sleep(_TRY_EVERY_S)
    return ""


def _holder(lock: int) -> str:
    text = os.pread(lock, 32, 0).decode(errors="replace").strip()
    return text if text.isdecimal() else "unknown"


# ---- whose RUN it is -------------------------------------------------------------------------------


@frozen
class _Stamp:
    boot_id: str
    pid_namespace: int
    instance: str
    has_lost_run: bool = False

    def render(self) -> bytes:
        fields = {
            "boot_id": self.boot_id,
            "pid_namespace": self.pid_namespace,
            "instance": self.instance,
            "has_lost_run": self.has_lost_run,
        }
        return (json.dumps(fields) + "\n").encode()


def _read_stamp(run: str) -> _Stamp | None:
    """None when there is none that can be read."""
    try:
        with open(f"{run}/stamp", "rb") as file:
            raw = json.loads(file.read())
        boot_id, namespace, instance = raw["boot_id"], raw["pid_namespace"], raw["instance"]
        lost = bool(raw.get("has_lost_run", False))
        return _Stamp(str(boot_id), int(namespace), str(instance), lost)
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    except OSError as error:
        raise _unusable("run", run, error) from error


def _refuse_if_in_use(layout: Layout, ours: _Stamp, found: _Stamp | None) -> None:
    if found is not None and found.boot_id != ours.boot_id:
        return  # whoever was there is gone, with the boot
    whose = found.instance if found else "unknown"
    if whose != ours.instance and any(_content(layout)):
        raise _refused(
            f"the run directory {layout.run} holds what belongs to another instance ({whose})",
            "name another --run-dir, or start conmand with that instance's data directory",
        )
    for path in _content(layout):
        if _is_held(path):
            raise _refused(
                f"the run directory {layout.run} is in use: somebody holds the lock {path}",
                "name another --run-dir, or end that process",
            )


def _content(layout: Layout) -> Iterator[str]:
    """Every entry of runtime/ and calls/, and the lock of every shim."""
    for directory in recipes_boot.run_parts(layout):
        try:
            entries = sorted(os.listdir(directory))
        except FileNotFoundError:
            continue
        except OSError as error:
            raise _unusable("run", directory, error) from error
        last = "/alive" if directory.endswith("/shims") else ""
        yield from (f"{directory}/{entry}{last}" for entry in entries)


def _is_held(path: str) -> bool:
    if os.path.isdir(path) or (lock := fence.open_lock(path)) is None:
        return False
    try:
        return not fence.take(lock)
    finally:
        os.close(lock)


# ---- steps -----------------------------------------------------------------------------------------


def _do_all(steps: recipes_boot.Recipe) -> None:
    if failure := _first_failure(perform, steps):
        raise _refused(f"conmand's directories cannot be prepared: {failure.text}", "")


def _first_failure(do: Callable[..., Result], steps: recipes_boot.Recipe) -> Failed | None:
    for step in steps:
        if isinstance(result := do(step), Failed):
            return result
    return None


# ---- words -----------------------------------------------------------------------------------------


def _refused(what: str, hint: str) -> HostError:
    return HostError(Refusal(Code.FAILED_PRECONDITION, "DirectoryUnusable", what, hint))


def _unusable(kind: str, directory: str, error: OSError) -> HostError:
    return _refused(
        f"the {kind} directory {directory} cannot be used: {error.strerror}",
        f"name another with --{kind}-dir, or run conmand as the directory's owner",
    )


def _locked(kind: str, directory: str, holder: str) -> HostError:
    return HostError(
        Refusal(
            Code.FAILED_PRECONDITION,
            "AlreadyRunning",
            f"another conmand (pid {holder}) uses the {kind} directory {directory}",
            f"stop it, or name another --{kind}-dir",
        )
    )
