"""Many clients at once, and whole lives: conman's seconds beside those of its peers."""

import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.loads.report import Report
from benchmarks.loads.stage import Client, Conmand, at_once, make_rootfs, stage, told_to
from benchmarks.peers.stage import PROGRAMS, missing, peer

CLIENTS = 16
LIVES = 200


def run(report: Report, scale: float, runtime: str) -> None:
    lives = max(1, round(LIVES * scale))
    what = f"{CLIENTS} clients x {lives} x create, start, stop (KILL), remove"
    ours, config = _conman(report, runtime, lives)
    report.figure(f"{what}: conman", f"{ours:.1f} s")
    for name in PROGRAMS:
        if (why := missing(name)) is not None:
            report.figure(f"{what}: {name}", f"not measured: {why}")
            continue
        took = _peer(name, lives, config)
        report.figure(f"{what}: {name}", f"{took:.1f} s, {took / ours:.1f} times conman's")


def _conman(report: Report, runtime: str, lives: int) -> tuple[float, dict[str, Any]]:
    """Its seconds, and what it gives to its runtime."""

    def work(number: int, client: Client) -> None:
        for life in range(lives):
            with told_to(report, "a life"):
                container = client.create(f"c{number}-{life}")
                client.start(container)
                client.stop(container)
                client.remove(container)

    with stage(runtime, report) as conmand:
        began = time.perf_counter()
        at_once(CLIENTS, conmand, work)
        took = time.perf_counter() - began
        with conmand.client() as client:
            container = client.create("one")
            config = _config(conmand)
            client.remove(container)
    return took, config


def _config(conmand: Conmand) -> dict[str, Any]:
    found = next((conmand.data / "containers").glob("*/bundle/config.json"))
    read: dict[str, Any] = json.loads(found.read_text())
    return read


def _peer(name: str, lives: int, config: dict[str, Any]) -> float:
    with _top() as top, peer(name, top, config) as make:

        def work(_number: int) -> None:
            client = make()
            for _ in range(lives):
                client.begin()
                client.end()
                client.forget()
            client.close()

        began = time.perf_counter()
        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(work, range(CLIENTS)))
        return time.perf_counter() - began


@contextmanager
def _top() -> Iterator[Path]:
    top = Path(tempfile.mkdtemp(prefix="cp", dir="/tmp"))
    try:
        make_rootfs(top / "rootfs")
        yield top
    finally:
        shutil.rmtree(top)
