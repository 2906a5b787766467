"""Several containers at a time: what takes long for each takes no longer for all.

It must never print, nor let a call that hangs hold up the end of the command: whoever is interrupted leaves
the calls where they are.
"""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

Answer = TypeVar("Answer")

#: More than conmand can do at a time, and few enough connections.
_MOST = 32


@contextmanager
def begun(
    ask: Callable[[str], Answer], names: Sequence[str]
) -> Generator[Sequence[Callable[[], Answer]]]:
    """For each name what waits for its answer, or raises what `ask` raised."""
    if len(names) == 1:
        yield [partial(ask, names[0])]
        return
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(min(len(names), _MOST))
    try:
        yield [pool.submit(ask, each).result for each in names]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
