"""Groups of commands that are imported when they are called, and help that shows how each is used.

It exists because importing every command would cost start-up at each prompt. It must never import a command
to complete its name.
"""

import importlib
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from conman.ctl.failure import EXIT_INTERRUPTED, EXIT_UNREAD
from conman.ctl.switches import switched, taught

if TYPE_CHECKING:
    from click.parser import (
        _OptionParser,  # pyright: ignore[reportPrivateUsage] - what click's make_parser returns
    )


def also(names: Sequence[str]) -> str:
    """As help says what else a command is called."""
    return f"{'Alias' if len(names) == 1 else 'Aliases'}: {', '.join(names)}."


class LazyGroup(click.Group):
    """`commands_in`: name to (module, attribute); `aliases`: other names of some of them.

    `sections`: what help lists under a title of its own, before all others.
    """

    def __init__(
        self,
        *args: Any,  # noqa: ANN401 - click's
        commands_in: Mapping[str, tuple[str, str]],
        aliases: Mapping[str, str],
        sections: Mapping[str, Sequence[str]] | None = None,
        **more: Any,  # noqa: ANN401 - click's
    ) -> None:
        super().__init__(*args, **more)
        self._commands_in = commands_in
        self._aliases = aliases
        self._sections = sections or {}

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        """Their names, without importing them."""
        return list(self._commands_in)

    def other_names(self, name: str) -> list[str]:
        """By which a command is known here, too, whichever `name` of it is given."""
        own = self._aliases.get(name, name)
        names = [own, *(alias for alias, meant in self._aliases.items() if meant == own)]
        return [each for each in names if each != name]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        """Import one, by either name."""
        place = self._commands_in.get(self._aliases.get(cmd_name, cmd_name))
        if place is None:
            return None
        command: click.Command = getattr(importlib.import_module(place[0]), place[1])
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does; of docker's options it is said why there are none."""
        words = [*args]
        try:
            rest = super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            raise _unknown(error, ctx) from error
        # What follows a command's name that command judges, with a code of its own.
        _check_text(ctx, words[: len(words) - len(rest)])
        return rest

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does; of others' and of docker's commands it is said where they are, or why there are none."""
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            from conman.ctl.dockers_words import no_such_command

            elsewhere = _elsewhere(ctx.find_root(), error.command_name)
            raise click.UsageError(no_such_command(error.command_name, elsewhere), ctx) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Each with its first sentence, as far as it goes; this imports them all."""
        named = {name for section in self._sections.values() for name in section}
        rest = [name for name in self.list_commands(ctx) if name not in named]
        for title, names in (*self._sections.items(), ("Commands", rest)):
            with formatter.section(title):
                formatter.write_dl(self._told(ctx, names, formatter.width))

    def _told(self, ctx: click.Context, names: Iterable[str], width: int) -> list[tuple[str, str]]:
        room = width - max(map(len, self._commands_in)) - 6
        commands = [(name, self.get_command(ctx, name)) for name in names]
        return [(name, each.get_short_help_str(room)) for name, each in commands if each]

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401 - click's
    ) -> click.Context:
        """As `invoke`: its help is written here."""
        with _ended():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command. Raises click's Exit where it was interrupted, or nobody reads it."""
        with _ended():
            return super().invoke(ctx)


@contextmanager
def _ended() -> Generator[None]:
    """Quietly, before click has words or a code of its own for it."""
    try:
        yield
    except KeyboardInterrupt:
        raise click.exceptions.Exit(EXIT_INTERRUPTED) from None
    except BrokenPipeError:
        # As of a filter whose reader has gone.
        raise click.exceptions.Exit(EXIT_UNREAD) from None


class Verb(click.Command):
    """A command whose `example` is what follows its own name, whatever group it is called in."""

    def __init__(self, *args: Any, example: str = "", **more: Any) -> None:  # noqa: ANN401 - click's
        super().__init__(*args, **more)
        self.example = example

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does, but for switches; of docker's options it is said why there are none."""
        _check_text(ctx, args)
        try:
            return super().parse_args(ctx, switched(self, ctx, args))
        except click.NoSuchOption as error:
            raise _unknown(error, ctx) from error

    def make_parser(self, ctx: click.Context) -> "_OptionParser":
        """Which knows, too, how a flag is turned off."""
        options = [each for each in self.get_params(ctx) if isinstance(each, click.Option)]
        return taught(super().make_parser(ctx), options)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """And by which names it is known in its group, too."""
        super().format_help_text(ctx, formatter)
        group = ctx.parent.command if ctx.parent else None
        others = group.other_names(ctx.info_name or "") if isinstance(group, LazyGroup) else []
        if others:
            formatter.write(f"\n  {also(others)}\n")

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Below everything else, as an epilog would stand."""
        # One line, however long: it is there to be copied.
        formatter.write(f"\n  Example: {ctx.command_path} {self.example}".rstrip() + "\n")


def _check_text(ctx: click.Context, words: Sequence[str]) -> None:
    for word in () if ctx.resilient_parsing else words:
        try:
            _ = word.encode()
        except UnicodeEncodeError as error:
            shown = word.encode(errors="backslashreplace").decode()
            raise click.UsageError(f"{shown} is not UTF-8 text", ctx) from error


def _unknown(error: click.NoSuchOption, ctx: click.Context) -> click.UsageError:
    from conman.ctl.dockers_words import no_such_option

    told = no_such_option(error.option_name, ctx.command.name or "", error.possibilities or ())
    return click.UsageError(told, ctx)


def _elsewhere(root: click.Context, name: str) -> str:
    """The words by which a command is known, in the root or in a group below it."""
    group = root.command
    if not isinstance(group, LazyGroup):
        return ""
    if group.other_names(name) or name in group.list_commands(root):
        return f"{root.info_name} {name}"
    below = group.get_command(root, "container")
    if isinstance(below, LazyGroup) and below.get_command(root, name) is not None:
        return f"{root.info_name} container {name}"
    return ""
