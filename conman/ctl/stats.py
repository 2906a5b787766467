"""`conmanctl stats`: what containers use, now and each second again, as docker's users know it.

A share of the processors is the difference of two looks, so the first table comes after the second one. It
must never be what keeps a daemon from being restarted: each look is a question of its own.
"""

import sys
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from conman.ctl.amounts import memory, percent, traffic
from conman.ctl.lazy import Verb
from conman.ctl.names import complete
from conman.ctl.output import print_answer, wants_json
from conman.ctl.row_format import RowFormat, row_format
from conman.ctl.rows import SHORT_ID
from conman.ctl.settings import client_of, common_options
from conman.ctl.table import Column, look_of_stdout, table

if TYPE_CHECKING:
    from conman.ctl.client import Client
    from conman.wire.v1 import conman_pb2 as wire

_EACH_S = 1.0
_ABOVE = "\x1b[H\x1b[J"
#: What --format may name, and what heads it in a table, as docker has it.
TITLES = {
    "Container": "CONTAINER",
    "ID": "CONTAINER ID",
    "Name": "NAME",
    "CPUPerc": "CPU %",
    "MemUsage": "MEM USAGE / LIMIT",
    "MemPerc": "MEM %",
    "NetIO": "NET I/O",
    "BlockIO": "BLOCK I/O",
    "PIDs": "PIDS",
}
_FIELDS = tuple(TITLES)[1:]
_COLUMNS = tuple(Column(TITLES[name], 8 if name == "Name" else 0) for name in _FIELDS)
_NOTHING = "--"


@click.command(cls=Verb, example="--no-stream web")
@click.option("--all", "-a", "everything", is_flag=True, help="Those too that do not run.")
@click.option("--no-stream", is_flag=True, help="Once only.")
@click.option("--no-trunc", is_flag=True, help="Whole ids.")
@click.option("--format", "template", metavar="TEXT", help="As '{{.Name}} {{.CPUPerc}}', or json.")
@click.argument("containers", metavar="[CONTAINER]...", nargs=-1, shell_complete=complete)
@common_options
@click.pass_context
def stats(
    ctx: click.Context,
    *,
    everything: bool,
    no_stream: bool,
    no_trunc: bool,
    template: str | None,
    containers: tuple[str, ...],
) -> None:
    """Show what containers use, each second, until ^C: those that run, or those that are named.

    With -o json: the kernel's own counters, at once.
    """
    from conman.wire.v1 import conman_pb2 as wire

    request = wire.StatsRequest(container_ids=containers, all=everything)
    wanted = row_format(template, TITLES)
    as_json = wants_json(ctx) and wanted is None
    before: dict[tuple[str, int], wire.Usage] = {}
    for number, answer in enumerate(_looks(client_of(ctx, endless=not no_stream), request)):
        if as_json:
            print_answer(answer)
        elif number:
            values = [_values(one, before, whole=no_trunc) for one in answer.containers]
            _print(values, wanted, again=not no_stream)
        before = {(one.container_id, one.run): one.usage for one in answer.containers}
        if no_stream and (as_json or number):
            return


def _looks(client: "Client", request: "wire.StatsRequest") -> "Iterator[wire.StatsResponse]":
    from conman.wire.v1 import conman_pb2 as wire

    while True:
        began = time.monotonic()
        yield client.call("Stats", request, wire.StatsResponse)
        time.sleep(max(began + _EACH_S - time.monotonic(), 0))


def _values(
    one: "wire.ContainerStats", before: "dict[tuple[str, int], wire.Usage]", *, whole: bool
) -> dict[str, str]:
    container_id = one.container_id if whole else one.container_id[:SHORT_ID]
    names = {"Container": container_id, "ID": container_id, "Name": one.name or _NOTHING}
    if not one.HasField("usage"):
        return dict.fromkeys(TITLES, _NOTHING) | names
    now = one.usage
    then = before.get((one.container_id, one.run), now)
    return names | {
        "CPUPerc": percent(max(now.cpu_ns - then.cpu_ns, 0), now.at - then.at),
        "MemUsage": f"{memory(now.memory_bytes)} / {memory(now.memory_limit_bytes)}",
        "MemPerc": percent(now.memory_bytes, now.memory_limit_bytes),
        "NetIO": f"{traffic(now.received_bytes)} / {traffic(now.sent_bytes)}",
        "BlockIO": f"{traffic(now.read_bytes)} / {traffic(now.written_bytes)}",
        "PIDs": str(now.pids),
    }


def _print(values: Sequence[dict[str, str]], wanted: RowFormat | None, *, again: bool) -> None:
    if wanted is not None:
        lines = wanted.lines(values)
    else:
        rows = [[each[name] for name in _FIELDS] for each in values]
        lines = table(_COLUMNS, rows, look_of_stdout())
    above = _ABOVE if again and sys.stdout.isatty() else ""
    sys.stdout.write(above + "".join(f"{line}\n" for line in lines))
    sys.stdout.flush()
