"""conmand's command: reads the configuration, lives one life, ends.

Nothing heavy is imported before the configuration is known to make sense. It must never end with a
traceback for what a person can mend: that is one sentence on stderr, and exit code 1.
"""

import asyncio
import logging
import os
import sys
from collections.abc import Callable
from typing import NoReturn, TypeVar

import click

from conman.daemon.config import BROKEN, Config, configure
from conman.daemon.process import prepare_process
from conman.daemon.settings import SETTINGS, bad
from conman.errors import ConmanError
from conman.host.zygote import Zygote

Command = TypeVar("Command", bound=Callable[..., None])


def _settings(command: Command) -> Command:
    for known in reversed(SETTINGS):
        flag = f"--{known.name}"
        help_text = f"{known.text} [{known.variable}]"
        command = click.option(flag, metavar=known.metavar, help=help_text)(command)
    return command


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--config", metavar="FILE", help="A TOML file of these settings. [CONMAN_CONFIG]")
@_settings
@click.version_option(package_name="conman", message="%(version)s")
def main(config: str | None, **flags: str | None) -> None:
    """conmand: the daemon of conman, on one unix socket.

    A flag is stronger than the environment, that is stronger than the file. SIGTERM and ^C end the
    daemon and leave containers alone.
    """
    try:
        code = _live(configure(flags, config, os.environ, os.geteuid()))
    except ConmanError as error:
        sys.stderr.write(f"conmand: {error}\n")
        code = 1
    except Exception:
        logging.getLogger("conman").critical("conmand met an error of its own", exc_info=True)
        code = BROKEN
    _exit(code)


def _live(config: Config) -> int:
    prepare_process()
    # Small yet, without a lock or a thread: so is what it forks.
    zygote = Zygote()
    from conman.daemon.logs import set_up  # noqa: PLC0415 - heavier than a wrong flag deserves

    log = set_up(config.log_level, config.log_format)
    # Before grpc is imported: its own complaints are told by us, with what to do.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    from conman.daemon.life import live  # noqa: PLC0415
    from conman.daemon.startup import take_over  # noqa: PLC0415
    from conman.engine.recorder import Recorder  # noqa: PLC0415

    try:
        recorder = Recorder(config.record) if config.record else None
    except OSError as error:
        bad(
            f"--record {config.record} cannot be written: {error.strerror}",
            "name another",
            "record",
        )
    host = take_over(config, zygote)
    for note in (*config.notes, *host.notes):
        log.warning("%s", note)
    return asyncio.run(live(config, host, recorder))


def _exit(code: int) -> NoReturn:
    """At once: a worker may be in a step for minutes, and is left as a kill would leave it."""
    logging.shutdown()
    os._exit(code)


if __name__ == "__main__":
    main()
