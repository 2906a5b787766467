"""Where the VM stage keeps what it makes: all of it in build/vm of the tree, and nothing anywhere else.

What is only for one session lies in memory, in a mount namespace (hypervisor.py), and goes with it.
"""

import fcntl
import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from vm.trouble import Trouble

HERE = Path(__file__).resolve().parent
TREE = HERE.parent
TOP = TREE / "build" / "vm"
#: Vagrant's home with its boxes, the boxes' disks as libvirt wants them, logs and consoles.
VAGRANT, POOL, LOGS = TOP / "vagrant", TOP / "pool", TOP / "log"
CONSOLE = LOGS / "console"
RECIPE = HERE / "recipe"
_NEEDS_MIB = 3000


@contextmanager
def alone() -> Generator[None]:
    """Makes the places, and holds them. Raises Trouble where another one does, or no disk is left."""
    for place in (VAGRANT, POOL, LOGS):
        place.mkdir(parents=True, exist_ok=True)
    must_have_space(shutil.disk_usage(TOP).free >> 20)
    with (TOP / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise Trouble(
                f"process {lock.read().strip()} uses {TOP}: wait for its end, or end it"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def must_have_space(free_mib: int) -> None:
    """Raises Trouble."""
    if free_mib < _NEEDS_MIB:
        raise Trouble(
            f"{TOP} has {free_mib} MiB left and a box needs {_NEEDS_MIB}: make space, or link build/vm elsewhere"
        )
