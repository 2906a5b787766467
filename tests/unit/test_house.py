"""The house's rules, applied to every file of the tree; `house.py` has the rules themselves.

A rule without a file to hold is no rule: each also fails when what it is meant for has moved away.
Each is shown to bite, on the smallest source that breaks it, and to let its nearest neighbour pass.
"""

from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

import pytest

from tests.unit import house

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("conman", "fakerunc", "runc_suite", "scenarios", "vm")
FOLDERS = (*PACKAGES, "tests", "demo", "benchmarks")
SOURCES = {
    str(path.relative_to(ROOT)): path.read_text()
    for folder in FOLDERS
    for path in sorted((ROOT / folder).rglob("*.py"))
    if not path.name.endswith(("_pb2.py", "_pb2_grpc.py"))
}

# fnmatch's `*` crosses directories.
EVERYTHING = ("*.py",)
CORE = ("conman/core/*.py",)
SHIM_PURE = tuple(
    f"conman/shim/{name}.py"
    for name in ("machine", "execs", "output", "words", "task", "recipes*", "json_text")
)
STEP_PARTS = ("steps", "results", "held", "control", "shared_steps", "shared_results")
STEPS = tuple(f"conman/primitives/{name}.py" for name in STEP_PARTS)
MODEL = tuple(
    f"fakerunc/{name}.py"
    for name in ("model", "vocabulary", "view", "record", "signals", "crun/plans", "crun/printed")
)
PURE = (
    *CORE,
    "conman/oci/*.py",
    "conman/errors.py",
    "conman/frozen.py",
    *STEPS,
    *SHIM_PURE,
    *MODEL,
)
PERFORMERS = ("conman/host/*.py", "conman/primitives/perform.py")
RECIPES = ("conman/core/effects/recipes*.py", "conman/shim/recipes*.py")
STANDARD_ONLY = ("conman/shim/*.py", "conman/primitives/*.py")
REPLAYED = (
    "scenarios/world*.py",
    "scenarios/simulator*.py",
    "scenarios/oracle*.py",
    "scenarios/choices.py",
    "scenarios/crowd.py",
    "scenarios/faults.py",
    "scenarios/interleaving.py",
    "scenarios/linearizability.py",
    "scenarios/preemptions.py",
    "scenarios/swarm.py",
)
CONMAN = ("conman/*.py",)


def files(only: tuple[str, ...], but: tuple[str, ...] = ()) -> Iterator[str]:
    for path in SOURCES:
        held, excused = (any(fnmatchcase(path, glob) for glob in globs) for globs in (only, but))
        if held and not excused:
            yield path


def module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


PURE_MODULES = {module(path) for path in files(PURE)}
STEP_NAMES = house.steps_in(SOURCES.get(STEPS[0], ""))

Rule = Callable[[str], Iterator[str]]
RULES: dict[str, tuple[Rule, tuple[str, ...], tuple[str, ...]]] = {
    "nothing runs in a killed coroutine": (house.last_rites, CORE, ()),
    "pure modules import pure modules": (
        partial(house.impure_imports, pure_modules=PURE_MODULES),
        PURE,
        (),
    ),
    "shim and primitives stand on the standard library": (
        house.foreign_imports,
        STANDARD_ONLY,
        (),
    ),
    "only performers sync, rename and mount": (house.host_changes, CONMAN, PERFORMERS),
    "only recipes are made of steps": (
        partial(house.steps_built, steps=STEP_NAMES),
        CONMAN,
        (*RECIPES, *STEPS),
    ),
    "nothing depends on the process": (house.disorder, (*CORE, *SHIM_PURE, *MODEL, *REPLAYED), ()),
    "a module says why it exists": (house.undocumented, EVERYTHING, ()),
    "a file can be read in one sitting": (house.too_long, EVERYTHING, ()),
    "__init__ files are empty": (house.not_empty, ("*/__init__.py",), ()),
}


@pytest.mark.parametrize("rule", RULES)
def test_the_tree_keeps(rule: str) -> None:
    check, only, but = RULES[rule]
    findings = [f"{path}: {what}" for path in files(only, but) for what in check(SOURCES[path])]
    assert not findings, "\n".join(findings)


@pytest.mark.parametrize(
    "glob", sorted({glob for _, only, but in RULES.values() for glob in (*only, *but)})
)
def test_every_rule_has_files_to_hold(glob: str) -> None:
    assert any(files((glob,))), f"no file matches {glob}"


def test_names_say_something() -> None:
    assert not [what for path in SOURCES for what in house.vague_names(path)]


def test_every_package_has_an_init_file() -> None:
    folders = {str(Path(path).parent) for path in SOURCES if path.split("/")[0] in PACKAGES}
    assert not {f"{folder}/__init__.py" for folder in folders} - set(SOURCES)


def test_the_steps_are_found_in_their_union() -> None:
    assert {"SyncDirectory", "Rename"} <= STEP_NAMES
    assert "Done" not in STEP_NAMES


IMPURE = partial(house.impure_imports, pure_modules={"conman.core.model"})
BUILDS = partial(house.steps_built, steps={"Rename"})


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (house.last_rites, "try: pass\nfinally: pass"),
        (house.last_rites, "try: pass\nexcept ValueError: pass\nfinally: pass"),
        (house.last_rites, "try: pass\nexcept: pass"),
        (house.last_rites, "try: pass\nexcept BaseException: pass"),
        (house.last_rites, "try: pass\nexcept (ValueError, GeneratorExit): pass"),
        (house.last_rites, "try: pass\nexcept* ValueError: pass\nfinally: pass"),
        (house.last_rites, "async def saga():\n async with lock: pass"),
        (house.last_rites, "def saga():\n with suppress(ValueError): pass"),
        *((IMPURE, f"import {name}") for name in ("asyncio", "time", "random", "os", "socket")),
        *((IMPURE, f"import {name}") for name in ("uuid", "secrets", "datetime", "msgspec")),
        (IMPURE, "from os import path"),
        (IMPURE, "def late():\n import time"),
        (IMPURE, "from conman.host import linux"),
        (IMPURE, "from pathlib import Path"),
        (IMPURE, "from signal import signal"),
        (IMPURE, "from . import model"),
        (house.foreign_imports, "import msgspec"),
        (house.foreign_imports, "from grpc import aio"),
        (house.host_changes, "import os\nos.fsync(3)"),
        (house.host_changes, "import os\nos.replace('a', 'b')"),
        (house.host_changes, "from os import rename\nrename('a', 'b')"),
        (house.host_changes, "from pathlib import Path\nPath('a').rename('b')"),
        (house.host_changes, "from pathlib import Path\nPath('a').replace('b')"),
        (house.host_changes, "libc.mount(1, 2, 3, 4, 5)"),
        (BUILDS, "from conman.primitives.steps import Rename\nRename('a', 'b')"),
        (BUILDS, "from conman.primitives import steps\nsteps.Rename('a', 'b')"),
        (house.disorder, "for x in {1, 2}: pass"),
        (house.disorder, "for x in set(y): pass"),
        (house.disorder, "[x for x in frozenset(y)]"),
        (house.disorder, "z = {f(x) for x in y}\nfor x in z: pass"),
        (house.disorder, "def f(ids: frozenset[str]):\n return tuple(ids)"),
        (house.disorder, "class W:\n ids: set[str]\ndef f(w):\n return [x for x in w.ids]"),
        (house.disorder, "', '.join({'a', 'b'})"),
        (house.disorder, "list({1} | y)"),
        (house.disorder, "[*{1, 2}]"),
        (house.disorder, "x = set()\nx.pop()"),
        (house.disorder, "hash(x)"),
        (house.disorder, "id(x)"),
        (house.undocumented, "import os"),
        (house.too_long, "x = 1\n" * 401),
        (house.not_empty, "from conman.core.model import Container"),
        (house.vague_names, "conman/utils.py"),
        (house.vague_names, "conman/common/files.py"),
        (house.vague_names, "conman/core/container_manager.py"),
    ],
)
def test_a_rule_bites(rule: Rule, source: str) -> None:
    assert list(rule(source))


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (house.last_rites, "try: pass\nexcept StopIteration: pass\nelse: pass"),
        (IMPURE, "import json\nfrom collections.abc import Mapping"),
        (IMPURE, "from conman.core import model\nfrom conman.core.model import Container"),
        (IMPURE, "from pathlib import PurePosixPath"),
        (house.foreign_imports, "import os\nfrom conman.primitives import perform"),
        (house.host_changes, "import os\nos.getpid()\n'a-b'.replace('-', '_')\nmachine.rename(x)"),
        (house.host_changes, "from dataclasses import replace\nreplace(x, a=1)"),
        (BUILDS, "match step:\n case Rename(source=a): pass"),
        (house.disorder, "for x in sorted({2, 1}): pass"),
        (house.disorder, "any(x for x in {1, 2})"),
        (house.disorder, "z = {x for x in {1, 2}}\n1 in z"),
        (house.disorder, "for x in {1: 2}: pass"),
        (house.undocumented, '"""Why."""\nimport os'),
        (house.undocumented, ""),
        (house.too_long, "x = 1\n" * 400),
        (house.not_empty, ""),
        (house.vague_names, "conman/core/effects/recipes.py"),
    ],
)
def test_a_rule_lets_pass(rule: Rule, source: str) -> None:
    assert not list(rule(source))
