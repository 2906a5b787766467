"""`conmanctl container create`: many options, one request.

What the options are is `create_options`'; here is what stands after them. It must never judge a value
that conmand judges.
"""

from collections.abc import Sequence

import click

from conman.ctl.create_options import NO_COMMAND, create_options, request_of
from conman.ctl.lazy import Verb
from conman.ctl.output import complain, say, wants_json
from conman.ctl.patience import new_request_id
from conman.ctl.settings import client_of, common_options

_BOTH = "NAME and COMMAND are needed, and that is one word; give `NAME COMMAND`, or --name NAME before it"


@click.command(
    cls=Verb,
    # -h is the host name, as docker has it.
    context_settings={"allow_interspersed_args": False, "help_option_names": ["--help"]},
    example="--rootfs ./rootfs -e A=1 web -- sleep 100",
)
@click.option("--name", "named", metavar="NAME", help="Then all words are COMMAND's.")
@create_options
@click.argument("name", required=False)
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="[--] COMMAND [ARG]...")
@common_options
@click.pass_context
def create(
    ctx: click.Context, *, named: str | None, name: str | None, command: tuple[str, ...]
) -> None:
    """Prepare a container from a directory; it does not run yet.

    The first word is its NAME, unless --name gives that. Options stand before it, all after
    COMMAND is the program's. Those that may be given several times add up.
    """
    from conman.wire.v1 import conman_pb2 as wire

    if named is not None:
        words = command if name is None else (name, *command)
        request = request_of(ctx, named, words)
    else:
        lacking = f"{name}: {_BOTH}" if name else NO_COMMAND
        request = request_of(ctx, name, program_of(command), lacking=lacking)
    request.request_id = new_request_id()
    client = client_of(ctx)
    answer = client.call("CreateContainer", request, wire.CreateContainerResponse)
    for warning in () if wants_json(ctx) else answer.warnings:
        complain(f"warning: {warning}")
    say(ctx, answer, lambda: answer.container_id)


def program_of(command: Sequence[str]) -> Sequence[str]:
    """The words after a name, with or without `--`. Raises click's UsageError."""
    words = command[1:] if command[:1] == ("--",) else command
    if words and words[0].startswith("-") and words is command:
        raise click.UsageError(f"{words[0]} stands after NAME: options go before it")
    return words
