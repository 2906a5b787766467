"""Many clients at once: each makes, starts, lists, stops and removes containers, one after the other.

No call may fail, nothing may be left, and what a client has started must be in the list that it gets.
"""

import time

from benchmarks.loads.report import Progress, Report, Times
from benchmarks.loads.stage import Client, at_once, stage, told_to

CLIENTS = 16
LIVES = 200


def run(report: Report, scale: float, runtime: str, clients: int = CLIENTS) -> None:
    lives = max(1, round(LIVES * scale))
    progress, times = Progress("clients", clients * lives), Times()

    def work(number: int, client: Client) -> None:
        for life in range(lives):
            with told_to(report, "a life"):
                _live(client, f"c{number}-{life}", times, report)
            progress.step()

    with stage(runtime, report) as conmand:
        began = time.perf_counter()
        at_once(clients, conmand, work)
        took = time.perf_counter() - began
    total = clients * lives
    report.figure(f"{clients} clients x {lives} containers on {runtime}", f"{took:.1f} s")
    report.figure("whole lives a second", f"{total / took:.1f}")
    times.into(report)


def _live(client: Client, name: str, times: Times, report: Report) -> None:
    with times.of("create"):
        container = client.create(name)
    with times.of("start"):
        client.start(container)
    with times.of("list"):
        states = client.states()
    report.must(states.get(container) == "RUNNING", "a started container is not listed as RUNNING")
    with times.of("stop (KILL)"):
        client.stop(container)
    with times.of("remove"):
        client.remove(container)
