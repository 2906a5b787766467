"""A shim stands still, and neither dies nor answers: it is ended, its container goes on, and nobody waits for ever.

As SIGSTOP makes one, or a disk that does not write. What ends here ends by deadlines of conman's own.
"""

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from conman.wire.v1 import conman_pb2 as wire
from scenarios.stages.daemon import SLOWER
from tests.integration.file_events import await_content
from tests.integration.one_conmand import RUNTIMES, Conmand, await_end
from tests.integration.test_execs import FOR_EVER, Asked, left
from tests.integration.test_shim_deaths import MARKER, UNKNOWN, ending, kernel_tells

pytestmark = pytest.mark.timeout(180)

#: What a shim that is silent is given, and something for everything else.
BOUND_S = 60 * SLOWER


@pytest.fixture(params=RUNTIMES)
def conmand(request: pytest.FixtureRequest) -> Iterator[Conmand]:
    top = Path(tempfile.mkdtemp(prefix="cm", dir="/tmp"))
    one = Conmand(top, "--runtime", request.param, "--runtime-timeout", "5")
    one.start()
    one.create("web", *FOR_EVER)
    assert one.ctl("start", "web").json == {}
    yield one
    one.end()


def hung(conmand: Conmand) -> int:
    """A pidfd of the shim, which stands still from here on."""
    handle = os.pidfd_open(conmand.shim_pid("web"))
    signal.pidfd_send_signal(handle, signal.SIGSTOP)
    return handle


def log(conmand: Conmand) -> str:
    return f"{conmand.data}/containers/{conmand.status('web')['containerId']}/log"


def test_a_stop_ends(conmand: Conmand) -> None:
    asked = Asked(conmand)
    exec_id = asked.begin(*FOR_EVER)
    shim = hung(conmand)
    with conmand.begin_ctl("stop", "--timeout", "0", "web") as stopping:
        assert stopping.wait(BOUND_S) == 0
    await_end(shim)
    ended = asked.status(exec_id)
    assert (ended.state, ended.exit_code, ended.reason) == (wire.EXEC_EXITED, *UNKNOWN)
    assert ending(conmand.status("web")) == ((137, "Error") if kernel_tells() else UNKNOWN)
    assert not left(conmand)


def test_an_exec_that_ends_is_told_and_its_container_goes_on_and_goes(conmand: Conmand) -> None:
    asked, before = Asked(conmand), conmand.status("web")
    first, second = asked.begin(*FOR_EVER), asked.begin(*FOR_EVER)
    shim = hung(conmand)
    os.kill(asked.status(first).pid, signal.SIGKILL)
    ended = asked.wait(first)
    assert (ended.exit_code, ended.reason) == UNKNOWN
    await_end(shim)
    await_content(log(conmand), lambda text: MARKER in text)
    assert conmand.status("web") == before
    assert asked.status(second).state == wire.EXEC_RUNNING
    with conmand.begin_ctl("remove", "--force", "web") as removing:
        assert removing.wait(BOUND_S) == 0
    assert not conmand.leftovers()


def test_who_is_to_be_removed_while_an_exec_has_just_ended_goes(conmand: Conmand) -> None:
    asked = Asked(conmand)
    exec_id = asked.begin(*FOR_EVER)
    shim = hung(conmand)
    os.kill(asked.status(exec_id).pid, signal.SIGKILL)
    with conmand.begin_ctl("remove", "--force", "web") as removing:
        assert removing.wait(BOUND_S) == 0
    await_end(shim)
    assert not conmand.leftovers()


def test_an_exec_that_is_to_begin_is_refused_and_its_container_goes_on(conmand: Conmand) -> None:
    asked, before = Asked(conmand), conmand.status("web")
    exec_id = asked.create(*FOR_EVER)
    shim = hung(conmand)
    with pytest.raises(grpc.RpcError) as raised:
        asked.start(exec_id)
    assert raised.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert "the shim that could begin it did not answer" in raised.value.details()
    await_end(shim)
    await_content(log(conmand), lambda text: MARKER in text)
    assert conmand.status("web") == before
    ended = asked.status(exec_id)
    assert (ended.exit_code, ended.reason) == (128, "ShimDied")
    assert not left(conmand)
