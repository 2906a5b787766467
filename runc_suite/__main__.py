"""runc's own tests, as Debian packages them, on runc and on fakerunc (`make runc-suite`).

    python -m runc_suite [--only runc|fakerunc] [FILE.bats ...]

Each test's outcome is held to `expected.toml`; what differs is printed with the test's own words and kept
in build/runc-suite/report, and the exit code is 1. It must never call a test passed that did not run.
"""

import argparse
import os
import shutil
import signal
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from runc_suite import outfit, source
from runc_suite.expected import Expected, load
from runc_suite.playing import Played, play, remove_cgroups
from runc_suite.refusal import Refusal
from runc_suite.tap import FAILED, OK, SILENT, SKIPPED

PLACE = Path("build/runc-suite")
_TOOLS = ("bats", "jq", "gawk", "cc", "unshare", "apt-get", "dpkg-source", "ps")
_OUTCOMES = (OK, SKIPPED, FAILED, SILENT)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="runc-suite", description="runc's tests on runc and fakerunc"
    )
    parser.add_argument("files", nargs="*", metavar="FILE.bats", help="[default: all of them]")
    parser.add_argument("--only", choices=outfit.RUNTIMES, help="[default: runc, then fakerunc]")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, _stopped)
    try:
        return _run(options.files, (options.only,) if options.only else outfit.RUNTIMES)
    except Refusal as refusal:
        print(f"runc-suite: {refusal}", file=sys.stderr)
        return 1


def _stopped(number: int, _frame: object) -> None:
    """What runs is ended, and cleared away, on the way out."""
    sys.exit(128 + number)


def _run(asked: list[str], runtimes: tuple[str, ...]) -> int:
    _require()
    place = PLACE.absolute()
    place.mkdir(parents=True, exist_ok=True)
    tree = source.fetched(place)
    programs = outfit.equip(tree, place)
    expected = load()
    tests = tree / "tests/integration"
    files = [tests / name for name in _chosen(asked, tests, expected)]
    wrong: list[str] = []
    table: dict[str, Counter[str]] = {}
    for runtime in runtimes:
        table[runtime] = Counter[str]()
        for file, played in _played(runtime, files, programs[runtime], place / "bin"):
            _keep(place / "report" / runtime / f"{file.stem}.tap", played)
            print(_progress(runtime, file.name, played), flush=True)
            table[runtime] += Counter(result.outcome for result in played.results)
            wrong += expected.complaints(runtime, file.name, played.results)
    return _verdict(table, wrong, expected, whole=not asked)


def _played(
    runtime: str, files: list[Path], program: Path, programs: Path
) -> Iterator[tuple[Path, Played]]:
    """In their order. fakerunc's containers share nothing of the host; runc's share its cgroups."""
    at_once = os.cpu_count() or 1 if runtime == "fakerunc" else 1
    stop = threading.Event()

    def one(file: Path) -> tuple[Path, Played]:
        return file, play(file, program, programs, stop)

    with ThreadPoolExecutor(at_once) as pool:
        try:
            yield from pool.map(one, files)
        finally:
            stop.set()
    remove_cgroups()


def _require() -> None:
    if os.geteuid() != 0:
        raise Refusal("runc makes real containers here, which needs root: run it as root")
    missing = [tool for tool in _TOOLS if not shutil.which(tool)]
    if missing:
        raise Refusal(
            f"these are not installed: {', '.join(missing)}: `make runc-suite` installs them"
        )


def _chosen(asked: list[str], tests: Path, expected: Expected) -> list[str]:
    """File names; all but those that are left out, where none is asked for."""
    there = sorted(path.name for path in tests.glob("*.bats"))
    if strange := [name for name in asked if name not in there]:
        raise Refusal(f"runc has no tests called {', '.join(strange)}; it has {', '.join(there)}")
    return asked or [name for name in there if name not in expected.left_out]


def _keep(path: Path, played: Played) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(played.output)


def _progress(runtime: str, file: str, played: Played) -> str:
    counts = ", ".join(f"{n} {outcome}" for outcome in _OUTCOMES if (n := played.count(outcome)))
    return f"{runtime:9} {file:28} {counts:32} {played.seconds:6.1f} s"


def _verdict(
    table: dict[str, Counter[str]], wrong: list[str], expected: Expected, *, whole: bool
) -> int:
    print(f"\n{'':9}" + "".join(f"{outcome:>9}" for outcome in _OUTCOMES))
    for runtime, counts in table.items():
        print(f"{runtime:9}" + "".join(f"{counts[outcome]:9}" for outcome in _OUTCOMES))
    if whole and "fakerunc" in table:
        print("\nwhy fakerunc cannot pass some:")
        listed = Counter(word for tests in expected.fake.values() for word in tests.values())
        for reason, words in expected.reasons.items():
            print(f"{listed[reason]:5}  {words}")
        for file, words in expected.left_out.items():
            print(f"left out: {file}: {words}")
    for sentence in wrong:
        print(f"runc-suite: {sentence}", file=sys.stderr)
    print(f"runc-suite: {len(wrong)} tests otherwise than listed; output in {PLACE}/report")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
