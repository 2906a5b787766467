"""Several soaks at once, each on a host of its own, as one run: its threads, its totals, its end.

The first violation of one stops all of them; so does a ^C. It must never come back while one still goes on.
"""

import signal
from collections.abc import Generator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager

from scenarios.soak.serving import Over
from scenarios.soak.soak import Soak, Terms
from scenarios.soak.totals import Totals
from scenarios.violation import Violation, failure


def seeds(seed: int, hosts: int) -> range:
    """One of each host."""
    return range(seed, seed + hosts)


def run(soaks: Sequence[Soak]) -> list[tuple[Soak, Violation]]:
    """Who found what. Raises KeyboardInterrupt, when all have stopped."""
    with ThreadPoolExecutor(len(soaks)) as pool:
        running = list[Future[None]]()
        try:
            with _held() as came:
                running += [pool.submit(one.run) for one in soaks]
            if came:
                raise KeyboardInterrupt
            wait(running, return_when=FIRST_EXCEPTION)
        finally:
            for one in soaks:
                one.stop()
    found = [(soak, _violation(one)) for soak, one in zip(soaks, running, strict=True)]
    return [(soak, violation) for soak, violation in found if violation is not None]


@contextmanager
def _held() -> Generator[list[int]]:
    """Signals that came meanwhile: one in the middle of a thread's start would leave a thread that nobody joins."""
    came = list[int]()
    before = {
        number: signal.signal(number, lambda number, _frame: came.append(number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield came
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
