"""Which stories and which test files come to which lines, so that a mutant meets only those.

Found out by running them all once on what is unchanged; kept in `.mutation_cache` until a file of the project
changes.
"""

import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from scenarios.mutation.asked import Asked
from scenarios.mutation.lines import Lines
from scenarios.mutation.mutants import Mutant
from scenarios.mutation.tree import Tree
from scenarios.usage import Usage

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
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
        """All of them, for what is done at loading: that is not watched."""
        if mutant.stratum in {"host", "adapter"}:
            return []
        return [
            name
            for name, lines in self.stories.items()
            if not mutant.function or _comes_to(lines, mutant)
        ]

    def files_of(self, mutant: Mutant) -> list[str]:
        """The quickest first."""
        found = [
            name
            for name, asked in self.files.items()
            if _comes_to(asked.lines, mutant) or (not mutant.function and _names(name, mutant.file))
        ]
        return sorted(found, key=lambda name: self.files[name].seconds)

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
    """From the cache, or found out in a few minutes."""
    stories = _kept("stories", ("conman", "fakerunc", "scenarios"), lambda: _stories(tree))
    files = _kept("files", ("conman", "fakerunc", "tests"), lambda: _files(tree))
    return Reach(stories, {name: Asked(**one) for name, one in files.items()})


def _kept(
    kind: str, folders: tuple[str, ...], find: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    kept = CACHE / f"{kind}-{_digest(folders)}.json"
    if not kept.exists():
        sys.stderr.write(f"finding out which {kind} come to which lines; kept until they change\n")
        found = find()
        CACHE.mkdir(exist_ok=True)
        for old in CACHE.glob(f"{kind}-*"):
            old.unlink()
        kept.write_text(json.dumps(found), encoding="utf-8")
    return json.loads(kept.read_text(encoding="utf-8"))


def _stories(tree: Tree) -> dict[str, Lines]:
    done = tree.simulated("--lines", seconds=PATIENCE)
    if done.returncode:
        raise Usage(f"stories cannot be run on what is unchanged: {done.stderr.strip()}")
    return json.loads(done.stdout)


def _files(tree: Tree) -> dict[str, Any]:
    out = os.path.join(tree.root, "lines.json")
    # A test that wants more of the project than the copy has cannot be asked.
    words = ("-p", "scenarios.mutation.asked", "--timeout=600", "--continue-on-collection-errors")
    done = tree.tested(*words, *_tests(), seconds=PATIENCE, CONMAN_LINES_TO="lines.json")
    found: dict[str, Any] = {}
    if os.path.exists(out):
        found = json.loads(Path(out).read_text(encoding="utf-8"))
    if not found:
        raise Usage(f"tests cannot be run on what is unchanged: {done.stdout}{done.stderr}")
    return found


def _tests() -> Iterator[str]:
    for glob in TESTS:
        for path in sorted(ROOT.glob(glob)):
            text = path.read_text(encoding="utf-8")
            if "contract" in glob or not _HARNESS.search(text):
                yield str(path.relative_to(ROOT))


def _digest(folders: tuple[str, ...]) -> str:
    digest = blake2b(digest_size=16)
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if path.parent != HERE:
                digest.update(f"{path} ".encode() + path.read_bytes())
    return digest.hexdigest()
