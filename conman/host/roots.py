"""The root file system of a container, opened: as its program sees it, or as it lies on the disk.

What is opened here is a descriptor, and nothing is mounted anywhere, so nothing is left of it when conmand
dies. It must never open the host's own root for a container's.
"""

import os

from conman.host import linux
from conman.primitives.processes import lives
from conman.primitives.steps import ProcessId

_FLAGS = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC


def of_process(process: ProcessId) -> int | None:
    """The root that this process sees, mounts and all; None: it is gone, or it is ours (it is acted out)."""
    try:
        root = os.open(f"/proc/{process.pid}/root", _FLAGS)
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
    # Looked at again with the root in hand: from here on it is this process's.
    if lives(process) and not os.path.samestat(os.fstat(root), os.stat("/")):
        return root
    os.close(root)
    return None


def of_mount(path: str) -> int | None:
    """What is mounted there; None: nothing. Looked at with the root in hand: a mount may go meanwhile. Raises OSError."""
    try:
        root = os.open(path, _FLAGS)
    except FileNotFoundError:
        return None
    try:
        if os.fstat(root).st_dev != os.stat(os.path.dirname(path)).st_dev:
            return os.dup(root)
    finally:
        os.close(root)
    return None


def of_directory(path: str) -> int:
    """Raises OSError."""
    return os.open(path, _FLAGS)


def of_layers(upper: str, lower: str, work: str = "") -> int:
    """What an overlay of both shows, to be read only, or with `work` to be written to. Raises OSError."""
    layers: list[int] = []
    try:
        layers.extend(os.open(each, _FLAGS) for each in (upper, lower, work) if each)
        return linux.detached_overlay(*layers)
    finally:
        for layer in layers:
            os.close(layer)
