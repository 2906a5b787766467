"""Descriptors that a shim waits for, and what to call when one has something, has room, or has ended.

The standard library's selectors would do; but each shim is a fork, and pays for every page of its zygote's
that it writes to, if only to count a reference: a dictionary beside epoll(7) touches few. It must never call
anybody for a descriptor that was taken out.
"""

import select
from _collections_abc import Callable

Callback = Callable[[], None]

#: What was set aside is looked at again after so long: no event tells that there is room.
_ASIDE_S = 0.1


class Readers:
    """`wait` gives the callbacks of what is ready, or has ended."""

    __slots__ = ("_aside", "_callbacks", "_epoll", "_masks")

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._callbacks: dict[int, Callback] = {}
        #: Of those that are not simply read.
        self._masks: dict[int, int] = {}
        self._aside: list[int] = []

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

    def set_aside(self, descriptor: int) -> None:
        """What there is to read cannot be taken now: it is left there during the next wait, which is short."""
        self.pause(descriptor, paused=True)
        self._aside.append(descriptor)

    def unregister(self, descriptor: int) -> None:
        """Before it is closed."""
        if descriptor in self._aside:
            self._aside.remove(descriptor)
        del self._callbacks[descriptor]
        self._masks.pop(descriptor, None)
        self._epoll.unregister(descriptor)

    def wait(self, seconds: float | None) -> list[Callback]:
        """None: for as long as it takes."""
        if self._aside:
            seconds = _ASIDE_S if seconds is None else min(seconds, _ASIDE_S)
        found = self._epoll.poll(seconds)
        while self._aside:
            self.pause(self._aside.pop(), paused=False)
        return [self._callbacks[descriptor] for descriptor, _ in found]

    def close(self) -> None:
        self._epoll.close()

    def _change(self, descriptor: int, flag: int, *, wanted: bool) -> None:
        before = self._masks.get(descriptor, select.EPOLLIN)
        mask = before | flag if wanted else before & ~flag
        if mask != before:
            self._epoll.modify(descriptor, mask)
            self._masks[descriptor] = mask
