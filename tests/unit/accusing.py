"""What checks of the oracle have to say of a history, for tests whose histories are made by hand."""

from collections.abc import Callable

from scenarios.violation import Violation


def found(*checks: Callable[[], object]) -> list[str]:
    """Which invariants these checks find violated, in their order."""
    violated: list[str] = []
    for check in checks:
        try:
            check()
        except Violation as violation:
            violated.append(violation.invariant)
    return violated
