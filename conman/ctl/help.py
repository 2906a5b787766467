"""`conmanctl help`: what --help says, where docker's users ask for it, too."""

import click

from conman.ctl.lazy import LazyGroup, Verb


@click.command("help", cls=Verb, example="run")
@click.argument("words", nargs=-1, metavar="[COMMAND]...")
@click.pass_context
def help_(ctx: click.Context, words: tuple[str, ...]) -> None:
    """Print help, of all or of one command."""
    context = ctx.find_root()
    for word in words:
        context = _below(context, word)
    click.echo(context.get_help())


def _below(context: click.Context, word: str) -> click.Context:
    """Raises click's UsageError."""
    group = context.command
    if not isinstance(group, LazyGroup):
        raise click.UsageError(f"{context.command_path} has no commands below it", context)
    _, command, _ = group.resolve_command(context, [word])
    if command is None:
        raise click.UsageError(f"No such command {word!r}", context)
    return click.Context(command, info_name=word, parent=context, **command.context_settings)
