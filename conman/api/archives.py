"""Files of a container as a stream of tar: whose, which, and what is told when they are not there.

The bytes are made by a worker and go through a pipe, so a slow client holds up nobody but it. It must never
look at the host: `Files` does.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from conman.api import fields
from conman.api.views import Submit, view_of
from conman.core.model import Container
from conman.core.requests import ContainerView
from conman.errors import Code, ConmanError, Refusal
from conman.wire.v1 import conman_pb2 as wire


class NotATar(Exception):
    """What came is none; str() is what is wrong with it."""


class Files(Protocol):
    """`conman.daemon.looks.Looks`, as far as it is needed here."""

    def packed(
        self, row: Container, path: str, *, follow_link: bool
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]: ...
    async def unpack(
        self, row: Container, path: str, tar: AsyncIterator[bytes], *, owners: bool
    ) -> None: ...


async def read(
    message: wire.ReadArchiveRequest, submit: Submit, files: Files
) -> AsyncIterator[wire.Archive]:
    """Raises ConmanError."""
    path = _path(message.path)
    view = await view_of(submit, message.container_id)
    row = _row(view)
    try:
        async with files.packed(row, path, follow_link=message.follow_link) as packed:
            offset = 0
            async for data in packed:
                yield wire.Archive(data=data, offset=offset)
                offset += len(data)
    except OSError as error:
        raise ConmanError(_unreadable(view.name, path, error)) from error


async def write(
    messages: AsyncIterator[wire.WriteArchiveRequest], submit: Submit, files: Files
) -> wire.WriteArchiveResponse:
    """Raises ConmanError."""
    first = await anext(messages, wire.WriteArchiveRequest())
    path = _path(first.path)
    view = await view_of(submit, first.container_id)
    try:
        tar = _data(first, messages)
        await files.unpack(_row(view), path, tar, owners=first.keep_owners)
    except OSError as error:
        raise ConmanError(_unwritable(view.name, path, error)) from error
    except NotATar as error:
        what = f"what came is no tar: {error}"
        hint = "send one of files, directories and links"
        raise ConmanError(Refusal(Code.INVALID_ARGUMENT, "BadInput", what, hint, "data")) from error
    return wire.WriteArchiveResponse()


async def _data(
    first: wire.WriteArchiveRequest, others: AsyncIterator[wire.WriteArchiveRequest]
) -> AsyncIterator[bytes]:
    yield first.data
    async for message in others:
        yield message.data


def _row(view: ContainerView) -> Container:
    if view.container is None:
        what = f"the record of container {view.id} cannot be read"
        raise ConmanError(Refusal(Code.FAILED_PRECONDITION, "NoRoot", what, "remove it by force"))
    return view.container


def _path(value: str) -> str:
    if not value:
        fields.bad("path", "no path is named", "give one inside the container")
    return fields.text("path", value)


def _unreadable(name: str, path: str, error: OSError) -> Refusal:
    about = f"{fields.shown(path)} in container {name}"
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        # Also of a link that would lead out: as if the root were "/", there is nothing.
        hint = "name a path from its own /, as its program sees it"
        return Refusal(Code.NOT_FOUND, "NotThere", f"there is no {about}", hint, "path")
    what = f"{about} cannot be read: {error.strerror}"
    return Refusal(Code.FAILED_PRECONDITION, "FilesUnreadable", what, "copy something else", "path")


def _unwritable(name: str, path: str, error: OSError) -> Refusal:
    what = f"{fields.shown(path)} in container {name} cannot be written: {error.strerror}"
    if isinstance(error.filename, str):
        what += f" ({fields.shown(error.filename)})"
    hint = "no link leads out of its root file system, and none is a directory"
    return Refusal(Code.FAILED_PRECONDITION, "NotWritable", what, hint, "path")
