"""A pytest plugin (`-p scenarios.mutation.asked`): which lines each test runs, how long it takes, and what fails.

For the unchanged conman. Its one argument is the environment's CONMAN_LINES_TO, the file for the JSON.
"""

import json
import os
from collections.abc import Generator
from dataclasses import asdict, dataclass, field
from time import monotonic

import pytest

from scenarios.mutation.lines import Lines, Watch


@dataclass(slots=True)
class Test:
    """`seconds`: of the clock."""

    __test__ = False

    seconds: float
    lines: Lines


@dataclass(slots=True)
class Asked:
    """One test file. `tests`: by what pytest calls them. `loading`: what runs before any of them is called.

    `failing`: those that fail with nothing changed.
    """

    tests: dict[str, Test] = field(default_factory=dict[str, Test])
    loading: Lines = field(default_factory=Lines)
    failing: list[str] = field(default_factory=list[str])

    @property
    def seconds(self) -> float:
        return sum(test.seconds for test in self.tests.values())


_files: dict[str, Asked] = {}
_watch = Watch(os.getcwd())


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, object, object]:
    if not isinstance(collector, pytest.Module):
        return (yield)
    _watch.fresh()
    with _watch.watching():
        result = yield
    name = os.path.relpath(collector.path)
    _files.setdefault(name, Asked()).loading = _watch.seen()
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    known = _files.setdefault(item.location[0], Asked())
    began = monotonic()
    _watch.fresh()
    with _watch.watching():
        result = yield
    known.tests[item.nodeid] = Test(monotonic() - began, _watch.seen())
    return result


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.failed:
        _files[report.location[0]].failing.append(report.nodeid)


def pytest_sessionfinish() -> None:
    with open(os.environ["CONMAN_LINES_TO"], "w", encoding="utf-8") as file:
        json.dump({name: asdict(one) for name, one in _files.items()}, file)
