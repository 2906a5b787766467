"""`conmanctl container create`: many options, one request.

What the options are is `create_options`'; here is what stands after them. It must never judge a value
that conmand judges.
"""

from collections.abc import Sequence

import click

from conman.ctl.create_options import create_options, request_of
from conman.ctl.lazy import Verb
from conman.ctl.output import complain, say, wants_json
from conman.ctl.patience import new_request_id
from conman.ctl.settings import client_of, common_options


@click.command(
    cls=Verb,
    # -h is the host name, as docker has it.
    context_settings={"allow_interspersed_args": False, "help_option_names": ["--help"]},
    example="--rootfs ./rootfs -e A=1 web -- sleep 100",
)
@create_options
@click.argument("name", required=False)
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="[--] COMMAND [ARG]...")
@common_options
@click.pass_context
def create(ctx: click.Context, name: str | None, command: tuple[str, ...]) -> None:
    """Prepare a container from a directory; it does not run yet.

    Options stand before NAME, all after COMMAND is the program's. Those that may be given
    several times add up.
    """
    from conman.wire.v1 import conman_pb2 as wire

    request = request_of(ctx, name, program_of(command))
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
