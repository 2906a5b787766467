"""What each of runc's tests is expected to do on either runtime: the one list is `expected.toml`.

A test is listed by file and name as `passes`, or by the name of a reason why fakerunc cannot pass it. So
the list never grows old unseen: a test that passes though it cannot, one that fails though it passes,
and one that is not listed are all errors. It must never take a test that did not run for one that agrees.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from runc_suite.tap import FAILED, OK, SILENT, Result

LIST = Path(__file__).with_name("expected.toml")
PASSES = "passes"
SKIPS = "skips"


@dataclass(frozen=True, slots=True)
class Expected:
    """`fake`: by file and test, `passes`, `skips`, or a key of `reasons`. `runc`: what it fails here, and why.

    `skips`: wherever the list was made it skipped itself; anything may become of it elsewhere.
    `left_out`: files that are not run, and why.
    """

    version: str
    reasons: dict[str, str]
    fake: dict[str, dict[str, str]]
    runc: dict[str, dict[str, str]]
    left_out: dict[str, str]

    def complaints(self, runtime: str, file: str, results: list[Result]) -> Iterator[str]:
        """What became of this file's tests otherwise than it is listed, in sentences."""
        for result in results:
            listed = self._listed(runtime, file, result.name)
            if words := _complaint(listed, result):
                yield f"{runtime}: {file}: {result.name}: {words}"
        named = {*self.fake.get(file, {}), *self.runc.get(file, {})}
        for name in sorted(named - {result.name for result in results}):
            yield f"{file}: {name}: is listed, and no test of runc {self.version}"

    def _listed(self, runtime: str, file: str, test: str) -> str | None:
        if runtime == "runc":
            return self.runc.get(file, {}).get(test, PASSES)
        return self.fake.get(file, {}).get(test)


def _complaint(listed: str | None, result: Result) -> str:
    match listed, result.outcome:
        case None, outcome:
            return f"is not in {LIST.name} (it {_VERBS[outcome]}): list it"
        case (_, "silent") | ("passes", "failed"):
            return f"{_VERBS[result.outcome]}, and is listed: {listed}"
        case "passes" | "skips", _:
            return ""
        case reason, "ok":
            return f"passes, and is listed as one that cannot ({reason}): say so in {LIST.name}"
        case _:
            return ""


_VERBS = {
    OK: "passes",
    FAILED: "failed",
    SILENT: "did not come to its turn",
    "skipped": "skipped itself",
}


def load(path: Path = LIST) -> Expected:
    found = tomllib.loads(path.read_text(encoding="utf-8"))
    expected = Expected(
        found["version"], found["reasons"], found["fakerunc"], found["runc"], found["left-out"]
    )
    known = {PASSES, SKIPS, *expected.reasons}
    used = {PASSES, SKIPS, *(word for tests in expected.fake.values() for word in tests.values())}
    if used != known:
        raise ValueError(f"{path}: these are no reasons, or nobody's: {sorted(used ^ known)}")
    return expected
