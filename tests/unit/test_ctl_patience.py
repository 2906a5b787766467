"""When a call is tried again, without a clock."""

from hypothesis import given
from hypothesis import strategies as st

from conman.ctl.patience import Patience, new_request_id


def test_the_pauses_double_up_to_a_second() -> None:
    endless = Patience(None, None)
    pauses = [endless.pause(n, 0, 0) for n in range(1, 9)]
    assert pauses == [0.05, 0.1, 0.2, 0.4, 0.8, 1.0, 1.0, 1.0]


def test_each_limit_ends_it_alone() -> None:
    assert Patience(5, None).pause(9, 5, 1000) is None
    assert Patience(5, None).pause(9, 4.5, 1000) == 0.5
    assert Patience(None, 60).pause(9, 1000, 60) is None
    assert Patience(None, 60).pause(9, 1000, 59.75) == 0.25
    assert Patience(0, None).pause(1, 0, 0) is None
    assert Patience(None, None).pause(10**9, 1e9, 1e9) == 1.0


def test_a_try_gets_what_is_left_of_the_deadline() -> None:
    assert Patience(1, None).remaining(1e9) is None
    assert Patience(1, 60).remaining(20) == 40
    assert Patience(1, 60).remaining(61) == 0


@given(st.floats(0.1, 100), st.floats(0.1, 100))
def test_it_never_waits_past_a_limit(connect_s: float, deadline_s: float) -> None:
    patience = Patience(connect_s, deadline_s)
    elapsed, failures = 0.0, 0
    while (pause := patience.pause(failures + 1, elapsed, elapsed)) is not None:
        elapsed, failures = elapsed + pause, failures + 1
        assert failures < 1000
    assert elapsed <= min(connect_s, deadline_s) + 1e-9


def test_request_ids_are_32_hex_digits_and_differ() -> None:
    ids = {new_request_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(len(each) == 32 and set(each) <= set("0123456789abcdef") for each in ids)
