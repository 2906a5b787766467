"""The command line: finds the command, and turns every end into an exit code.

It exists so that a person sees one line on stderr and never a traceback. It must never
import, at module level, what one command alone needs: each costs start-up at a prompt.
"""

from collections.abc import Sequence
from contextlib import suppress

import click

from conman.ctl.failure import EXIT_FAILED, EXIT_OK, EXIT_USAGE, CommandFailed
from conman.ctl.lazy import LazyGroup
from conman.ctl.output import complain
from conman.ctl.settings import root_options

COMMANDS = {
    "run": ("conman.ctl.run", "run"),
    "create": ("conman.ctl.create", "create"),
    "start": ("conman.ctl.start", "start"),
    "exec": ("conman.ctl.execute", "execute"),
    "attach": ("conman.ctl.attach", "attach"),
    "stop": ("conman.ctl.verbs", "stop"),
    "restart": ("conman.ctl.restart", "restart"),
    "kill": ("conman.ctl.verbs", "kill"),
    "pause": ("conman.ctl.changes", "pause"),
    "unpause": ("conman.ctl.changes", "unpause"),
    "update": ("conman.ctl.changes", "update"),
    "rename": ("conman.ctl.changes", "rename"),
    "rm": ("conman.ctl.verbs", "remove"),
    "prune": ("conman.ctl.prune", "prune"),
    "ps": ("conman.ctl.ps", "ps"),
    "inspect": ("conman.ctl.inspecting", "inspect"),
    "wait": ("conman.ctl.questions", "wait"),
    "cp": ("conman.ctl.cp", "cp"),
    "logs": ("conman.ctl.logs", "logs"),
    "stats": ("conman.ctl.stats", "stats"),
    "top": ("conman.ctl.top", "top"),
    "events": ("conman.ctl.events", "events"),
    "info": ("conman.ctl.info", "info"),
    "version": ("conman.ctl.version", "version"),
    "completion": ("conman.ctl.completion", "completion"),
    "help": ("conman.ctl.help", "help_"),
    "container": ("conman.ctl.container", "container"),
}
ALIASES = {"remove": "rm", "delete": "rm", "list": "ps", "ls": "ps"}
#: As docker's help has them.
SECTIONS = {
    "Common Commands": ("run", "exec", "ps", "logs", "version", "info"),
    "Management Commands": ("container",),
}


def _print_version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click calls it so
    if value and not ctx.resilient_parsing:
        from conman.version import VERSION

        click.echo(f"conmanctl {VERSION}")
        ctx.exit()


@click.group(
    cls=LazyGroup,
    commands_in=COMMANDS,
    aliases=ALIASES,
    sections=SECTIONS,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@root_options
@click.option(
    "--version",
    "-v",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Print conmanctl's version and exit.",
)
def cli() -> None:
    """Talk to conmand, the container manager of this host.

    For people; `conmanctl container` has the same for scripts, as JSON.

    Aliases: remove and delete = rm, list and ls = ps.

    Exit codes: 0, 1 conmand could not do it, 2 wrong usage, 130 interrupted, 141 nobody
    reads it; of run and exec the program's, else 125, 126, 127.
    """


def run(arguments: Sequence[str]) -> int:
    """One command line, from words to exit code."""
    try:
        result: object = cli.main(list(arguments), prog_name="conmanctl", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        with suppress(OSError):
            error.show()
        return EXIT_USAGE
    except click.ClickException as error:
        return _wrong_usage(error)
    except CommandFailed as failure:
        complain(str(failure))
        return failure.exit_code
    except OSError as error:
        complain(f"the answer cannot be written: {error.strerror}")
        return EXIT_FAILED
    return result if isinstance(result, int) else EXIT_OK


def _wrong_usage(error: click.ClickException) -> int:
    help_text = ""
    if isinstance(error, click.UsageError) and error.ctx is not None:
        help_text = f" (see {error.ctx.command_path} --help)"
    complain(f"{error.format_message().rstrip('.')}{help_text}")
    return error.exit_code
