"""Whoever waits for an end is told what the commit says that records it, also where the store failed at first."""

import pytest

from conman.core.admission import Now
from conman.core.effects import vocabulary as v
from conman.core.effects.effect import (
    Committed,
    DeadlinePassed,
    NotCommitted,
    Outcome,
    Unknown,
)
from conman.core.model import State, Stored
from conman.core.outputs import Alarm, InitEnded, Perform, Send
from conman.core.requests import ContainerStatus, ContainerView, WaitContainer
from tests.unit.one_machine import ID, NOW, ROW, Daemon, answered


@pytest.mark.parametrize("first", [NotCommitted("full"), Unknown("token")])
def test_of_an_end_that_the_store_took_the_second_time(first: Outcome) -> None:
    daemon = Daemon(Stored(containers=(ROW,), names=(("web", ID),)))
    assert daemon.machine.submit(1, WaitContainer("web"), NOW, bytes(16)) == []
    said = iter([first])
    reopened = iter([Unknown("token"), Committed()])
    left = [*daemon.machine.observe(InitEnded(ID, 2), NOW)]
    replies = list[object]()
    while left:
        match left.pop(0):
            case Perform(ticket, v.CommitExited()):
                left += daemon.machine.complete(ticket, next(said, Committed()), NOW)
            case Perform(ticket, v.ReopenStore()):
                left += daemon.machine.complete(ticket, next(reopened), NOW)
            case Perform(ticket, effect):
                left += daemon.machine.complete(ticket, answered(effect, daemon.found), NOW)
            case Alarm(ticket, at):
                assert replies == []
                left += daemon.machine.complete(ticket, DeadlinePassed(), Now(at, at))
            case Send(1, reply):
                replies.append(reply)
            case _:
                pass
    [told] = replies
    assert isinstance(told, ContainerView)
    assert told.container is not None
    assert (told.state, told.container.exit_code) == (State.EXITED, 3)
    assert daemon.asked(ContainerStatus("web")) == told
