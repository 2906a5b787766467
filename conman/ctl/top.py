"""`conmanctl top`: the processes of a container, in the columns of `ps -ef`. Users by the names of this host."""

import sys
import time
from typing import TYPE_CHECKING

import click

from conman.ctl.lazy import Verb
from conman.ctl.names import one
from conman.ctl.output import print_answer, wants_json
from conman.ctl.settings import client_of, common_options
from conman.ctl.table import Column, look_of_stdout, table
from conman.ctl.times import NS

if TYPE_CHECKING:
    from conman.wire.v1 import conman_pb2 as wire

_COLUMNS = (
    Column("UID"),
    Column("PID"),
    Column("PPID"),
    Column("C"),
    Column("STIME"),
    Column("TTY"),
    Column("TIME"),
    Column("CMD", 10),
)
_DAY_S = 24 * 3600


@click.command(cls=Verb, example="web")
@one
@common_options
@click.pass_context
def top(ctx: click.Context, container: str) -> None:
    """List the processes of a container, by their pids on the host."""
    from conman.wire.v1 import conman_pb2 as wire

    request = wire.TopRequest(container_id=container)
    answer = client_of(ctx).call("Top", request, wire.TopResponse)
    if wants_json(ctx):
        print_answer(answer)
        return
    now = time.time_ns()
    rows = [_row(process, now) for process in answer.processes]
    sys.stdout.write("".join(f"{line}\n" for line in table(_COLUMNS, rows, look_of_stdout())))
    sys.stdout.flush()


def _row(process: "wire.Process", now: int) -> list[str]:
    return [
        _user(process.uid),
        str(process.pid),
        str(process.ppid),
        str(100 * process.cpu_ns // max(now - process.started_at, 1)),
        _began(process.started_at, now),
        process.tty or "?",
        _clock(process.cpu_ns),
        process.command,
    ]


def _user(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _began(at: int, now: int) -> str:
    """As ps has it: the time of today, or the day."""
    pattern = "%H:%M" if (now - at) // NS < _DAY_S else "%b%d"
    return time.strftime(pattern, time.localtime(at // NS))


def _clock(cpu_ns: int) -> str:
    minutes, seconds = divmod(cpu_ns // NS, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
