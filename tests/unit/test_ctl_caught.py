"""Signals that are polled: each is heard once, by whoever polls, or by whoever was there before and is again."""

import signal
from collections.abc import Iterator
from signal import SIGTERM, SIGUSR1

import click
import pytest

from conman.ctl.caught import Caught
from conman.ctl.proxy import not_taken, passed_on


@pytest.fixture
def heard() -> Iterator[list[int]]:
    """By whoever was there before."""
    told: list[int] = []
    before = signal.signal(SIGUSR1, lambda number, _: told.append(number))
    yield told
    signal.signal(SIGUSR1, before)


def test_what_is_polled_is_heard_once(heard: list[int]) -> None:
    with Caught([SIGUSR1]) as caught:
        signal.raise_signal(SIGUSR1)
        assert caught.come() == [SIGUSR1]
    assert heard == []


def test_what_comes_after_the_last_look_is_not_lost(heard: list[int]) -> None:
    with Caught([SIGUSR1]):
        signal.raise_signal(SIGUSR1)
        assert heard == []
    assert heard == [SIGUSR1]


def test_what_nobody_polls_for_is_passed_on(heard: list[int]) -> None:
    taken: list[int] = []
    with passed_on(lambda number: taken.append(number) is None):
        signal.raise_signal(SIGUSR1)
        signal.raise_signal(SIGTERM)
    assert (taken, heard) == ([SIGUSR1, SIGTERM], [])
    signal.raise_signal(SIGUSR1)
    assert heard == [SIGUSR1]


def test_what_is_not_taken_ends_the_command(heard: list[int]) -> None:
    with pytest.raises(click.exceptions.Exit) as ended, passed_on(not_taken):
        signal.raise_signal(SIGTERM)
    assert ended.value.exit_code == 128 + SIGTERM
    assert heard == []


def test_what_was_ignored_stays_so() -> None:
    before = signal.signal(SIGUSR1, signal.SIG_IGN)
    with passed_on(not_taken), Caught([SIGUSR1]) as caught:
        signal.raise_signal(SIGUSR1)
        assert caught.come() == []
    assert signal.signal(SIGUSR1, before) is signal.SIG_IGN
