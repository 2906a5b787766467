"""Who copies into the root of a container; whoever mounts, unmounts or removes it comes first.

A copy is registered before it looks for the root and until it has closed it, so what it has found stays so. A root
that is not mounted is put together as a mount that has no place: it ends with its descriptor, so nothing of it is
left when conmand dies but a work directory, which whoever comes next removes, or the container's removal does. It
must never let two mounts of one upper directory be written to: what they would show of each other is nobody's promise.
"""

import logging
import os
import select
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from threading import Condition, Lock

from conman.core.layout import Layout
from conman.errors import Code, HostError, Refusal
from conman.frozen import frozen
from conman.primitives.steps import MountOverlay, Rename, Result, Step, Unmount
from conman.primitives.trees import remove_tree

_log = logging.getLogger(__name__)

_REVOKED = Refusal(
    Code.FAILED_PRECONDITION,
    "NotWritable",
    "the container was started, stopped or removed while files were copied into it",
    "what came first may be there; copy again",
)


@frozen
class Writing:
    """One copy. `root` is its own until the end, unless `wake` becomes readable."""

    root: int
    wake: int

    def read(self, descriptor: int, most: int) -> bytes:
        """What comes next; b"": nothing any more. Raises HostError when the root is needed, and waits no longer."""
        poll = select.poll()
        for each in (descriptor, self.wake):
            poll.register(each, select.POLLIN)
        if any(ready == self.wake for ready, _ in poll.poll()):
            raise HostError(_REVOKED)
        return os.read(descriptor, most)


class _Together:
    """What those have in common who copy into one container."""

    def __init__(self) -> None:
        self.wake = os.eventfd(0, os.EFD_CLOEXEC)
        self.copies = 0
        self._turn, self._ends = Lock(), ExitStack()
        self._root, self._users = -1, 0

    @contextmanager
    def root(self, put_together: Callable[[], AbstractContextManager[int]]) -> Generator[int]:
        """The same for all: whoever is first puts it together, and it ends with the last."""
        with self._turn:
            if not self._users:
                self._root = self._ends.enter_context(put_together())
            self._users += 1
        try:
            yield self._root
        finally:
            with self._turn:
                self._users -= 1
                if not self._users:
                    self._ends.close()


class Writers:
    """By container's directory: who writes, and who has come first. Any thread may ask.

    `put_together`: opens what an overlay of upper, lower and work directory shows, mounted nowhere.
    """

    def __init__(self, layout: Layout, put_together: Callable[[str, str, str], int]) -> None:
        self._layout = layout
        self._put_together = put_together
        self._changed = Condition()
        self._writers: dict[str, _Together] = {}
        self._claimed: set[str] = set()

    def first(self, perform: Callable[[Step], Result]) -> Callable[[Step], Result]:
        """The same performer; where it mounts, unmounts or removes a root, its writers have ended before."""

        def performed(step: Step) -> Result:
            match step:
                case MountOverlay(target=rootfs) | Unmount(path=rootfs):
                    directory = os.path.dirname(os.path.dirname(rootfs))
                case Rename(source=directory):
                    pass
                case _:
                    return perform(step)
            with self._claim(directory):
                return perform(step)

        return performed

    @contextmanager
    def writing(
        self, container_id: str, lower: str, mounted: Callable[[], int | None]
    ) -> Generator[Writing]:
        """`mounted`: opens the root, if it is mounted. Waits for nobody else's client. Raises OSError."""
        with self._joined(self._layout.container(container_id)) as together:
            root = mounted()
            with (
                together.root(lambda: self._of_parts(container_id, lower))
                if root is None
                else _closed(root) as handle
            ):
                yield Writing(handle, together.wake)

    @contextmanager
    def _of_parts(self, container_id: str, lower: str) -> Generator[int]:
        work = self._layout.work(container_id, 0)
        remove_tree(work)
        os.mkdir(work, 0o700)
        try:
            with _closed(self._put_together(self._layout.upper(container_id), lower, work)) as root:
                yield root
        finally:
            _tidy(work)

    @contextmanager
    def _joined(self, directory: str) -> Generator[_Together]:
        with self._changed:
            self._changed.wait_for(lambda: directory not in self._claimed)
            if directory not in self._writers:
                self._writers[directory] = _Together()
            together = self._writers[directory]
            together.copies += 1
        try:
            yield together
        finally:
            with self._changed:
                together.copies -= 1
                if not together.copies:
                    del self._writers[directory]
                    os.close(together.wake)
                    self._changed.notify_all()

    @contextmanager
    def _claim(self, directory: str) -> Generator[None]:
        with self._changed:
            self._claimed.add(directory)
            if directory in self._writers:
                os.eventfd_write(self._writers[directory].wake, 1)
            self._changed.wait_for(lambda: directory not in self._writers)
        try:
            yield
        finally:
            with self._changed:
                self._claimed.discard(directory)
                self._changed.notify_all()


def _tidy(work: str) -> None:
    """Of the copy nothing depends on it: whoever comes next tries again."""
    try:
        remove_tree(work)
    except OSError as error:
        _log.warning("%s is left for the next copy or its container's removal: %s", work, error)


@contextmanager
def _closed(root: int) -> Generator[int]:
    """In the end."""
    try:
        yield root
    finally:
        os.close(root)
