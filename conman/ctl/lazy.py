"""Groups of commands that are imported when they are called, and help that shows how each is used.

It exists because importing every command would cost start-up at each prompt. It must never import a command
to complete its name.
"""

import importlib
from collections.abc import Mapping
from typing import Any

import click

from conman.ctl.failure import EXIT_INTERRUPTED


class LazyGroup(click.Group):
    """`commands_in`: name to (module, attribute); `aliases`: other names of some of them."""

    def __init__(
        self,
        *args: Any,  # noqa: ANN401 - click's
        commands_in: Mapping[str, tuple[str, str]],
        aliases: Mapping[str, str],
        **more: Any,  # noqa: ANN401 - click's
    ) -> None:
        super().__init__(*args, **more)
        self._commands_in = commands_in
        self._aliases = aliases

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        """Their names, without importing them."""
        return list(self._commands_in)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        """Import one, by either name."""
        place = self._commands_in.get(self._aliases.get(cmd_name, cmd_name))
        if place is None:
            return None
        command: click.Command = getattr(importlib.import_module(place[0]), place[1])
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; ^C ends it before click has words for that."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise click.exceptions.Exit(EXIT_INTERRUPTED) from None


class Verb(click.Command):
    """A command whose `example` is what follows its own name, whatever group it is called in."""

    def __init__(self, *args: Any, example: str = "", **more: Any) -> None:  # noqa: ANN401 - click's
        super().__init__(*args, **more)
        self._example = example

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Below everything else, as an epilog would stand."""
        # One line, however long: it is there to be copied.
        formatter.write(f"\n  Example: {ctx.command_path} {self._example}".rstrip() + "\n")
