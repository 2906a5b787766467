"""Limits as the API takes them: each edge of each range, and what means no limit at all."""

import pytest

from conman.api import limits
from conman.core.resources import Resources
from conman.errors import ConmanError
from conman.wire.v1 import conman_pb2 as wire


def taken(name: str, value: int) -> bool:
    try:
        found = limits.resources(wire.Resources(**{name: value}))
    except ConmanError:
        return False
    assert found == Resources(**{name: value})
    return True


@pytest.mark.parametrize("name", limits._RANGES)
def test_a_range_is_taken_to_its_edges(name: str) -> None:
    free, least, most = limits._RANGES[name]
    assert taken(name, least)
    assert taken(name, most)
    assert not taken(name, least - 1) or least - 1 in free
    if most < 2**63 - 1:
        assert not taken(name, most + 1)


@pytest.mark.parametrize(
    ("name", "most"), [("nano_cpus", 8192 * 1_000_000_000), ("pids_limit", 4_194_304)]
)
def test_as_much_as_linux_can_have(name: str, most: int) -> None:
    assert taken(name, most)
    assert not taken(name, most + 1)


@pytest.mark.parametrize(
    ("name", "free"),
    [
        ("memory_bytes", (0,)),
        ("memory_swap_bytes", (0, -1)),
        ("memory_reservation_bytes", (0,)),
        ("nano_cpus", (0,)),
        ("cpu_shares", (0,)),
        ("cpu_period_us", (0,)),
        ("cpu_quota_us", (0, -1)),
        ("pids_limit", (0, -1)),
    ],
)
def test_no_limit(name: str, free: tuple[int, ...]) -> None:
    assert [value for value in (0, -1, -2) if taken(name, value)] == list(free)
