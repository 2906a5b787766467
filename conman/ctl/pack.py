"""Files of this side as a tar in pieces, made while they are sent: no more of it in memory than a piece.

It must never pass half a tar for a whole one: what cannot be read ends it with an exception.
"""

import os
import tarfile
import threading
from collections.abc import Iterator

_PIECE = 256 * 1024


def packed(source: str, *, follow_link: bool) -> Iterator[bytes]:
    """What is at `source`, below its own name; with a final "/." below none. Raises OSError."""
    name = "." if source.endswith("/.") else os.path.basename(os.path.abspath(source)) or "."
    # A final slash means what a link leads to, as everywhere.
    path = os.path.realpath(source) if follow_link or source.endswith(("/", "/.")) else source
    yield from _piped(_Packing(path, name))


class _Packing(threading.Thread):
    """Writes into a pipe."""

    def __init__(self, path: str, name: str) -> None:
        super().__init__(daemon=True)
        self._path, self._name = path, name
        self.reader, self._writer = os.pipe()
        self.failure: OSError | None = None

    def run(self) -> None:
        try:
            with (
                os.fdopen(self._writer, "wb", buffering=_PIECE) as out,
                tarfile.open(fileobj=out, mode="w|", format=tarfile.PAX_FORMAT) as tar,
            ):
                tar.add(self._path, self._name, filter=_copied)
        except OSError as error:
            self.failure = error


def _piped(packing: _Packing) -> Iterator[bytes]:
    packing.start()
    with os.fdopen(packing.reader, "rb", buffering=0) as reader:
        while piece := reader.read(_PIECE):
            yield piece
    packing.join()
    if packing.failure is not None:
        raise packing.failure


def _copied(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Files, also by a second name, directories and symbolic links."""
    copied = member.isreg() or member.islnk() or member.isdir() or member.issym()
    return member if copied else None
