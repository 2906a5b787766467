"""What a number of a log's file is: one rule for the shim that gives it and for whoever reads it."""

import pytest

from conman.primitives.log_numbers import log_numbers


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("log.7", 7),
        ("log.10", 10),
        ("log.0", 0),
        ("log", None),
        ("log.", None),
        ("log-7", None),
        ("log.old.7", None),
        ("log.7.gz", None),
        ("log.7.7", None),
        ("log.07", None),
        ("log.+7", None),
        ("log.-7", None),
        ("log. 7", None),
        ("log.1_0", None),
        ("log.\u0667", None),
        ("log.\u00b2", None),
        ("log.\uff17", None),
        ("log.limits", None),
        ("catalog.7", None),
    ],
)
def test_what_a_number_is(name: str, number: int | None) -> None:
    assert log_numbers([name], "log") == (() if number is None else (number,))


def test_the_oldest_first() -> None:
    names = ["log.10", "log", "log.9", "log.old.11", "log.2"]
    assert log_numbers(names, "log") == (2, 9, 10)
