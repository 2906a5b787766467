"""Histories of several clients: those that some order explains, and those that none does.

Each bad one is bad for one reason, and with that reason taken away it is good: so the check is neither
blind nor hasty.
"""

import pytest

from conman.core.restart import RestartName, RestartPolicy
from scenarios.clients import Ask
from scenarios.linearizability import ENDS, NEVER, REBOOT, RESTARTS, Call, check, environment
from scenarios.violation import Violation

ID, OTHER = "1" * 32, "2" * 32


def call(
    verb: str, asked: int, answered: int, answer: str = "ok", *, name: str = "web", to: str = ""
) -> Call:
    ids = (ID if name == "web" else OTHER,) if verb == "create" else ()
    return Call(Ask(verb, name, to=to), asked, answered, answer, ids)


def listed(asked: int, answered: int, **seen: str) -> Call:
    return Call(Ask("list", ""), asked, answered, "ok", seen=tuple(seen.items()))


RUNS = (call("create", 1, 2), call("start", 3, 4))

ALWAYS = RestartPolicy(RestartName.ALWAYS)


def about(ask: Ask, asked: int, answered: int, answer: str = "ok") -> Call:
    return Call(ask, asked, answered, answer, (ID,) if ask.verb == "create" else ())


#: It is to run again, and has ended.
ENDED = (
    about(Ask("create", "web", policy=ALWAYS), 1, 2),
    call("start", 3, 4),
    environment(ENDS, 5, container_id=ID),
    call("status", 6, 7, "EXITED"),
)
AGAIN = (environment(RESTARTS, 20, container_id=ID), call("status", 21, 22, "RUNNING"))
KILL = Ask("kill", "web", signal=9)
NOT_AGAIN = Ask("update", "web", policy=RestartPolicy())

GOOD = {
    "one after the other": (*RUNS, call("status", 5, 6, "RUNNING")),
    "two at once, either first": (*RUNS, call("stop", 5, 9), call("status", 6, 8, "EXITED")),
    "a program ends by itself": (
        *RUNS,
        environment(ENDS, 5, container_id=ID),
        call("status", 6, 7, "EXITED"),
    ),
    "its end is seen late": (
        *RUNS,
        environment(ENDS, 5, container_id=ID),
        call("status", 6, 7, "RUNNING"),
        call("status", 8, 9, "EXITED"),
    ),
    "an unanswered create took place": (
        call("create", 1, NEVER, ""),
        call("status", 2, 3, "CREATED"),
    ),
    "an unanswered create did not": (call("create", 1, NEVER, ""), listed(2, 3)),
    "a signal finds it ended": (
        *RUNS,
        environment(ENDS, 5, container_id=ID),
        call("kill", 6, 7, "NotRunning"),
    ),
    "a name held by a create that is undone": (
        call("create", 1, NEVER, ""),
        call("create", 2, 3, "NameTaken"),
        listed(4, 5),
    ),
    "a name looked up before another renames it": (
        *RUNS,
        call("stop", 5, 12),
        call("rename", 6, 7, to="site"),
        call("status", 8, 9, "RUNNING", name="site"),
        call("status", 13, 14, "EXITED", name="site"),
    ),
    "it runs again by its policy": (*ENDED, *AGAIN),
    "it is stopped while it does": (
        *ENDED,
        call("stop", 19, 30),
        *AGAIN,
        listed(31, 32, web="EXITED"),
    ),
    "it is stopped, and somebody starts it": (
        *ENDED,
        call("stop", 8, 9),
        call("start", 10, 11),
        *AGAIN,
    ),
    "a stop is refused, and it runs again": (*ENDED, call("kill", 8, 9, "WrongState"), *AGAIN),
    "other limits change nothing of it": (*ENDED, call("update", 8, 9), *AGAIN),
    "a reboot ends all": (*RUNS, environment(REBOOT, 5, until=6), listed(7, 8, web="EXITED")),
}

BAD = {
    "a later answer from an earlier time": (
        *RUNS,
        call("stop", 5, 6),
        call("status", 7, 8, "RUNNING"),
    ),
    "no moment between question and answer": (
        *RUNS,
        call("stop", 5, 12),
        call("status", 6, 7, "EXITED"),
        call("status", 8, 9, "RUNNING"),
    ),
    "nothing of the world justifies an end": (*RUNS, call("status", 5, 6, "EXITED")),
    "an end before it happened": (
        *RUNS,
        call("status", 5, 6, "EXITED"),
        environment(ENDS, 7, container_id=ID),
    ),
    "an end that justifies two": (
        *RUNS,
        environment(ENDS, 5, container_id=ID),
        call("status", 6, 7, "EXITED"),
        call("start", 8, 9),
        call("status", 10, 11, "EXITED"),
    ),
    "the end of another": (
        *RUNS,
        environment(ENDS, 5, container_id=OTHER),
        call("status", 6, 7, "EXITED"),
    ),
    "an unanswered create took place, and then not": (
        call("create", 1, NEVER, ""),
        call("status", 2, 3, "CREATED"),
        listed(4, 5),
    ),
    "two creates of one name": (
        call("create", 1, 5),
        Call(Ask("create", "web"), 2, 6, "ok", (OTHER,)),
    ),
    "a name that nobody has or wants": (call("create", 1, 2, "NameTaken"),),
    "ended for a signal, and then running": (
        *RUNS,
        environment(ENDS, 5, container_id=ID),
        call("kill", 6, 7, "NotRunning"),
        call("status", 8, 9, "RUNNING"),
    ),
    "alive after a reboot": (
        *RUNS,
        environment(REBOOT, 5, until=6),
        call("status", 7, 8, "RUNNING"),
    ),
    "stopped, and then it runs again": (*ENDED, call("stop", 8, 9), *AGAIN),
    "its end was asked for, and then it runs again": (
        *ENDED[:2],
        about(KILL, 5, 6),
        environment(ENDS, 7, container_id=ID),
        call("status", 8, 9, "EXITED"),
        *AGAIN,
    ),
    "its policy is taken back, and then it runs again": (*ENDED, about(NOT_AGAIN, 8, 9), *AGAIN),
    "without a policy it runs again": (*RUNS, *ENDED[2:], *AGAIN),
    "a list of two moments": (
        call("create", 1, 2),
        call("remove", 3, 4),
        call("create", 5, 6, name="site"),
        listed(7, 8, web="CREATED", site="CREATED"),
    ),
    "renamed, and still found by the old name": (
        *RUNS,
        call("rename", 5, 6, to="site"),
        call("status", 7, 8, "RUNNING"),
    ),
    "a refusal for the host's reasons, and nothing was wrong": (
        call("create", 1, 2, "HostFailed"),
    ),
}


@pytest.mark.parametrize("name", GOOD)
def test_an_order_explains(name: str) -> None:
    check(GOOD[name], disturbed=False)


@pytest.mark.parametrize("name", BAD)
def test_no_order_explains(name: str) -> None:
    with pytest.raises(Violation, match="no order of calls explains it") as found:
        check(BAD[name], disturbed=False)
    assert found.value.invariant == "I9"


def test_a_refusal_is_forgiven_where_the_host_failed() -> None:
    check((call("create", 1, 2, "HostFailed"), listed(3, 4)), disturbed=True)


def test_a_refusal_that_left_something_is_not() -> None:
    with pytest.raises(Violation):
        check((call("create", 1, 2, "HostFailed"), listed(3, 4, web="CREATED")), disturbed=True)


def test_a_search_without_end_is_a_violation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scenarios.linearizability.STEPS_AT_MOST", 2)
    with pytest.raises(Violation, match="does not come to its end"):
        check(GOOD["one after the other"], disturbed=False)
