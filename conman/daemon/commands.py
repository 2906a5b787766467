"""conmand's command line, with click: help, what is wrong in it, and commands, which look and start nothing.

A conmand that just serves does not come here (`main`). It must never heed a flag that the table of settings has not.
"""

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TypeVar

import click

from conman.daemon.config import Config, configure
from conman.daemon.serving import end_with, serve
from conman.daemon.settings import SETTINGS

Command = TypeVar("Command", bound=Callable[..., None])

#: What stood before a command: the file's name, and flags.
Outer = tuple[str | None, Mapping[str, str | None]]


def _settings(command: Command) -> Command:
    for known in reversed(SETTINGS):
        flag = f"--{known.name}"
        help_text = f"{known.text} [{known.variable}]"
        command = click.option(flag, metavar=known.metavar, help=help_text)(command)
    help_text = "A TOML file of these settings. [CONMAN_CONFIG]"
    return click.option("--config", metavar="FILE", help=help_text)(command)


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@_settings
@click.version_option(package_name="conman", message="%(version)s")
@click.pass_context
def main(context: click.Context, config: str | None, **flags: str | None) -> None:
    """conmand: the daemon of conman, on one unix socket.

    A flag is stronger than the environment, that is stronger than the file. SIGTERM and ^C end the
    daemon and leave containers alone. Without a command it serves.
    """
    if context.invoked_subcommand is None:
        end_with(lambda: serve(_configured(config, flags)))
    context.obj = (config, flags)


@main.command("config")
@_settings
@click.option("--json", "as_json", is_flag=True, help="As JSON, with the sources.")
@click.option("--default", "default", is_flag=True, help="A file of all settings, explained.")
@click.pass_obj
def _config(
    outer: Outer, config: str | None, *, as_json: bool, default: bool, **flags: str | None
) -> None:
    """Print what conmand would run with, and where each value comes from."""
    end_with(lambda: _show_config(outer, config, flags, as_json=as_json, default=default))


def _show_config(
    outer: Outer,
    config: str | None,
    flags: Mapping[str, str | None],
    *,
    as_json: bool,
    default: bool,
) -> int:
    from conman.daemon import show_config  # noqa: PLC0415

    if default:
        text = show_config.default_toml()
    else:
        made = _configured(config, flags, outer)
        text = show_config.effective_json(made) if as_json else show_config.effective_toml(made)
        for note in made.notes:
            sys.stderr.write(f"conmand: {note}\n")
    return _print(text)


@main.command("check")
@_settings
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def _check(outer: Outer, config: str | None, *, as_json: bool, **flags: str | None) -> None:
    """Compare the store and the host, and change nothing.

    Beside a running daemon or without one. Exits 0 when nothing is found, 1 with findings (what is
    missing or left over, and what to do), 2 when it cannot look.
    """
    end_with(lambda: _compare(_configured(config, flags, outer), as_json=as_json), trouble=2)


def _compare(config: Config, *, as_json: bool) -> int:
    from conman.daemon import check  # noqa: PLC0415

    found = check.check(config)
    _print(check.as_json(found) if as_json else check.as_text(found))
    return 1 if found else 0


@main.command("repair")
@_settings
@click.option("--drop", metavar="ID", help="Save this record to a file, then remove it.")
@click.option("--restore", metavar="FILE", help="Take a saved record back, once it is mended.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def _repair(
    outer: Outer,
    config: str | None,
    drop: str | None,
    restore: str | None,
    *,
    yes: bool,
    **flags: str | None,
) -> None:
    """Show the records that cannot be read; put one aside, or take it back.

    Exits 0 when there is none or it is done, 1 when there are some. Records are changed only while no
    daemon holds the data directory.
    """
    if drop and restore:
        raise click.UsageError("--drop and --restore do not go together")
    made = _configured
    end_with(lambda: _mend(made(config, flags, outer), drop, restore, yes=yes))


def _mend(config: Config, drop: str | None, restore: str | None, *, yes: bool) -> int:
    from conman.daemon import repair  # noqa: PLC0415

    if restore:
        return _print(f"{repair.restore(config, restore)} is back; start conmand\n")
    if drop:
        words = (
            f"Remove the record {drop}? Its files go when conmand starts next, unless it is back"
        )
        if not yes and not _confirmed(words):
            return 1
        return _print(f"saved to {repair.drop(config, drop)} and removed\n")
    found = repair.quarantined(config)
    _print("".join(f"{each.id}: {each.why}\n" for each in found) or "nothing is quarantined\n")
    return 1 if found else 0


def _confirmed(words: str) -> bool:
    """Who goes away instead has not said yes."""
    try:
        return click.confirm(words)
    except click.Abort:
        return False


def _print(text: str) -> int:
    """A reader who goes away is no error of ours."""
    with suppress(BrokenPipeError):
        sys.stdout.write(text)
        sys.stdout.flush()
    return 0


def _configured(
    config: str | None, flags: Mapping[str, str | None], outer: Outer = (None, {})
) -> Config:
    """Flags may stand before a command or behind it; those behind are stronger."""
    before, given = outer
    behind = {name: value for name, value in flags.items() if value is not None}
    return configure({**given, **behind}, config or before, os.environ, os.geteuid())
