"""Where the VM stage keeps what it makes: all of it in build/vm of the tree, and nothing anywhere else.

What is only for one session lies in memory, in a mount namespace (hypervisor.py), and goes with it.
"""

import fcntl
import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

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
    with held():
        must_have_space(shutil.disk_usage(TOP).free >> 20)
        yield


@contextmanager
def held() -> Generator[None]:
    """As `alone`, however little is left."""
    # Who cleans takes the lock away as well: one that has lost its name nobody else would meet.
    while not _is_there(lock := _locked()):
        lock.close()
    with lock:
        # Not before: they would go with who cleaned until then.
        _make(VAGRANT, POOL, LOGS)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def clean() -> None:
    """All goes, and build/vm too, unless somebody has linked it elsewhere. For who holds it. Raises Trouble."""
    try:
        for each in TOP.iterdir():
            if each.is_dir() and not each.is_symlink():
                shutil.rmtree(each)
            elif each != _lock():
                each.unlink()
        # Last: until then nobody begins anew.
        _lock().unlink()
    except OSError as error:
        raise Trouble(f"{error.filename} cannot be removed: {error.strerror}") from error
    if not TOP.is_symlink():
        with suppress(OSError):  # somebody has just begun anew
            TOP.rmdir()


def _lock() -> Path:
    return TOP / "lock"


def _locked() -> TextIO:
    """Raises Trouble."""
    _make(TOP)
    try:
        lock = _lock().open("a+")
    except OSError as error:
        raise Trouble(f"{error.filename} cannot be made: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        with lock:
            lock.seek(0)
            told = f"process {lock.read().strip()} uses {TOP}: wait for its end, or end it"
            raise Trouble(told) from None
    return lock


def _make(*places: Path) -> None:
    """Raises Trouble."""
    try:
        for place in places:
            place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Trouble(f"{error.filename} cannot be made: {error.strerror}") from error


def _is_there(lock: TextIO) -> bool:
    try:
        return os.path.samestat(_lock().stat(), os.fstat(lock.fileno()))
    except FileNotFoundError:
        return False


def must_have_space(free_mib: int) -> None:
    """Raises Trouble."""
    if free_mib < _NEEDS_MIB:
        raise Trouble(
            f"{TOP} has {free_mib} MiB left and a box needs {_NEEDS_MIB}: make space, or link build/vm elsewhere"
        )
