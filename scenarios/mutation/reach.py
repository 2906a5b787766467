"""Which stories and which tests come to which lines, so that a mutant meets only those.

Found out by running them all once on what is unchanged; kept in `.mutation_cache` until a file of the project
changes. Of tests alone that changed, only their files are run again.
"""

import json
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, cast

from scenarios.mutation.asked import Asked, Test
from scenarios.mutation.lines import Lines
from scenarios.mutation.mutants import Mutant
from scenarios.mutation.tree import Tree
from scenarios.usage import Usage

ROOT = Path(__file__).resolve().parents[2]
#: What runs stories is no part of any.
_OURS = ("scenarios/mutation/", "scenarios/commands/")
CACHE = ROOT / ".mutation_cache"
#: Tests that a mutant may meet. Those of the harness are left out: it has judged already, by itself.
TESTS = (
    "tests/unit/test_*.py",
    "tests/contract/test_*.py",
    "tests/integration/test_host_*.py",
    "tests/integration/test_shim_[clp]*.py",
    "tests/integration/test_zygote.py",
)
#: But one stands in for the kernel only.
_HARNESS = re.compile(
    r"(from|import) scenarios(?!\.control_groups)|tests\.unit\.harness|import house"
)
#: The longest that finding out may take, in seconds.
PATIENCE = 3_600


@dataclass(frozen=True, slots=True)
class Reach:
    """`stories`: lines by story, and by the swarm. `files`: by test file."""

    stories: dict[str, Lines]
    files: dict[str, Asked]

    def stories_of(self, mutant: Mutant) -> list[str]:
        """The shortest first. All of them, for what is done at loading: that is not watched."""
        if mutant.stratum in {"host", "adapter"}:
            return []
        found = {
            name: sum(map(len, lines.values()))
            for name, lines in self.stories.items()
            if not mutant.function or _comes_to(lines, mutant)
        }
        return sorted(found, key=lambda name: found[name])

    def tests_of(self, mutant: Mutant) -> list[str]:
        """As pytest calls them, the quickest first: functions, and whole files where loading them comes there."""
        if not mutant.function:
            return [name for name in self.files if self._loads(name, mutant)]
        found = dict[str, float]()
        for file, asked in self.files.items():
            if _comes_to(asked.loading, mutant):
                found[file] = asked.seconds
                continue
            for name, test in asked.tests.items():
                if _comes_to(test.lines, mutant):
                    function = name.partition("[")[0]
                    found[function] = found.get(function, 0.0) + test.seconds
        return sorted(found, key=lambda name: found[name])

    def _loads(self, file: str, mutant: Mutant) -> bool:
        tests = self.files[file].tests.values()
        return any(_comes_to(test.lines, mutant) for test in tests) or _names(file, mutant.file)

    def failing(self) -> list[str]:
        return [test for asked in self.files.values() for test in asked.failing]


def _names(test: str, file: str) -> bool:
    """Whether a test file imports a module by its name."""
    package, _, name = file.removesuffix(".py").replace("/", ".").rpartition(".")
    words = rf"from {package}\.{name} import|from {package} import .*\b{name}\b"
    return re.search(words, Path(ROOT, test).read_text(encoding="utf-8")) is not None


def _comes_to(lines: Lines, mutant: Mutant) -> bool:
    first, last = mutant.lines
    passed = lines.get(mutant.file, [])
    return bool(passed) and (not mutant.function or any(first <= line <= last for line in passed))


def reach(tree: Tree) -> Reach:
    """From the cache, or found out in some minutes."""
    CACHE.mkdir(exist_ok=True)
    return Reach(_stories(tree), _files(tree))


def tests_digest() -> str:
    """Which tests these are."""
    return _digest("tests")


def _stories(tree: Tree) -> dict[str, Lines]:
    kept, digest = CACHE / "stories.json", _digest("conman", "fakerunc", "scenarios")
    known = _read(kept)
    if known.get("digest") != digest:
        sys.stderr.write("finding out which stories come to which lines; kept until they change\n")
        done = tree.simulated("--lines", seconds=PATIENCE)
        if done.returncode:
            raise Usage(f"stories cannot be run on what is unchanged: {done.stderr.strip()}")
        known = {"digest": digest, "lines": json.loads(done.stdout)}
        kept.write_text(json.dumps(known), encoding="utf-8")
    return cast("dict[str, Lines]", known["lines"])


def _files(tree: Tree) -> dict[str, Asked]:
    kept, around = CACHE / "tests.json", _digest("conman", "fakerunc", "tests", but="test_*.py")
    known = {name: one for name, one in _read(kept).items() if one["digest"] == _of(name, around)}
    unknown = [name for name in _tests() if name not in known]
    if unknown:
        sys.stderr.write(f"finding out which lines {len(unknown)} files of tests come to; kept\n")
        found = _asked(tree, unknown)
        # A test that wants more of the project than the copy has cannot be asked.
        for name in unknown:
            asked = found.get(name, asdict(Asked()))
            known[name] = {"digest": _of(name, around), "asked": asked}
        kept.write_text(json.dumps(known), encoding="utf-8")
    return {name: _as_asked(one["asked"]) for name, one in known.items()}


def _as_asked(told: dict[str, Any]) -> Asked:
    tests = {name: Test(**one) for name, one in told["tests"].items()}
    return Asked(tests, told["loading"], told["failing"])


def _asked(tree: Tree, files: list[str]) -> dict[str, Any]:
    out = os.path.join(tree.root, "lines.json")
    words = ("-p", "scenarios.mutation.asked", "--timeout=600", "--continue-on-collection-errors")
    done = tree.tested(*words, *files, seconds=PATIENCE, CONMAN_LINES_TO="lines.json")
    if not os.path.exists(out):
        raise Usage(f"tests cannot be run on what is unchanged: {done.stdout}{done.stderr}")
    return json.loads(Path(out).read_text(encoding="utf-8"))


def _tests() -> Iterator[str]:
    for glob in TESTS:
        for path in sorted(ROOT.glob(glob)):
            text = path.read_text(encoding="utf-8")
            if "contract" in glob or not _HARNESS.search(text):
                yield str(path.relative_to(ROOT))


def _read(kept: Path) -> dict[str, Any]:
    return json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}


def _of(test: str, around: str) -> str:
    """Of a file of tests with all that it may run. Empty for one that is no more."""
    path = ROOT / test
    return blake2b(around.encode() + path.read_bytes()).hexdigest() if path.exists() else ""


def _digest(*folders: str, but: str = "") -> str:
    digest = blake2b(digest_size=16)
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = str(path.relative_to(ROOT))
            if not path.match(but or "-") and not name.startswith(_OURS):
                digest.update(f"{name} ".encode() + path.read_bytes())
    return digest.hexdigest()
