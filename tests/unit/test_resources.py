"""Limits that contradict each other are refused, and their nearest neighbours are not."""

import pytest

from conman.core.resources import Resources, contradiction


@pytest.mark.parametrize(
    ("given", "word"),
    [
        (Resources(memory_swap_bytes=1), "is not limited"),
        (Resources(memory_bytes=0, memory_swap_bytes=1), "is not limited"),
        (Resources(memory_bytes=3, memory_swap_bytes=2), "less than the 3 of memory_bytes"),
        (Resources(memory_bytes=3, memory_reservation_bytes=4), "more than the 3 of memory_bytes"),
        (Resources(nano_cpus=1, cpu_quota_us=1), "together"),
        (Resources(nano_cpus=1, cpu_period_us=1), "together"),
    ],
)
def test_a_contradiction(given: Resources, word: str) -> None:
    refusal = contradiction(given)
    assert refusal is not None
    assert word in refusal.what
    assert refusal.field == "resources"


@pytest.mark.parametrize(
    "given",
    [
        Resources(),
        Resources(memory_swap_bytes=-1),
        Resources(memory_swap_bytes=0),
        Resources(memory_bytes=3, memory_swap_bytes=-1),
        Resources(memory_bytes=3, memory_swap_bytes=0),
        Resources(memory_bytes=3, memory_swap_bytes=3),
        Resources(memory_bytes=3, memory_reservation_bytes=3),
        Resources(memory_reservation_bytes=4),
        Resources(memory_bytes=0, memory_reservation_bytes=4),
        Resources(nano_cpus=1),
        Resources(nano_cpus=0, cpu_quota_us=1, cpu_period_us=1),
        Resources(cpu_quota_us=1, cpu_period_us=1),
        Resources(nano_cpus=1, cpu_quota_us=0, cpu_period_us=0),
    ],
)
def test_no_contradiction(given: Resources) -> None:
    assert contradiction(given) is None
