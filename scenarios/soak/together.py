"""Several soaks at once, each on a host of its own, as one run: its threads, its totals, its end.

The first violation of one stops all of them; so does a ^C. It must never come back while one still goes on.
"""

import signal
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TypeAlias

from scenarios.soak.serving import Over
from scenarios.soak.soak import Soak, Terms
from scenarios.soak.totals import Totals
from scenarios.violation import Violation, failure

#: Soaks that have ended, None for a signal. It may be put to in the middle of its own waiting, as a handler does.
Told: TypeAlias = "SimpleQueue[Future[None] | None]"


def seeds(seed: int, hosts: int) -> range:
    """One of each host."""
    return range(seed, seed + hosts)


def run(soaks: Sequence[Soak], told: Told) -> tuple[list[tuple[Soak, Violation]], bool]:
    """Who found what, and whether a signal has stopped them before their time was over. `told`: of `signals`."""
    with ThreadPoolExecutor(len(soaks)) as pool:
        running = [pool.submit(one.run) for one in soaks]
        for one in running:
            one.add_done_callback(told.put)
        is_stopped = _is_stopped(told, len(soaks))
        for soak in soaks:
            soak.stop()
        wait(running)
    found = [(soak, _violation(one)) for soak, one in zip(soaks, running, strict=True)]
    return [(soak, violation) for soak, violation in found if violation is not None], is_stopped


def _is_stopped(told: Told, soaks: int) -> bool:
    """By a signal, not because all of them have ended, or one has failed."""
    for _ in range(soaks):
        ended = told.get()
        if ended is None:
            return True
        if ended.exception() is not None:
            break
    return False


@contextmanager
def signals() -> Generator[Told]:
    """Those that come meanwhile only stop what runs: elsewhere one would leave a thread that nobody joins, or
    what was found untold.
    """
    told: Told = SimpleQueue()

    def comes(_number: int, _frame: object) -> None:
        told.put(None)

    before = {number: signal.signal(number, comes) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _violation(ended: Future[None]) -> Violation | None:
    error = ended.exception()
    if error is None or isinstance(error, Over):
        return None
    return error if isinstance(error, Violation) else Violation("stage", failure("the soak", error))


def totals(terms: Terms, soaks: Sequence[Soak]) -> Totals:
    """Of all of them, by now."""
    told = {"seed": terms.seed, "runtime": terms.runtime, "clients": terms.clients}
    joined = Totals({**told, "hosts": len(soaks)})
    for one in soaks:
        joined.add(one.totals)
    return joined
