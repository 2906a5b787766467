"""Descriptors that a shim waits for, and what to call when one has something, has room, or has ended.

The standard library's selectors would do; but each shim is a fork, and pays for every page of its zygote's
that it writes to, if only to count a reference: a dictionary beside epoll(7) touches few. It must never call
anybody for a descriptor that was taken out.
"""

import select
from _collections_abc import Callable

Callback = Callable[[], None]


class Readers:
    """`wait` gives the callbacks of what is ready, or has ended."""

    __slots__ = ("_callbacks", "_epoll", "_masks")

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._callbacks: dict[int, Callback] = {}
        #: Of those that are not simply read.
        self._masks: dict[int, int] = {}

    def register(self, descriptor: int, callback: Callback) -> None:
        """It is read from, for now."""
        self._epoll.register(descriptor, select.EPOLLIN)
        self._callbacks[descriptor] = callback

    def register_writer(self, descriptor: int, callback: Callback) -> None:
        """It is called for when it can be written to, or nobody reads it any more."""
        self._epoll.register(descriptor, select.EPOLLOUT)
        self._callbacks[descriptor] = callback
        self._masks[descriptor] = select.EPOLLOUT

    def await_room(self, descriptor: int, *, awaited: bool) -> None:
        """Whether it is called for, too, when it can be written to."""
        self._change(descriptor, select.EPOLLOUT, wanted=awaited)

    def pause(self, descriptor: int, *, paused: bool) -> None:
        """Whether what there is to read is left there."""
        self._change(descriptor, select.EPOLLIN, wanted=not paused)

    def unregister(self, descriptor: int) -> None:
        """Before it is closed."""
        del self._callbacks[descriptor]
        self._masks.pop(descriptor, None)
        self._epoll.unregister(descriptor)

    def wait(self, seconds: float | None) -> list[Callback]:
        """None: for as long as it takes."""
        found = self._epoll.poll(seconds)
        return [self._callbacks[descriptor] for descriptor, _ in found]

    def close(self) -> None:
        self._epoll.close()

    def _change(self, descriptor: int, flag: int, *, wanted: bool) -> None:
        before = self._masks.get(descriptor, select.EPOLLIN)
        mask = before | flag if wanted else before & ~flag
        if mask != before:
            self._epoll.modify(descriptor, mask)
            self._masks[descriptor] = mask
