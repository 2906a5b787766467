"""`conmanctl logs`: what a container's program wrote, byte for byte.

It must never lose or repeat a byte: it goes on after the last position that it was told, whatever becomes of
conmand. Nor may it change one, but for the times that it was asked to put before lines.
"""

import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from conman.ctl.lazy import Verb
from conman.ctl.names import one
from conman.ctl.output import complain, print_answer, wants_json
from conman.ctl.settings import client_of, common_options
from conman.ctl.times import NS, utc, when

if TYPE_CHECKING:
    from typing import BinaryIO

    from conman.ctl.client import Client
    from conman.wire.v1 import conman_pb2 as wire

_GAP = (
    "a part of the log was removed by its rotation before it could be read here;"
    " create the container with a larger --log-opt max-size, or with more files"
)


#: Of lines: no number of them.
ALL = -1


class Lines(click.ParamType[int]):
    """A number of lines, or all."""

    name = "lines"

    def convert(
        self, value: str | int, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Raises click's usage error."""
        if value in ("all", "-1", ALL):
            return ALL
        if not (isinstance(value, int) or (value.isascii() and value.isdigit())):
            self.fail(f"{value!r} is no number of lines: give 0 or more, or all", param, ctx)
        return min(int(value), 2**63 - 1)


@click.command(cls=Verb, example="-f --tail 100 web")
@click.option("--follow", "-f", is_flag=True, help="Go on with what comes, until it has ended.")
@click.option("--tail", "-n", type=Lines(), metavar="N|all", help="The last N lines only [all].")
@click.option("--since", metavar="WHEN", help="From then on: 10m, 2026-01-31T12:00:00Z.")
@click.option("--until", metavar="WHEN", help="Up to then.")
@click.option("--timestamps", "-t", is_flag=True, help="When each line was written, before it.")
@click.option("--stdout", is_flag=True, help="Its stdout only.")
@click.option("--stderr", is_flag=True, help="Its stderr only.")
@one
@common_options
@click.pass_context
def logs(
    ctx: click.Context,
    *,
    follow: bool,
    tail: int | None,
    since: str | None,
    until: str | None,
    timestamps: bool,
    stdout: bool,
    stderr: bool,
    container: str,
) -> None:
    """Print what a container's program wrote: its stdout to stdout, its stderr to stderr.

    Goes on through a restart of conmand, and misses nothing. As JSON: one object for what
    was written at one moment, its bytes in base64.
    """
    from conman.wire.v1 import conman_pb2 as wire

    now = time.time_ns()
    first, last = _span(since, until, now)
    request = wire.LogsRequest(
        container_id=container,
        follow=follow and (last is None or last > now),
        since=first,
        until=last,
        tail=None if tail == ALL else tail,
        stdout=stdout,
        stderr=stderr,
    )
    # Nobody ends a stream that is silent, but the moment up to which it was wanted.
    limit_s = (last - now) / NS if request.follow and last is not None else None
    printer = None if wants_json(ctx) else Printer(timestamps=timestamps)
    print_log(client_of(ctx, endless=True), request, printer, limit_s)


def print_log(
    client: "Client",
    request: "wire.LogsRequest",
    printer: "Printer | None",
    limit_s: float | None = None,
) -> None:
    """What is asked for, over any number of conmands; without a printer as JSON."""
    from conman.wire.v1 import conman_pb2 as wire

    for answer in client.stream("Logs", request, wire.LogsResponse, limit_s):
        # What a broken stream goes on after.
        request.position = answer.position
        if answer.gap:
            complain(_GAP)
        for chunk in answer.chunks:
            if printer is None:
                print_answer(chunk)
            else:
                printer.write(chunk)
        if printer is not None:
            printer.flush()


def _span(since: str | None, until: str | None, now: int) -> tuple[int, int | None]:
    try:
        return when(since, now) if since else 0, when(until, now) if until else None
    except ValueError as error:
        raise click.UsageError(str(error)) from error


@dataclass(slots=True)
class Printer:
    """Each stream to its own, as it is. `timestamps`: a time before each line, not before its parts."""

    timestamps: bool
    _goes_on: dict[str, bool] = field(default_factory=dict[str, bool])

    def write(self, chunk: "wire.LogChunk") -> None:
        content = self._stamped(chunk) if self.timestamps else chunk.content
        self._goes_on[chunk.stream] = chunk.partial
        self._to(chunk.stream).write(content)

    def flush(self) -> None:
        for stream in self._goes_on:
            self._to(stream).flush()

    def _stamped(self, chunk: "wire.LogChunk") -> bytes:
        head = f"{utc(chunk.time)} ".encode()
        lines, last = chunk.content[:-1], chunk.content[-1:]
        first = b"" if self._goes_on.get(chunk.stream) else head
        return first + lines.replace(b"\n", b"\n" + head) + last

    @staticmethod
    def _to(stream: str) -> "BinaryIO":
        return sys.stderr.buffer if stream == "stderr" else sys.stdout.buffer
