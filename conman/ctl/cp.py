"""`conmanctl cp`: files out of a container and into it, by the rules of cp and docker.

What is on the container's side conmand looks up, within its root; here is what is on this side. It must never
leave a person in doubt about which side is which.
"""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from conman.ctl.failure import CommandFailed
from conman.ctl.lazy import Verb
from conman.ctl.settings import client_of, common_options

if TYPE_CHECKING:
    from conman.ctl.client import Client
    from conman.wire.v1 import conman_pb2 as wire


@click.command(cls=Verb, example="web:/etc/hosts .")
@click.option("--archive", "-a", is_flag=True, help="Keep owners.")
@click.option("--follow-link", "-L", is_flag=True, help="Of a link, what it leads to.")
@click.argument("source", metavar="CONTAINER:SOURCE")
@click.argument("target", metavar="TARGET|-")
@common_options
@click.pass_context
def cp(ctx: click.Context, *, archive: bool, follow_link: bool, source: str, target: str) -> None:
    """Copy files out of a container; -: as a tar to stdout.

    Into TARGET if it is a directory, else under that name. SOURCE/. is what is in a directory.
    """
    from conman.wire.v1 import conman_pb2 as wire

    container, path = _named(source)
    request = wire.ReadArchiveRequest(container_id=container, path=path, follow_link=follow_link)
    pieces = _pieces(client_of(ctx), request)
    if target == "-":
        _to_stdout(pieces)
        return
    from conman.ctl.unpack import unpack

    try:
        unpack(pieces, target, owners=archive)
    except OSError as error:
        where = error.filename or target
        raise CommandFailed(f"{where} cannot be written: {error.strerror}") from error


def _named(source: str) -> tuple[str, str]:
    """As docker reads it: what begins with . or / is a path here."""
    container, colon, path = source.partition(":")
    if source.startswith((".", "/")) or not colon or not container:
        raise click.UsageError(f"{source} names no container: give CONTAINER:PATH")
    return container, path or "/"


def _pieces(client: "Client", request: "wire.ReadArchiveRequest") -> Iterator[bytes]:
    from conman.wire.v1 import conman_pb2 as wire

    seen = 0
    for archive in client.stream("ReadArchive", request, wire.Archive):
        if archive.offset != seen:
            raise CommandFailed(
                "conmand ended in the middle of it: what is here is a part, copy again"
            )
        seen += len(archive.data)
        yield archive.data


def _to_stdout(pieces: Iterator[bytes]) -> None:
    if sys.stdout.isatty():
        raise click.UsageError(
            "a tar is nothing for a terminal: lead stdout to a file or a program"
        )
    for piece in pieces:
        sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()
