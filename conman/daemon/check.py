"""`conmand check`: the store and the host compared, beside a daemon or without one. Nothing is changed.

A living daemon works on while we look, so a difference counts only if it is still there at the next look.
"""

import json
import os
import time

from conman.core.comparison import Finding, Run, Seen, compare
from conman.core.layout import Layout
from conman.core.model import Stored
from conman.daemon.config import Config
from conman.daemon.startup import has_cgroups
from conman.errors import Code, HostError, Refusal
from conman.host import cgroups, processes
from conman.host.database import Look, look
from conman.host.inventory import list_traces
from conman.host.locks import is_held
from conman.primitives.mounts import mounts
from conman.primitives.processes import boot_id, lives
from conman.primitives.steps import Failed

#: How often a difference must be seen beside a living daemon, and how far apart.
_LOOKS = 3
_PAUSE_S = 0.7


def check(config: Config) -> tuple[Finding, ...]:
    """Raises ConmanError when one of the two cannot be read."""
    has_daemon = is_held(f"{config.data_dir}/lock")
    found = _compared(config, has_daemon=has_daemon)
    for _ in range(_LOOKS - 1 if has_daemon else 0):
        if not found:
            break
        time.sleep(_PAUSE_S)
        again = set(_compared(config, has_daemon=has_daemon))
        found = tuple(each for each in found if each in again)
    return found


def as_text(found: tuple[Finding, ...]) -> str:
    lines: list[str] = []
    for each in found:
        whose = " ".join(word for word in (each.object_id, each.name) if word)
        lines += [f"{whose}: {each.what}" if whose else each.what, f"    {each.advice}"]
    count = f"{len(found)} finding{'' if len(found) == 1 else 's'}" if found else "nothing found"
    return "\n".join([*lines, f"{count}: store and host compared"]) + "\n"


def as_json(found: tuple[Finding, ...]) -> str:
    entries = [
        {"id": each.object_id, "name": each.name, "what": each.what, "advice": each.advice}
        for each in found
    ]
    return json.dumps({"findings": entries}, indent=2) + "\n"


def _compared(config: Config, *, has_daemon: bool) -> tuple[Finding, ...]:
    """Of an object that changed meanwhile nothing is said."""
    path = f"{config.data_dir}/conman.db"
    before = look(path)
    seen = _seen(config, before, has_daemon=has_daemon)
    after = look(path)
    moving = _changed(before.stored, after.stored)
    return tuple(each for each in compare(after.stored, seen) if each.object_id not in moving)


def _changed(before: Stored, after: Stored) -> set[str]:
    then, now = (
        {(type(each), each.id): each for each in (*stored.containers, *stored.intents)}
        for stored in (before, after)
    )
    return {key[1] for key in then.keys() | now.keys() if then.get(key) != now.get(key)}


def _seen(config: Config, store: Look, *, has_daemon: bool) -> Seen:
    layout = Layout(config.data_dir, config.run_dir, store.instance, boot_id(), has_cgroups(config))
    try:
        ours = (
            cgroups.children(f"/conman-{layout.instance}")
            if layout.has_cgroups
            else frozenset[str]()
        )
        traces = list_traces(layout, ours)
        if isinstance(traces, Failed):
            raise _unreadable(traces.text)
        rows = {(row.id, row.run): row for row in store.stored.containers if row.init is not None}
        return Seen(
            layout.boot_id,
            has_daemon,
            directories=traces.directories,
            trash=traces.trash,
            mounted=_mounted(layout),
            traces=traces.runs,
            living=tuple(run for run, row in rows.items() if row.init and lives(row.init.process)),
            shims=tuple(run for run in rows if is_held(layout.shim_lock(*run))),
            members={run: _members(layout, run) for run in traces.runs if run not in rows},
            unreadable=traces.unreadable,
        )
    except OSError as error:
        raise _unreadable(str(error)) from error


def _mounted(layout: Layout) -> tuple[str, ...]:
    """The ids of containers in whose directories something is mounted."""
    top = f"{os.path.realpath(layout.containers())}/"
    points = {mount.point for mount in mounts()}
    ids = {point.removeprefix(top).partition("/")[0] for point in points if point.startswith(top)}
    return tuple(sorted(ids))


def _members(layout: Layout, run: Run) -> tuple[int, ...]:
    if layout.has_cgroups:
        return tuple(sorted(cgroups.members(layout.cgroup(*run))))
    return processes.living(processes.bearers(layout.run_marker(*run)))


def _unreadable(why: str) -> HostError:
    return HostError(
        Refusal(
            Code.UNAVAILABLE,
            "HostUnreadable",
            f"the host cannot be looked at: {why}",
            "run it as conmand's own user",
        )
    )
