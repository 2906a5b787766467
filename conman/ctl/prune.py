"""`conmanctl prune`: containers that do not run go, after a question.

It must never force: what was started in between stays.
"""

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from conman.ctl import filters as reading
from conman.ctl.failure import EXIT_OK, CommandFailed, Unreachable
from conman.ctl.lazy import Verb
from conman.ctl.output import complain, print_answer, wants_json
from conman.ctl.patience import new_request_id
from conman.ctl.settings import client_of, common_options
from conman.ctl.times import when

if TYPE_CHECKING:
    from conman.ctl.client import Client
    from conman.wire.v1 import conman_pb2 as wire

_QUESTION = "WARNING! This will remove all containers that do not run.\nAre you sure? [y/N] "
#: What somebody else did in between: it is gone, or it runs.
_OVERTAKEN = ("NOT_FOUND", "FAILED_PRECONDITION")


@click.command(cls=Verb, example="--force --filter until=24h")
@click.option("--force", "-f", is_flag=True, help="Do not ask.")
@click.option(
    "--filter",
    "filters",
    metavar="KEY=VALUE",
    multiple=True,
    help="until=24h (created before), label=KEY[=VALUE]; repeatable.",
)
@common_options
@click.pass_context
def prune(ctx: click.Context, *, force: bool, filters: tuple[str, ...]) -> int:
    """Remove all containers that do not run."""
    given = reading.pairs(filters, ("until", "label"))
    before = _before(given["until"])
    if not (force or _is_sure()):
        return EXIT_OK
    client = client_of(ctx)
    found = [one for one in _stopped(client, given["label"]) if one.created_at < before]
    return _remove(ctx, client, found)


def _before(untils: Sequence[str]) -> int:
    now = time.time_ns()
    try:
        return min((when(text, now) for text in untils), default=now)
    except ValueError as error:
        raise click.UsageError(f"--filter until={error}") from error


def _is_sure() -> bool:
    """Raises CommandFailed where nobody answers, which is no No."""
    sys.stdout.write(_QUESTION)
    sys.stdout.flush()
    answer = sys.stdin.readline()
    if not answer:
        sys.stdout.write("\n")
        sys.stdout.flush()
        raise CommandFailed("nothing is removed: nobody answers here; give --force")
    return answer.strip().lower() in {"y", "yes"}


def _stopped(client: "Client", labels: Sequence[str]) -> "Sequence[wire.ContainerSummary]":
    from conman.wire.v1 import conman_pb2 as wire

    chosen = wire.ContainerFilter(states=[wire.CREATED, wire.EXITED], labels=labels)
    request = wire.ListContainersRequest(filter=chosen)
    return client.call("ListContainers", request, wire.ListContainersResponse).containers


def _remove(ctx: click.Context, client: "Client", found: "Sequence[wire.ContainerSummary]") -> int:
    from conman.wire.v1 import conman_pb2 as wire

    exit_code, as_json = EXIT_OK, wants_json(ctx)
    for each in found:
        request = wire.RemoveContainerRequest(request_id=new_request_id(), container_id=each.id)
        try:
            answer = client.call("RemoveContainer", request, wire.RemoveContainerResponse)
        except Unreachable:
            raise
        except CommandFailed as failure:
            if failure.code not in _OVERTAKEN:
                complain(str(failure))
                exit_code = exit_code or failure.exit_code
            continue
        if as_json:
            print_answer(answer)
        else:
            sys.stdout.write(f"{each.id}\n")
            sys.stdout.flush()
    return exit_code
