"""`conmanctl ps`: containers in a table, as docker's users know it."""

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from conman.ctl import rows
from conman.ctl.filters import container_filter
from conman.ctl.lazy import Verb
from conman.ctl.output import never_json, print_answer, wants_json
from conman.ctl.row_format import RowFormat, row_format
from conman.ctl.settings import client_of, common_options

if TYPE_CHECKING:
    from conman.wire.v1 import conman_pb2 as wire


class _Last(click.IntRange):
    """How many of the latest; -1, as docker has it, is as if it were not given."""

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:  # noqa: ANN401 - click's
        return None if value == "-1" else super().convert(value, param, ctx)


@click.command(cls=Verb, example="--filter label=app=shop --format '{{.Names}} {{.Status}}'")
@click.option("--all", "-a", "everything", is_flag=True, help="Those too that do not run.")
@click.option("--quiet", "-q", is_flag=True, help="Ids only.")
@click.option("--last", "-n", type=_Last(1), help="The N that were created last, all states.")
@click.option("--latest", "-l", is_flag=True, help="The one that was created last.")
@click.option("--no-trunc", is_flag=True, help="Whole ids and commands.")
@click.option(
    "--filter",
    "-f",
    "filters",
    metavar="KEY=VALUE",
    multiple=True,
    help="id, name, label, status or exited; repeatable.",
)
@click.option("--format", "template", metavar="TEXT", help="As '{{.ID}} {{.Names}}', or json.")
@common_options
@click.pass_context
def ps(
    ctx: click.Context,
    *,
    everything: bool,
    quiet: bool,
    last: int | None,
    latest: bool,
    no_trunc: bool,
    filters: tuple[str, ...],
    template: str | None,
) -> None:
    """List containers that run or are about to, newest first; UNKNOWN ones too."""
    from conman.wire.v1 import conman_pb2 as wire

    if quiet:
        never_json(ctx, "-q shows ids")
    chosen, wanted = container_filter(filters), row_format(template, rows.TITLES)
    count = 1 if latest else last
    # Of themselves those that run or are about to, and those that nobody can vouch for.
    if not (everything or count or chosen.states or chosen.restarting or chosen.exit_codes):
        chosen.states.extend((wire.RUNNING, wire.PAUSED, wire.UNKNOWN))
        chosen.restarting = True
    request = wire.ListContainersRequest(filter=chosen, detailed=True)
    answer = client_of(ctx).call("ListContainers", request, wire.ListContainersResponse)
    newest = list(reversed(answer.containers))[:count]
    if wants_json(ctx) and wanted is None:
        print_answer(wire.ListContainersResponse(containers=newest))
    else:
        _print(_lines(newest, quiet=quiet, whole=no_trunc, wanted=wanted))


def _lines(
    containers: "Sequence[wire.ContainerSummary]",
    *,
    quiet: bool,
    whole: bool,
    wanted: RowFormat | None,
) -> Sequence[str]:
    now = time.time_ns()
    if quiet:
        return [one.id if whole else one.id[: rows.SHORT_ID] for one in containers]
    if wanted is None:
        return rows.container_table(containers, now, whole=whole)
    values = [rows.values(one, now, whole=whole) for one in containers]
    return wanted.lines(values, [rows.colour(one) for one in containers])


def _print(lines: Sequence[str]) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()
