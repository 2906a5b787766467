"""One conmand as a process: it takes its host over, lives one life, and ends with an exit code.

Nothing heavy is imported before the configuration is known to make sense. It must never end with a
traceback for what a person can mend: that is one sentence on stderr, and exit code 1.
"""

import logging
import os
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

from conman.daemon.config import BROKEN, Config
from conman.daemon.process import loading, prepare_process
from conman.daemon.settings import bad
from conman.errors import ConmanError
from conman.host.zygote import Zygote
from conman.primitives.descriptors import allow_descriptors

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from conman.engine.recorder import Recorder

#: As a shell tells it, of who was not serving yet; later SIGINT is a wish like SIGTERM.
INTERRUPTED = 128 + signal.SIGINT


def end_with(act: Callable[[], int], trouble: int = 1) -> NoReturn:
    """Whatever happens becomes an exit code; `trouble`: what a person can mend."""
    try:
        code = act()
    except ConmanError as error:
        sys.stderr.write(f"conmand: {error}\n")
        code = trouble
    except KeyboardInterrupt:
        code = INTERRUPTED
    except Exception:
        logging.getLogger("conman").critical("conmand met an error of its own", exc_info=True)
        code = BROKEN
    _exit(code)


def serve(config: Config) -> int:
    """Returns the exit code. Raises ConmanError before it serves."""
    prepare_process()
    # Small yet, without a lock or a thread: so is what it forks.
    zygote = Zygote()
    allow_descriptors()
    with loading():
        # Heavier than a wrong flag deserves, and all that follows.
        from conman.daemon.logs import set_up  # noqa: PLC0415

        log = set_up(config.log_level, config.log_format)
        # Before grpc is imported: its own complaints are told by us, with what to do.
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")
        from conman.daemon.life import live  # noqa: PLC0415
        from conman.daemon.startup import take_over  # noqa: PLC0415
        from conman.daemon.systemd import take_systemd  # noqa: PLC0415
    systemd = take_systemd(os.environ)
    recorder = _recorder(config.record)
    host = take_over(config, zygote)
    for note in (*config.notes, *host.notes):
        log.warning("%s", note)
    return run(live(config, host, recorder, systemd))


def run(life: "Coroutine[object, object, int]") -> int:
    """To its end and no further: a thread that reads of a dead disk would be waited for as well.

    The loop is left as it is, for the process ends next (`_exit`).
    """
    import asyncio  # noqa: PLC0415 - as all that `serve` loads

    return asyncio.Runner().run(life)


def _recorder(path: str) -> "Recorder | None":
    if not path:
        return None
    from conman.engine.recorder import Recorder  # noqa: PLC0415

    try:
        return Recorder(path)
    except OSError as error:
        bad(f"--record {path} cannot be written: {error.strerror}", "name another", "record")


def _exit(code: int) -> NoReturn:
    """At once: a worker may be in a step for minutes, and is left as a kill would leave it."""
    logging.shutdown()
    os._exit(code)
