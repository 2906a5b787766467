"""conman against the bare runtime, alternated in one run: every budget, and whether it is met (`make bench`).

Everything lies in one temporary directory; it must leave no container, cgroup, process or file, whatever
happens.
"""

import argparse
import os
import shutil
import sys
from pathlib import Path

from execs import execs
from figures import Figure, as_json, as_table, head
from idle import idle
from lives import lives, unusable
from logs import logs
from outputs import outputs
from place import scratch
from server import server
from sessions import sessions
from where import as_lines, where

from benchmarks.peers.lives import compared
from benchmarks.peers.stage import PROGRAMS, missing


def main() -> int:
    parser = argparse.ArgumentParser(description="conman against the bare runtime, as root")
    parser.add_argument("--n", type=int, default=30, help="samples of each side [default: 30]")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument(
        "--peers", action="store_true", help="containerd, docker and podman instead"
    )
    parser.add_argument(
        "--where", action="store_true", help="what each effect takes, too (not of peers)"
    )
    options = parser.parse_args()
    if options.where and options.peers:
        parser.error(
            "--where and --peers do not go together: only conman tells where its time goes"
        )
    if options.n < 2:
        parser.error("--n is a number from 2 on")
    if (why := _missing()) is not None:
        sys.stderr.write(f"bench: nothing was measured: {why}\n")
        return 1
    load, notes = os.getloadavg()[0], list[str]()
    with scratch() as top:
        measured = _peers if options.peers else _budgets
        figures = measured(top, options.n, notes)
        accounts = where(top, options.n) if options.where else []
    if options.json:
        print(as_json(figures, notes, head(options.n, load), accounts))
    else:
        print("\n".join([as_table(figures, notes, head(options.n, load)), *as_lines(accounts)]))
    return 0


def _budgets(top: Path, n: int, notes: list[str]) -> list[Figure]:
    figures = lives(top, "runc", n)
    if (why := unusable("crun", top)) is not None:
        notes.append(f"crun: {why}")
    else:
        figures += lives(top, "crun", n)
    figures += [*execs(top, n), *server(top, n), *logs(top, min(n, 5))]
    figures += outputs(top, min(n, 5))
    return [*figures, *sessions(top, min(n, 10)), *idle(top)]


def _peers(top: Path, n: int, notes: list[str]) -> list[Figure]:
    figures: list[Figure] = []
    for name in PROGRAMS:
        if (why := missing(name)) is not None:
            notes.append(f"{name}: {why}")
        else:
            figures += compared(name, top, n)
    return figures


def _missing() -> str | None:
    if os.geteuid() != 0:
        return "it compares with the real runc, which needs root"
    for name in ("runc", "busybox"):
        if shutil.which(name) is None:
            return f"{name} is not installed"
    return None


if __name__ == "__main__":
    sys.exit(main())
