"""The process in which an exhibit of the layer `host` meets its tests: `python -m scenarios.museum.in_tests FILE [NAME]`.

It plants NAME, or what a plant file of that name has, or nothing, runs the tests of FILE until the first that fails, and says on stdout what became of
that, as JSON. Its tests are not to leave anything, so what takes too long fails by an exception in it.
"""

import contextlib
import json
import signal
import sys
from dataclasses import asdict, dataclass
from types import FrameType

import pytest

from scenarios.museum.exhibit import ANYWHERE, Patch, planted
from scenarios.museum.on_the_host import EXHIBITS
from scenarios.museum.plant_file import patches_of

SECONDS = 240
#: In the order of the file: so the first to fail is the same each time.
_OPTIONS = ("-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly")
_BEEN = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)


@dataclass(slots=True)
class Ran:
    """`ran`: how many. `failed`: the first that did, "" for none; `how`: the exception's name; `reached`: the change."""

    ran: int = 0
    failed: str = ""
    how: str = ""
    what: str = ""
    reached: int = 0

    @pytest.hookimpl
    def pytest_runtest_makereport(self, item: pytest.Item, call: "pytest.CallInfo[None]") -> None:
        """Counts, and remembers the first failure."""
        self.ran += call.when == "call"
        error = call.excinfo
        if error is None or self.failed or error.errisinstance(pytest.skip.Exception):
            return
        self.failed = item.name.partition("[")[0]
        self.how, self.what = error.typename, error.exconly().partition("\n")[0]


def outcome_of(file: str, name: str) -> Ran:
    """Its tests, with this exhibit or plant file, or with none for "". Raises ValueError where it does not fit this conman, RuntimeError where none ran."""
    exhibits: dict[str, tuple[Patch, ...]] = {one.name: one.patches for one in EXHIBITS}
    patches = patches_of(name, ANYWHERE) if name.endswith(".py") else exhibits.get(name, ())
    told = Ran()
    with planted(patches, ANYWHERE) as reached, contextlib.redirect_stdout(sys.stderr):
        code = pytest.main([*_OPTIONS, file], [told])
    if code not in _BEEN:
        raise RuntimeError(f"{file} was not run: pytest ended with {code!s}")
    told.reached = reached.times
    return told


def _late(_signal: int, _frame: FrameType | None) -> None:
    raise TimeoutError(f"it took more than {SECONDS} s")


def main() -> None:
    signal.signal(signal.SIGALRM, _late)
    signal.alarm(SECONDS)
    file, name = (*sys.argv[1:], "")[:2]
    json.dump(asdict(outcome_of(file, name)), sys.stdout)


if __name__ == "__main__":
    main()
