"""Ten thousand containers made and removed, and whether the daemon grows by it.

Descriptors must be as many at the end as after the first tenth. Memory may grow by what conmand keeps on
purpose: the answers to the latest 10,000 requests, two of each life. So of a whole run the second half
keeps no more than the first did, and must be flat.
"""

import time

from benchmarks.loads.process import Size, size
from benchmarks.loads.report import Progress, Report
from benchmarks.loads.stage import Client, Conmand, at_once, stage, told_to

LIVES = 10_000
HANDS = 4
#: Threads and connections come and go.
DESCRIPTORS = 8
#: Of an answer that is kept, at most; and what an allocator needs.
ANSWER_KIB = 2
KEPT = 10_000
SLACK_KIB = 4 * 1024


def run(report: Report, scale: float, runtime: str) -> None:
    lives = max(10 * HANDS, round(LIVES * scale))
    progress, began = Progress("lives", lives), time.perf_counter()
    with stage(runtime, report) as conmand:
        sizes = {0: size(conmand.pid)}
        for upto in (lives // 10, lives // 2, lives):
            _live(conmand, range(max(sizes), upto), progress, report)
            sizes[upto] = size(conmand.pid)
    took = time.perf_counter() - began
    report.figure(f"{lives} create + remove, {HANDS} clients", f"{took:.0f} s")
    for upto, seen in sizes.items():
        report.figure(f"conmand after {upto}", str(seen))
    _judge(sizes, report)


def _live(conmand: Conmand, numbers: range, progress: Progress, report: Report) -> None:
    def work(hand: int, client: Client) -> None:
        for number in numbers[hand::HANDS]:
            with told_to(report, "create, remove"):
                client.remove(client.create(f"c{number}"))
            progress.step()

    at_once(HANDS, conmand, work)


def _judge(sizes: dict[int, Size], report: Report) -> None:
    _, (_, early), (middle, half), (end, last) = sizes.items()
    more = last.descriptors - early.descriptors
    report.must(more <= DESCRIPTORS, f"{more} descriptors more at the end than after a tenth")
    answers = min(2 * end, KEPT) - min(2 * middle, KEPT)
    grown, allowed = last.memory_kib - half.memory_kib, answers * ANSWER_KIB + SLACK_KIB
    report.must(
        grown <= allowed, f"memory grew by {grown} KiB in the second half ({allowed} allowed)"
    )
