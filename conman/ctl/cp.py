"""`conmanctl cp`: files out of a container and into it, by the rules of cp and docker.

What is on the container's side conmand looks up, within its root; here is what is on this side. It must never
leave a person in doubt about which side is which.
"""

import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from conman.ctl.failure import CommandFailed
from conman.ctl.lazy import Verb
from conman.ctl.output import never_json
from conman.ctl.settings import client_of, common_options

if TYPE_CHECKING:
    from conman.ctl.client import Client
    from conman.wire.v1 import conman_pb2 as wire

_PIECE = 256 * 1024


@click.command(cls=Verb, example="web:/etc/hosts .")
@click.option("--archive", "-a", is_flag=True, help="Keep owners.")
@click.option("--follow-link", "-L", is_flag=True, help="Of a link, what it leads to.")
@click.argument("source", metavar="[CONTAINER:]SOURCE|-")
@click.argument("target", metavar="[CONTAINER:]TARGET|-")
@common_options
@click.pass_context
def cp(ctx: click.Context, *, archive: bool, follow_link: bool, source: str, target: str) -> None:
    """Copy files out of a container, or into one; -: a tar, on stdout or stdin.

    Into TARGET if it is a directory, else under that name. SOURCE/. is what is in a directory.
    """
    never_json(ctx, "a copy has none")
    theirs, there = _named(source), _named(target)
    if theirs and there:
        raise click.UsageError("from one container to another: copy it here first")
    # Data takes as long as it takes: what is cut off is a part.
    client = client_of(ctx, allowance_s=None)
    if theirs:
        _out(client, theirs, target, owners=archive, follow_link=follow_link)
    elif there:
        _into(client, source, there, owners=archive, follow_link=follow_link)
    else:
        raise click.UsageError(f"neither {source} nor {target} is CONTAINER:PATH")


def _named(given: str) -> tuple[str, str] | None:
    """Container and path, as docker reads it: what begins with . or / is a path here."""
    container, colon, path = given.partition(":")
    if given.startswith((".", "/")) or not colon or not container:
        return None
    return container, path or "/"


def _out(
    client: "Client", theirs: tuple[str, str], target: str, *, owners: bool, follow_link: bool
) -> None:
    from conman.wire.v1 import conman_pb2 as wire

    container, path = theirs
    request = wire.ReadArchiveRequest(container_id=container, path=path, follow_link=follow_link)
    pieces = _told(client, request)
    if target == "-":
        _to_stdout(pieces)
        return
    from conman.ctl.unpack import unpack

    try:
        unpack(pieces, target, owners=owners)
    except OSError as error:
        where = error.filename or target
        raise CommandFailed(f"{where} cannot be written: {error.strerror}") from error


def _told(client: "Client", request: "wire.ReadArchiveRequest") -> Iterator[bytes]:
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


def _into(
    client: "Client", source: str, there: tuple[str, str], *, owners: bool, follow_link: bool
) -> None:
    from conman.ctl.pack import packed
    from conman.wire.v1 import conman_pb2 as wire

    failures: list[OSError] = []

    def requests() -> "Iterator[wire.WriteArchiveRequest]":
        container, path = there
        yield wire.WriteArchiveRequest(container_id=container, path=path, keep_owners=owners)
        pieces = _of_stdin() if source == "-" else packed(source, follow_link=follow_link)
        try:
            for piece in pieces:
                yield wire.WriteArchiveRequest(data=piece)
        except OSError as error:
            # Said below: of an exception grpc would only say that there was one.
            failures.append(error)

    failed: CommandFailed | None = None
    try:
        if source != "-":
            os.lstat(source)
        client.send("WriteArchive", requests(), wire.WriteArchiveResponse)
    except OSError as error:
        failures.append(error)
    except CommandFailed as failure:
        failed = failure
    if failures:
        where = failures[0].filename or source
        raise CommandFailed(f"{where} cannot be read: {failures[0].strerror}")
    if failed is not None:
        raise failed


def _of_stdin() -> Iterator[bytes]:
    while piece := sys.stdin.buffer.read(_PIECE):
        yield piece
