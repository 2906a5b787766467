"""One container's slow stop, and whether it delays anybody else's calls: it must not, by anything.

PID 1 of a container ignores TERM where its program does not handle it, so the stop waits for its whole
timeout. Meanwhile another client lists, creates, starts, stops and removes.
"""

import threading
import time

from benchmarks.loads.report import Report, Times
from benchmarks.loads.stage import Client, Conmand, stage, told_to

TIMEOUT_MS = 10_000
#: Of the stop's time, what one call beside it may take: a delayed one takes all that is left of it, and
#: what a busy machine adds is far below.
LONGEST = 0.5


def run(report: Report, scale: float, runtime: str) -> None:
    timeout_ms = max(2_000, round(TIMEOUT_MS * scale))
    with stage(runtime, report) as conmand, conmand.client() as client:
        calm, meanwhile = Times(), Times()
        slow = client.create("slow")
        client.start(slow)
        for number in range(5):
            _live(client, f"calm{number}", calm)
        stopping = threading.Thread(target=_stop, args=(conmand, slow, timeout_ms, report))
        began = time.perf_counter()
        stopping.start()
        lives = 0
        while stopping.is_alive():
            with told_to(report, "a call beside a slow stop"):
                _live(client, f"beside{lives}", meanwhile)
            lives += 1
        took = time.perf_counter() - began
        stopping.join()
        report.must(client.states().get(slow) == "EXITED", "the slow one is not EXITED")
        client.remove(slow)
    _tell(report, calm, meanwhile, took, timeout_ms)


def _tell(report: Report, calm: Times, meanwhile: Times, took: float, timeout_ms: int) -> None:
    report.figure(f"the slow stop, of {timeout_ms / 1000:g} s", f"{took:.2f} s")
    report.must(took >= timeout_ms / 1000, "the slow stop was not slow: nothing was measured")
    calm.into(report, "calm: ")
    meanwhile.into(report, "beside it: ")
    for what in ("list", "create"):
        slowest = meanwhile.slowest(what)
        enough = slowest < timeout_ms / 1000 * LONGEST
        report.must(enough, f"a {what} beside a slow stop took {slowest:.1f} s")


def _stop(conmand: Conmand, container: str, timeout_ms: int, report: Report) -> None:
    with conmand.client() as client, told_to(report, "the slow stop"):
        client.stop(container, timeout_ms)


def _live(client: Client, name: str, times: Times) -> None:
    with times.of("create"):
        container = client.create(name)
    with times.of("list"):
        client.states()
    with times.of("remove"):
        client.remove(container)
