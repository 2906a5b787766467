"""Overlay mounts, made and undone. What is mounted is asked of the kernel each time, never remembered.

It must never mount with `volatile` (its content would not survive a crash), nor mount upon a mount
that is not the wanted one, nor follow a link of the container's when it unmounts.
"""

import errno
import logging
import os
import time

from conman.host import linux
from conman.primitives.failure import failed
from conman.primitives.mounts import Mount, on_top, points
from conman.primitives.steps import Done, Failed, MountOverlay, Unmount

_BUSY_S = 1.0
_RETRY_S = 0.01

_log = logging.getLogger(__name__)


def mount_overlay(step: MountOverlay) -> Done | Failed:
    """Done also when exactly this overlay is there already."""
    try:
        found = on_top(os.path.realpath(step.target))
        if found is None:
            _mount(step)
        elif not _is_it(found, step):
            return Failed("EBUSY", f"something else is mounted there: {step.target}")
    except OSError as error:
        return failed(error)
    return Done(time.time_ns())


def unmount(step: Unmount) -> Done | Failed:
    """Everything at or below the path, deepest first."""
    try:
        while found := _at_or_below(step.path):
            for point in reversed(found):
                _unmount(point)
    except OSError as error:
        return failed(error)
    return Done(time.time_ns())


def overlay_options(step: MountOverlay) -> str:
    """The options of mount(2). In paths comma and colon separate, unless a backslash precedes."""
    paths = {"lowerdir": step.lower, "upperdir": step.upper, "workdir": step.work}
    told = {name: _escape(path) for name, path in paths.items()} | linux.PLAIN
    return ",".join(f"{name}={value}" for name, value in told.items())


def _mount(step: MountOverlay) -> None:
    options = overlay_options(step)
    if len(os.fsencode(options)) >= os.sysconf("SC_PAGESIZE"):
        # The kernel reads one page, and would mount a path that was cut off.
        raise OSError(errno.ENAMETOOLONG, "the paths of an overlay are too long", step.lower)
    linux.mount("overlay", step.target, "overlay", options)


def _escape(path: str) -> str:
    for special in ("\\", ",", ":"):
        path = path.replace(special, f"\\{special}")
    return path


def _is_it(found: Mount, step: MountOverlay) -> bool:
    """Kernels tell the paths as they were given, escaped, or as they mean them."""
    # Taken together, since a path's commas look like separators here.
    told = f",{','.join(found.options)},"
    wanted = {"lowerdir": step.lower, "upperdir": step.upper, "workdir": step.work}
    return found.kind == "overlay" and all(
        any(f",{name}={form}," in told for form in (path, _escape(path)))
        for name, path in wanted.items()
    )


def _at_or_below(path: str) -> list[str]:
    top = os.path.realpath(path)
    return [point for point in points() if point == top or point.startswith(f"{top}/")]


def _unmount(point: str) -> None:
    """A mount that stays busy is detached: then nobody finds it, and it ends with its last user."""
    deadline = time.monotonic() + _BUSY_S
    while True:
        try:
            linux.unmount(point, linux.UMOUNT_NOFOLLOW)
            return
        except OSError as error:
            if error.errno in (errno.EINVAL, errno.ENOENT):  # somebody else was faster
                return
            if error.errno != errno.EBUSY:
                raise
            if time.monotonic() >= deadline:
                break
        time.sleep(_RETRY_S)
    _log.warning("%s was busy for %s s and is detached: a process still uses it", point, _BUSY_S)
    linux.unmount(point, linux.UMOUNT_NOFOLLOW | linux.MNT_DETACH)
