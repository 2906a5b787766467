"""What conmand's process is, before anything is made or started by it.

Light on purpose: the zygote inherits from here, and is started before anything heavy is imported.
"""

import gc
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from types import ModuleType
from typing import cast

from conman.daemon.late_module import put_off

_STDERR = 2


def prepare_process() -> None:
    """What everything that is made or started from here on inherits."""
    _fill_what_is_closed()
    os.chdir("/")
    # Directories that a container's users go through are made with the modes that recipes say.
    os.umask(0o022)
    _keep_what_we_were_given()
    # The last place where runtimes are looked for: where conman's own is installed.
    beside = os.path.dirname(sys.executable)
    os.environ["PATH"] = f"{os.environ.get('PATH', os.defpath)}:{beside}"


def _fill_what_is_closed() -> None:
    """Else what is opened next, a lock say, gets one of these numbers, which stand for something else in a child."""
    for descriptor in range(_STDERR + 1):
        try:
            os.fstat(descriptor)
        except OSError:
            # The lowest free number, so this one.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # noqa: FBT003 - as below
    # Of a closed one Python has made nothing, to which nothing can be written.
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115


def _keep_what_we_were_given() -> None:
    """Descriptors of whoever started us are not for what we start: a container least of all."""
    for descriptor in map(int, os.listdir("/proc/self/fd")):
        if descriptor > _STDERR:
            # One of them was the listing's own.
            with suppress(OSError):
                os.set_inheritable(descriptor, False)  # noqa: FBT003 - os' own signature


@contextmanager
def loading() -> Generator[None]:
    """While modules are loaded, nothing is garbage: to look for some costs a sixth of the whole start.

    What was loaded is not looked at later either. Nor is there TLS on a unix socket: asyncio looks for
    ssl, which takes as long as half of asyncio, and does without where there is none. protobuf loads all of
    its Python half beside its C half, and uses none of it: 5 ms.
    """
    gc.disable()
    sys.modules.setdefault("ssl", cast("ModuleType", None))
    put_off("google.protobuf.internal.python_message")
    try:
        yield
    finally:
        if sys.modules["ssl"] is None:  # pyright: ignore[reportUnnecessaryComparison]
            del sys.modules["ssl"]
        gc.freeze()
        gc.enable()
