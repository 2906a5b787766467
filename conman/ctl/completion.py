"""`conmanctl completion SHELL`: the script that has a shell complete commands, options and containers."""

import sys

import click

from conman.ctl.lazy import Verb

_VARIABLE = "_CONMANCTL_COMPLETE"


@click.command(cls=Verb, example="bash > /etc/bash_completion.d/conmanctl")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print what makes a shell complete conmanctl's commands, options and containers.

    bash: source <(conmanctl completion bash)

    zsh: source <(conmanctl completion zsh)

    fish: conmanctl completion fish | source
    """
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"{shell} is not known here")
    made = kind(ctx.find_root().command, {}, "conmanctl", _VARIABLE)
    # Not `source()`: that runs the shell, to warn of its version.
    sys.stdout.write(f"{made.source_template % made.source_vars()}\n")
    sys.stdout.flush()
