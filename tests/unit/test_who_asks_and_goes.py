"""Whoever waits and goes away is forgotten: a run may last for years, and be asked about every second."""

import pytest

from conman.core.admission import Setting
from conman.core.execs import Exec, ExecSpec, ExecState
from conman.core.layout import Layout
from conman.core.machine import Machine
from conman.core.model import Stored
from conman.core.outputs import InitEnded, Send
from conman.core.requests import ListContainers, Request, StopContainer, WaitContainer, WaitExec
from conman.core.spec import Resolved
from conman.frozen import replace
from tests.unit.one_machine import ID, NOW, ROW, Daemon

EXEC = Exec("e" * 32, 2, ExecSpec("true"), Resolved(), ExecState.CREATED)
STORED = Stored((replace(ROW, execs=(EXEC,)),), names=(("web", ID),))


def told(daemon: Daemon, call: int) -> list[object]:
    return [one.reply for one in daemon.out if isinstance(one, Send) and one.call == call]


@pytest.mark.parametrize(
    "question", [WaitContainer("web"), WaitContainer("web", removed=True), WaitExec("web", EXEC.id)]
)
def test_nobody_is_left_of_a_thousand_who_wait_and_go(question: Request) -> None:
    daemon = Daemon(STORED)
    before = Daemon(STORED).machine._readers.__dict__
    for call in range(1, 1001):
        assert daemon.machine.submit(call, question, NOW, bytes(16)) == []
        daemon.machine.forget(call)
    assert daemon.machine._readers.__dict__ == before


def test_whoever_stays_is_told() -> None:
    daemon = Daemon(STORED)
    for call in (2, 3):
        assert daemon.machine.submit(call, WaitContainer("web"), NOW, bytes(16)) == []
    daemon.machine.forget(2)
    daemon.follow(daemon.machine.observe(InitEnded(ID, 2), NOW))
    assert told(daemon, 2) == []
    assert len(told(daemon, 3)) == 1


def test_while_an_end_is_not_committed() -> None:
    """Such a question waits, too."""
    daemon = Daemon(STORED)
    left = daemon.machine.observe(InitEnded(ID, 2), NOW)
    for call in (2, 3):
        assert daemon.machine.submit(call, ListContainers(), NOW, bytes(16)) == []
    daemon.machine.forget(2)
    daemon.follow(left)
    assert told(daemon, 2) == []
    assert len(told(daemon, 3)) == 1


def test_before_conmand_is_ready() -> None:
    """What changes something goes on without whoever asked; a question is nobody's."""
    machine = Machine(Setting(Layout("/d", "/r", "0" * 8, "boot"), "runc"))
    daemon = Daemon(Stored())
    daemon.out.clear()
    daemon.machine = machine
    recovering = machine.boot(STORED, NOW)
    stop = StopContainer("r" * 32, "d", "web", 0)
    for call, request in ((2, ListContainers()), (3, stop)):
        assert machine.submit(call, request, NOW, bytes(16)) == []
        machine.forget(call)
    daemon.follow(recovering)
    assert told(daemon, 2) == []
    assert len(told(daemon, 3)) == 1
