"""conman under load (`make load`): figures and a verdict for each part; 1 if any of them is bad.

    clients    16 clients at once, 200 containers each, on real runc
    patience   one container's stop of 10 s, and everybody else's calls beside it
    thousand   1,000 containers that run, on fakerunc: list, restart, memory, remove
    lives      10,000 containers made and removed, on fakerunc: the daemon stays as it was
    peers      16 clients, 200 x create + start: conman, containerd, docker, podman, where installed
               (only where it is asked for)

It must leave nothing behind, and never call something good that it could not do.
"""

import argparse
import os
import shutil
import sys
import time
from collections.abc import Callable

from benchmarks.loads import clients, lives, patience, thousand
from benchmarks.loads.report import Report
from benchmarks.loads.stage import Died
from benchmarks.peers import clients as peers

Part = Callable[[Report, float, str], None]
PARTS: dict[str, tuple[Part, str]] = {
    "clients": (clients.run, "runc"),
    "patience": (patience.run, "runc"),
    "thousand": (thousand.run, "fakerunc"),
    "lives": (lives.run, "fakerunc"),
    "peers": (peers.run, "runc"),
}
USUAL = ("clients", "patience", "thousand", "lives")


def main() -> int:
    parser = argparse.ArgumentParser(prog="load", description="conman under load")
    parser.add_argument("--parts", default=",".join(USUAL), help="[default: %(default)s]")
    parser.add_argument("--scale", type=float, default=1.0, help="of the numbers [default: 1.0]")
    parser.add_argument("--runtime", default="", help="another one than the part's own")
    options = parser.parse_args()
    asked = options.parts.split(",")
    if strange := [name for name in asked if name not in PARTS]:
        parser.error(f"there is no part {strange[0]!r}: give some of {', '.join(PARTS)}")
    if not 0 < options.scale <= 100:
        parser.error("--scale is a number above 0, at most 100")
    for name in asked:
        if (why := missing(options.runtime or PARTS[name][1])) is not None:
            sys.stderr.write(f"load: nothing was measured: {why}\n")
            return 1
    try:
        good = [perform(name, options.scale, options.runtime) for name in asked]
    except KeyboardInterrupt:
        sys.stderr.write("load: interrupted, and nothing is left\n")
        return 130
    return 0 if all(good) else 1


def missing(runtime: str) -> str | None:
    if runtime == "fakerunc":
        return None
    if os.geteuid() != 0:
        return f"{runtime} needs root; --runtime fakerunc does not"
    for name in (runtime, "busybox"):
        if shutil.which(name) is None:
            return f"{name} is not installed"
    return None


def perform(name: str, scale: float, runtime: str) -> bool:
    """Whether it is good."""
    part, usual = PARTS[name]
    load, began = os.getloadavg()[0], time.strftime("%Y-%m-%d %H:%M")
    print(f"{name} ({began}, scale {scale:g}, {os.cpu_count()} cores, load {load:.1f} before)")
    sys.stdout.flush()
    report = Report(name)
    try:
        part(report, scale, runtime or usual)
    except Died as died:
        report.problem(f"conmand died: {died}")
    print("\n".join(report.lines()), flush=True)
    return report.is_good


if __name__ == "__main__":
    sys.exit(main())
