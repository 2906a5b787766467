"""A thousand containers that run, on stand-ins: start, list, kill -9 of conmand, restart, remove.

After the restart the first answer must be right: every one of them RUNNING. What a shim costs is its
share of memory among all of them.
"""

import signal
import time

from benchmarks.loads.process import proportional_mib, size
from benchmarks.loads.report import Progress, Report, Times
from benchmarks.loads.stage import Client, Conmand, at_once, dealt, stage, told_to
from scenarios.stages.census import census

CONTAINERS = 1000
HANDS = 4
LISTS = 20


def run(report: Report, scale: float, runtime: str) -> None:
    count = max(HANDS, round(CONTAINERS * scale))
    with stage(runtime, report) as conmand:
        _begin_all(conmand, count, report)
        _list(conmand, count, report, "before the restart")
        _weigh(conmand, count, report)
        _restart(conmand, count, report)
        _list(conmand, count, report, "after the restart")
        _remove_all(conmand, report)


def _begin_all(conmand: Conmand, count: int, report: Report) -> None:
    progress = Progress("thousand: create + start", count)
    names = dealt((f"c{number}" for number in range(count)), HANDS)

    def work(hand: int, client: Client) -> None:
        for name in names[hand]:
            with told_to(report, "create + start"):
                client.start(client.create(name))
            progress.step()

    began = time.perf_counter()
    at_once(HANDS, conmand, work)
    _each(report, f"create + start, {HANDS} clients", count, time.perf_counter() - began)


def _list(conmand: Conmand, count: int, report: Report, when: str) -> None:
    times = Times()
    with conmand.client() as client:
        client.version()
        for _ in range(LISTS):
            with times.of(f"Version {when}"):
                client.version()
            with times.of(f"list of {count} {when}"):
                states = client.states()
            running = [*states.values()].count("RUNNING")
            report.must(running == count, f"{running} of {count} are RUNNING {when}")
    times.into(report)


def _weigh(conmand: Conmand, count: int, report: Report) -> None:
    """Whoever shares the daemon's name for shims but belongs to no run is what they are forked from."""
    shims = [thing for thing in census(conmand.place) if thing.kind == "shim" and thing.owner]
    weights = [proportional_mib(int(thing.what)) for thing in shims]
    report.must(len(weights) == count, f"{len(weights)} shims of {count} containers")
    report.figure(
        f"memory of a shim among {count}, PSS", f"{sum(weights) / max(1, len(weights)):.2f} MiB"
    )
    report.figure("conmand itself", str(size(conmand.pid)))


def _restart(conmand: Conmand, count: int, report: Report) -> None:
    conmand.end(signal.SIGKILL)
    began = time.perf_counter()
    conmand.start()
    with conmand.client() as client:
        states = client.states()
    took = time.perf_counter() - began
    report.must([*states.values()] == ["RUNNING"] * count, "the first answer was not right")
    report.figure("kill -9, restart, to the first right answer", f"{took:.2f} s")


def _remove_all(conmand: Conmand, report: Report) -> None:
    with conmand.client() as client:
        ids = list(client.states())
    progress = Progress("thousand: remove", len(ids))
    hands = dealt(ids, HANDS)

    def work(hand: int, client: Client) -> None:
        for container in hands[hand]:
            with told_to(report, "remove"):
                client.remove(container)
            progress.step()

    began = time.perf_counter()
    at_once(HANDS, conmand, work)
    _each(report, f"remove --force, {HANDS} clients", len(ids), time.perf_counter() - began)


def _each(report: Report, what: str, count: int, took: float) -> None:
    report.figure(what, f"{took:.1f} s, {took / max(1, count) * 1000:.0f} ms each")
