"""TAP as bats prints it: a plan, a line for each test, and comments after those that failed.

Pure. It must never take a test that nothing was said of for one that passed.
"""

import re
from dataclasses import dataclass

OK, SKIPPED, FAILED, SILENT = "ok", "skipped", "failed", "silent"

_PLAN = re.compile(r"^1\.\.(\d+)")
_TEST = re.compile(r"^(not )?ok (\d+) (.*?)( # skip ?(.*))?$")


@dataclass(frozen=True, slots=True)
class Result:
    """One test: `outcome` is ok, skipped, failed or silent; `said`: the reason of a skip, or all comments."""

    name: str
    outcome: str
    said: str = ""


def results(output: str, names: tuple[str, ...]) -> list[Result]:
    """One for each of these names, the tests of a file in its order: silent where the file ended before it."""
    found: dict[int, Result] = {}
    last = 0
    for line in output.replace("\r", "").splitlines():
        if test := _TEST.match(line):
            last = int(test[2])
            outcome = FAILED if test[1] else SKIPPED if test[4] else OK
            found[last] = Result(test[3], outcome, test[5] or "")
        elif last and found[last].outcome == FAILED and not _PLAN.match(line):
            failed = found[last]
            found[last] = Result(failed.name, FAILED, f"{failed.said}{line}\n")
    return [found.get(at, Result(name, SILENT)) for at, name in enumerate(names, start=1)]


def names(source: str) -> tuple[str, ...]:
    """The names of a .bats file's tests, as bats prints them."""
    return tuple(
        re.sub(r"\\(.)", r"\1", name)
        for name in re.findall(r'^@test "(.*)" \{', source, re.MULTILINE)
    )
