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
from conman.ctl.template import Template

_STRANGE = re.compile(r"[^\x20-\x7e\n]")


@click.command(cls=Verb, example="--format '{{.status.pid}}' web")
@click.option("--format", "-f", "template", metavar="TEXT", help="As '{{.status.state}}'.")
@many
@common_options
@click.pass_context
def inspect(ctx: click.Context, template: str | None, containers: tuple[str, ...]) -> int:
    """Tell everything about containers, as one JSON array."""
    from conman.ctl.inspect_format import checked, for_people
    from conman.wire.v1 import conman_pb2 as wire

    as_told = tree if wants_json(ctx) else for_people
    wanted = checked(template, wire.InspectContainerResponse) if template else None
    client, exit_code = client_of(ctx), EXIT_OK
    found: list[dict[str, object]] = []
    for each in containers:
        request = wire.InspectContainerRequest(container_id=each)
        try:
            answer = client.call("InspectContainer", request, wire.InspectContainerResponse)
            found.append(as_told(answer))
        except Unreachable:
            raise
        except CommandFailed as failure:
            complain(str(failure))
            exit_code = exit_code or failure.exit_code
    sys.stdout.write(_text(found, wanted, in_lines=wants_json(ctx)))
    sys.stdout.flush()
    return exit_code


def _text(found: list[dict[str, object]], wanted: Template | None, *, in_lines: bool) -> str:
    """`in_lines`: one of JSON for each, else all of them to be read."""
    if wanted is not None:
        text = "".join(f"{wanted.filled(each)}\n" for each in found)
        return visible(text) if sys.stdout.isatty() else text
    if in_lines:
        return "".join(f"{json.dumps(each, separators=(',', ':'))}\n" for each in found)
    return _STRANGE.sub(_escaped, json.dumps(found, indent=4, ensure_ascii=False)) + "\n"


def _escaped(found: "re.Match[str]") -> str:
    """Inside JSON's quotes: what is no letter of any script must not drive a terminal."""
    return found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1]
