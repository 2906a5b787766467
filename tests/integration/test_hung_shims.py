"""A shim stands still, and neither dies nor answers: it is ended, its container goes on, and nobody waits for ever.

As SIGSTOP makes one, or a disk that does not write. What ends here ends by deadlines of conman's own.
"""

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

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


@pytest.fixture
def conmand(request: pytest.FixtureRequest) -> Iterator[Conmand]:
    """Over fakerunc where nothing else is said: a shim is the same over any, and each test waits half a minute."""
    top = Path(tempfile.mkdtemp(prefix="cm", dir="/tmp"))
    runtime = getattr(request, "param", "fakerunc")
    one = Conmand(top, "--runtime", runtime, "--runtime-timeout", "5")
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


@pytest.mark.parametrize("conmand", RUNTIMES, indirect=True)
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
