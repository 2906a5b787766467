"""Descriptors that a shim reads, and what to call when one is readable.

The standard library's selectors would do; but each shim is a fork, and pays for every page of its zygote's
that it writes to, if only to count a reference: a dictionary beside epoll(7) touches few. It must never call
anybody for a descriptor that was taken out.
"""

import select
from _collections_abc import Callable

Callback = Callable[[], None]


class Readers:
    """`wait` gives the callbacks of what is readable, or has ended."""

    __slots__ = ("_callbacks", "_epoll")

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._callbacks: dict[int, Callback] = {}

    def register(self, descriptor: int, callback: Callback) -> None:
        self._epoll.register(descriptor, select.EPOLLIN)
        self._callbacks[descriptor] = callback

    def unregister(self, descriptor: int) -> None:
        """Before it is closed."""
        del self._callbacks[descriptor]
        self._epoll.unregister(descriptor)

    def wait(self, seconds: float | None) -> list[Callback]:
        """None: for as long as it takes."""
        found = self._epoll.poll(seconds)
        return [self._callbacks[descriptor] for descriptor, _ in found]

    def close(self) -> None:
        self._epoll.close()
