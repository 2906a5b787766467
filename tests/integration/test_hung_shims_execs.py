"""A shim stands still whose exec is to begin, or has just ended; apart from the others, for each waits half a minute."""

import os
import signal

import grpc
import pytest

from tests.integration.file_events import await_content
from tests.integration.one_conmand import Conmand, await_end
from tests.integration.test_execs import FOR_EVER, Asked, left
from tests.integration.test_hung_shims import BOUND_S, conmand, hung, log
from tests.integration.test_shim_deaths import MARKER

__all__ = ["conmand"]

pytestmark = pytest.mark.timeout(180)


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
