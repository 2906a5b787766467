"""What several clients are told of one exec: histories that some order explains, and those that none does."""

from dataclasses import replace

import pytest

from scenarios.clients import MAKE_EXEC, OF_EXEC, Ask, Told
from scenarios.exec_orders import check
from scenarios.linearizability import NEVER, Call
from scenarios.specification import ABSENT, explains
from scenarios.violation import Violation

ONE, OTHER = "1" * 32, "2" * 32


def call(
    verb: str,
    asked: int,
    answered: int,
    answer: str = "ok",
    *,
    one: str = ONE,
    code: int | None = None,
) -> Call:
    is_new = verb in {"exec", "run-exec"}
    ids, about = ((one,), "") if is_new else ((), one)
    return Call(Ask(verb, "web"), asked, answered, answer, ids, about=about, code=code)


def status(asked: int, answer: str, code: int | None = None, *, one: str = ONE) -> Call:
    return call("exec-status", asked, asked + 1, answer, one=one, code=code)


BEGUN = (call("exec", 1, 2), call("start-exec", 3, 4))

GOOD = {
    "one after the other": (call("exec", 1, 2), status(3, "CREATED"), call("start-exec", 5, 6)),
    "two at once, either first": (*BEGUN, call("kill-exec", 5, 9), status(6, "EXITED", 137)),
    "asked before it was begun, told after it": (
        call("exec", 1, 2),
        call("exec-status", 3, 9, "CREATED"),
        call("start-exec", 4, 8),
    ),
    "another one's state": (*BEGUN, status(5, "EXITED", 0), status(7, "RUNNING", one=OTHER)),
    "never answered": (*BEGUN, status(5, "EXITED", 0), call("wait-exec", 7, NEVER, "")),
    "killed, and how it ended is unknown": (
        *BEGUN,
        replace(call("kill-exec", 5, 6), ask=Ask("kill-exec", "web", signal=9)),
        status(7, "EXITED", 255),
    ),
    "begun once more": (*BEGUN, call("start-exec", 5, 6, "ExecStarted"), status(7, "RUNNING")),
}

BAD = {
    "created again": (*BEGUN, status(5, "CREATED")),
    "begun in one call, and not begun": (call("run-exec", 1, 2), status(3, "CREATED")),
    "it runs again": (*BEGUN, status(5, "EXITED", 0), status(7, "RUNNING")),
    "refused for good, and it runs": (
        call("exec", 1, 2),
        call("start-exec", 3, 4, "ShimDied"),
        status(5, "RUNNING"),
    ),
    "killed before it was begun": (
        call("exec", 1, 2),
        call("kill-exec", 3, 4),
        status(5, "CREATED"),
    ),
    "streams of one that is over": (
        *BEGUN,
        status(5, "EXITED", 0),
        call("attach-exec", 7, 8),
    ),
    "killed, and it ended by itself": (
        *BEGUN,
        replace(call("kill-exec", 5, 6), ask=Ask("kill-exec", "web", signal=9)),
        status(7, "EXITED", 7),
    ),
    "two codes": (*BEGUN, status(5, "EXITED", 0), status(7, "EXITED", 255)),
}


@pytest.mark.parametrize("name", GOOD)
def test_some_order_explains_it(name: str) -> None:
    check(GOOD[name])


@pytest.mark.parametrize("name", BAD)
def test_no_order_explains_it(name: str) -> None:
    with pytest.raises(Violation) as raised:
        check(BAD[name])
    assert raised.value.invariant == ("I11" if name == "two codes" else "I9")


@pytest.mark.parametrize("verb", [*MAKE_EXEC, *OF_EXEC])
def test_where_no_container_is_there_is_no_exec(verb: str) -> None:
    told = Told(Ask(verb, "web"), "ContainerNotFound")
    assert explains((told,), rebooted=False, disturbed=False) == {"web": {ABSENT}}
