"""The daemon's performer: every step of `conman.primitives.steps` on the real host, one at a time.

Only a dispatcher: each step has its home in another module, and steps are what recipes say, nothing
more. Any number of threads may use it at once. It must never raise for what a host can do to us
(OSError is a value, `Failed`). What is held open for as long as a run lives is not here, but the engine's:
of a WatchShim only the question who that is.
"""

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from typing import Protocol, assert_never

from conman.core.layout import Layout
from conman.host import cgroups, freezer, processes
from conman.host.copies import copy_tree
from conman.host.inventory import list_host
from conman.host.looking import look
from conman.host.mounts import mount_overlay, unmount
from conman.host.runtime import run_runtime
from conman.primitives import perform as shared
from conman.primitives import steps as s
from conman.primitives.failure import failed
from conman.primitives.fence import fence


class Shims(Protocol):
    """Who starts shims and talks to them: `conman.host.shims`."""

    def begin(self, step: s.BeginShim) -> s.Result: ...
    def spawn(self, step: s.SpawnShim) -> s.Result: ...
    def call(self, step: s.CallShim) -> s.Result: ...
    def who(self, step: s.WatchShim) -> s.Result: ...


class Performer:
    """`perform` does one step, and returns when it has ended."""

    def __init__(self, layout: Layout, shims: Shims) -> None:
        self._layout = layout
        self._shims = shims
        self._parent = _ParentCgroup()

    def perform(self, step: s.Step) -> s.Result:
        match step:
            case s.CopyTree():
                return copy_tree(step)
            case s.MountOverlay():
                return mount_overlay(step)
            case s.Unmount():
                return unmount(step)
            case s.RunRuntime():
                return run_runtime(step)
            case s.ListHost():
                return self._list_host()
            case s.WatchShim():
                return self._shims.who(step)
            case s.WatchProcess() | s.HoldOutput() | s.ReadExitStatus() | s.Release():
                raise AssertionError("the engine watches and holds by itself")
            case s.EndMembers() | s.ListMembers() | s.RemoveCgroup() | s.StopProcess() | s.Fence():
                return self._end(step)
            case s.FreezeMembers() | s.ThawMembers() | s.ReadFreezer():
                return _freezer(step)
            case s.ReadControls() | s.WriteControl():
                return _control(step)
            case s.BeginShim() | s.SpawnShim() | s.CallShim():
                return self._shim(step)
            case s.CheckPath() | s.FindDevices() | s.ReadInRoot():
                return _look(step)
            case _:
                return shared.perform(step)

    def _end(
        self, step: s.EndMembers | s.ListMembers | s.RemoveCgroup | s.StopProcess | s.Fence
    ) -> s.Result:
        match step:
            case s.EndMembers(cgroup, marker, timeout_ms):
                return processes.end_all(_members(cgroup, marker), timeout_ms)
            case s.ListMembers(cgroup, marker):
                return _list_members(_members(cgroup, marker))
            case s.RemoveCgroup():
                return self._remove_cgroup(step)
            case s.StopProcess():
                return processes.stop(step)
            case s.Fence():
                return fence(step)
            case _:
                assert_never(step)

    def _shim(self, step: s.BeginShim | s.SpawnShim | s.CallShim) -> s.Result:
        match step:
            case s.BeginShim():
                return self._shims.begin(step)
            case s.SpawnShim():
                with self._parent.in_use():
                    return self._shims.spawn(step)
            case s.CallShim(op="create"):
                with self._parent.in_use():
                    return self._shims.call(step)
            case s.CallShim():
                return self._shims.call(step)

    def _remove_cgroup(self, step: s.RemoveCgroup) -> s.Result:
        try:
            cgroups.remove(step.cgroup)
            self._parent.remove(step.cgroup)
        except OSError as error:
            return failed(error)
        return s.Done(time.time_ns())

    def _list_host(self) -> s.Result:
        if not self._layout.has_cgroups:
            return list_host(self._layout, frozenset())
        try:
            here = cgroups.children(f"/conman-{self._layout.instance}")
        except OSError as error:
            return failed(error)
        return list_host(self._layout, here)


class _ParentCgroup:
    """The cgroup above all runs: removed when empty, but not while somebody is about to fill it.

    Whoever makes a cgroup makes this one first; between the two it is empty.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._creating = 0

    @contextmanager
    def in_use(self) -> Generator[None, None, None]:
        with self._lock:
            self._creating += 1
        try:
            yield
        finally:
            with self._lock:
                self._creating -= 1

    def remove(self, cgroup: str) -> None:
        with self._lock:
            if self._creating == 0:
                cgroups.remove_parent(cgroup)


def _look(step: s.CheckPath | s.FindDevices | s.ReadInRoot) -> s.Result:
    try:
        result = look(step)
    except OSError as error:
        return failed(error, step.path)
    return s.Done(time.time_ns()) if isinstance(result, s.Done) else result


def _members(cgroup: str, marker: str) -> processes.Members:
    if not cgroup:
        return processes.bearers(marker)
    return processes.Members(
        partial(cgroups.members, cgroup),
        partial(cgroups.has, cgroup),
        partial(cgroups.freeze, cgroup),
        partial(cgroups.thaw, cgroup),
    )


def _freezer(step: s.FreezeMembers | s.ThawMembers | s.ReadFreezer) -> s.Result:
    members = _members(step.cgroup, step.marker)
    try:
        match step:
            case s.FreezeMembers(cgroup, _, timeout_ms) if cgroup:
                return freezer.freeze(cgroup, timeout_ms)
            case s.FreezeMembers(_, _, timeout_ms):
                return processes.freeze_all(members, timeout_ms)
            case s.ThawMembers(cgroup):
                members.thaw() if cgroup else processes.go_on(members)
                return s.Done(time.time_ns())
            case s.ReadFreezer(cgroup):
                stands = freezer.frozen(cgroup) if cgroup else processes.all_stand(members)
                return s.Freezer(stands)
    except OSError as error:
        return failed(error)


def _control(step: s.ReadControls | s.WriteControl) -> s.Result:
    try:
        match step:
            case s.ReadControls(cgroup, names):
                return s.Controls(cgroups.controls(cgroup, names))
            case s.WriteControl(cgroup, name, value):
                is_there = cgroups.set_control(cgroup, name, value)
                return s.Done(time.time_ns()) if is_there else s.Absent()
    except OSError as error:
        return failed(error)


def _list_members(members: processes.Members) -> s.Remaining | s.Failed:
    try:
        return s.Remaining(processes.living(members))
    except OSError as error:
        return failed(error)
