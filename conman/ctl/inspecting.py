"""`conmanctl inspect`: all that conmand knows of containers, as JSON to read."""

import json
import re
import sys

import click

from conman.ctl.failure import EXIT_OK, CommandFailed, Unreachable, visible
from conman.ctl.lazy import Verb
from conman.ctl.names import many
from conman.ctl.output import complain, tree, wants_json
from conman.ctl.settings import client_of, common_options
from conman.ctl.template import looked_up

_STRANGE = re.compile(r"[^\x20-\x7e\n]")


@click.command(cls=Verb, example="--format '{{.status.pid}}' web")
@click.option("--format", "-f", "template", metavar="TEXT", help="As '{{.status.state}}'.")
@many
@common_options
@click.pass_context
def inspect(ctx: click.Context, template: str | None, containers: tuple[str, ...]) -> int:
    """Tell everything about containers, as one JSON array."""
    from conman.wire.v1 import conman_pb2 as wire

    client, exit_code = client_of(ctx), EXIT_OK
    found: list[dict[str, object]] = []
    for each in containers:
        request = wire.InspectContainerRequest(container_id=each)
        try:
            answer = client.call("InspectContainer", request, wire.InspectContainerResponse)
            found.append(tree(answer))
        except Unreachable:
            raise
        except CommandFailed as failure:
            complain(str(failure))
            exit_code = exit_code or failure.exit_code
    if template:
        text = "".join(f"{looked_up(template, each)}\n" for each in found)
        text = visible(text) if sys.stdout.isatty() else text
    elif wants_json(ctx):
        text = "".join(f"{json.dumps(each, separators=(',', ':'))}\n" for each in found)
    else:
        text = _STRANGE.sub(_escaped, json.dumps(found, indent=4, ensure_ascii=False)) + "\n"
    sys.stdout.write(text)
    sys.stdout.flush()
    return exit_code


def _escaped(found: "re.Match[str]") -> str:
    """Inside JSON's quotes: what is no letter of any script must not drive a terminal."""
    return found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1]
