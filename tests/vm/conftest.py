"""One machine for all of these tests, conman installed in it as a user would; each begins where that ended.

It takes minutes: `make test-vm`, never `make test`.
"""

from collections.abc import Iterator

import pytest

from scenarios.stages.guest_cuts import asked
from scenarios.usage import Usage
from vm.guests import Guest, guest
from vm.installing import install
from vm.places import CONSOLE, LOGS, alone
from vm.steps import print_table

INSTALLED = "installed"


def pytest_configure() -> None:
    try:
        asked()
    except Usage as usage:
        raise pytest.UsageError(f"STORIES: {usage}") from usage


@pytest.fixture(scope="session")
def machine() -> Iterator[Guest]:
    with alone(), guest() as made:
        install(made)
        made.snapshot(INSTALLED)
        yield made
    print_table()


@pytest.fixture
def fresh(machine: Guest) -> Guest:
    """Just installed: conman runs, without a container."""
    machine.revert(INSTALLED)
    return machine


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if any(terminalreporter.stats.get(what) for what in ("failed", "error")):
        terminalreporter.write_line(
            f"the machine's console: {CONSOLE}; what else was at work: {LOGS}"
        )
