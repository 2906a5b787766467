"""Limits that contradict each other are refused, and their nearest neighbours are not."""

from dataclasses import fields

import pytest

from conman.core.limit_words import NAMES, amount
from conman.core.resources import Resources, contradiction


@pytest.mark.parametrize(
    ("given", "field", "word"),
    [
        (Resources(memory_swap_bytes=1), "memory_swap_bytes", "is not limited"),
        (Resources(memory_bytes=0, memory_swap_bytes=1), "memory_swap_bytes", "is not limited"),
        (
            Resources(memory_bytes=3, memory_swap_bytes=2),
            "memory_swap_bytes",
            "is 2 bytes, less than the memory limit of 3 bytes",
        ),
        (
            Resources(memory_bytes=3, memory_reservation_bytes=4),
            "memory_reservation_bytes",
            "is 4 bytes, more than the memory limit of 3 bytes",
        ),
        (Resources(nano_cpus=1, cpu_quota_us=1), "nano_cpus", "together"),
        (Resources(nano_cpus=1, cpu_period_us=1), "nano_cpus", "together"),
    ],
)
def test_a_contradiction(given: Resources, field: str, word: str) -> None:
    refusal = contradiction(given)
    assert refusal is not None
    assert word in refusal.what
    assert refusal.field == f"resources.{field}"


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


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("memory_bytes", 2**30, "1 GiB"),
        ("memory_bytes", 3 * 2**29, "1536 MiB"),
        ("memory_swap_bytes", 5 * 1024, "5 KiB"),
        ("memory_reservation_bytes", 2**20 + 1, "1048577 bytes"),
        ("memory_bytes", 0, "0 bytes"),
        ("nano_cpus", 1_500_000_000, "1.5"),
        ("nano_cpus", 10**10, "10"),
        ("nano_cpus", 0, "0"),
        ("nano_cpus", -10_000_000, "-0.01"),
        ("cpu_quota_us", 1000, "1000 microseconds"),
        ("pids_limit", 1024, "1024"),
    ],
)
def test_an_amount_is_exact(name: str, value: int, words: str) -> None:
    assert amount(name, value) == words


def test_every_limit_has_a_name() -> None:
    assert set(NAMES) == {field.name for field in fields(Resources)}
