"""Roots of containers that are not mounted, put together to be written to; whoever mounts or removes one comes first.

What is put together is a mount that has no place: it ends with its descriptor, so nothing of it is left when conmand
dies but a work directory, which whoever comes next removes, or the container's removal does. It must never let
two mounts of one upper directory live at once: what they would show of each other is nobody's promise.
"""

import os
import select
from collections.abc import Callable, Generator
from contextlib import contextmanager
from threading import Condition

from conman.core.layout import Layout
from conman.errors import Code, HostError, Refusal
from conman.frozen import frozen
from conman.primitives.steps import MountOverlay, Rename, Result, Step
from conman.primitives.trees import remove_tree

_REVOKED = Refusal(
    Code.FAILED_PRECONDITION,
    "NotWritable",
    "the container was started or removed while files were copied into it",
    "what came first may be there; copy again",
)


@frozen
class Writing:
    """`root` until the end, unless `wake` becomes readable."""

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


class Unmounted:
    """By container's directory: who writes, and who has come first. Any thread may ask.

    `put_together`: opens what an overlay of upper, lower and work directory shows, mounted nowhere.
    """

    def __init__(self, layout: Layout, put_together: Callable[[str, str, str], int]) -> None:
        self._layout = layout
        self._put_together = put_together
        self._changed = Condition()
        self._writers: dict[str, int] = {}
        self._claimed: set[str] = set()

    def first(self, perform: Callable[[Step], Result]) -> Callable[[Step], Result]:
        """The same performer; where it mounts or removes a root, its writer has ended before."""

        def performed(step: Step) -> Result:
            match step:
                case MountOverlay(upper=upper):
                    directory = os.path.dirname(upper)
                case Rename(source=directory):
                    pass
                case _:
                    return perform(step)
            with self._claim(directory):
                return perform(step)

        return performed

    @contextmanager
    def writing(
        self, container_id: str, lower: str, is_mounted: Callable[[], bool]
    ) -> Generator[Writing | None]:
        """None: it is mounted after all. Waits for who writes to the same one. Raises OSError."""
        with self._alone(self._layout.container(container_id)) as wake:
            if is_mounted():
                yield None
                return
            work = self._layout.work(container_id, 0)
            remove_tree(work)
            os.mkdir(work, 0o700)
            try:
                root = self._put_together(self._layout.upper(container_id), lower, work)
                try:
                    yield Writing(root, wake)
                finally:
                    os.close(root)
            finally:
                remove_tree(work)

    @contextmanager
    def _alone(self, directory: str) -> Generator[int]:
        with self._changed:
            self._changed.wait_for(
                lambda: directory not in self._claimed and directory not in self._writers
            )
            self._writers[directory] = wake = os.eventfd(0, os.EFD_CLOEXEC)
        try:
            yield wake
        finally:
            with self._changed:
                del self._writers[directory]
                os.close(wake)
                self._changed.notify_all()

    @contextmanager
    def _claim(self, directory: str) -> Generator[None]:
        with self._changed:
            self._claimed.add(directory)
            if directory in self._writers:
                os.eventfd_write(self._writers[directory], 1)
            self._changed.wait_for(lambda: directory not in self._writers)
        try:
            yield
        finally:
            with self._changed:
                self._claimed.discard(directory)
                self._changed.notify_all()
