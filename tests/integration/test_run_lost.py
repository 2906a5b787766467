"""RUN is taken away under a living conmand: it ends, says why, and the next one has its containers."""

import os
import signal
import subprocess
from collections.abc import Iterator

import pytest

from conman.host.linux import MNT_DETACH, mount, unmount
from tests.integration.one_conmand import RUNTIMES, Conmand, serving

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(params=RUNTIMES)
def conmand(request: pytest.FixtureRequest) -> Iterator[Conmand]:
    yield from serving(request.param)


@pytest.mark.parametrize("what", ["", "shims"])
def test_a_living_conmand_notices(conmand: Conmand, what: str) -> None:
    conmand.create("on", "/bin/sleep", "100")
    assert conmand.ctl("start", "on").code == 0
    pid = conmand.status("on")["pid"]
    # Not by shutil: conmand removes its own socket meanwhile.
    subprocess.run(["rm", "-rf", str(conmand.run / what)], check=True)
    assert conmand.died() == 1
    last = conmand.errors.read_text().splitlines()[-1]
    assert f" error    {conmand.run / what}" in last
    assert " is gone from its place, and conmand ends: start it again; containers go on" in last
    conmand.start()
    told = conmand.status("on")
    while "reason" not in told:  # it is known once a successor was tried
        told = conmand.status("on")
    assert (told["state"], told["reason"], told["pid"]) == ("RUNNING", "ShimLost", pid)
    assert conmand.ctl("stop", "--timeout", "0", "on").code == 0
    assert conmand.status("on")["exitCode"] in {137, 255}
    assert not [one for one in conmand.leftovers() if not one.startswith(f"file {conmand.data}")]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts")
def test_a_run_that_is_covered_is_no_more_believed(conmand: Conmand) -> None:
    conmand.create("on", "/bin/sleep", "100")
    assert conmand.ctl("start", "on").code == 0
    mount("tmpfs", str(conmand.run), "tmpfs", "")
    try:
        assert conmand.died() == 1
    finally:
        unmount(str(conmand.run), MNT_DETACH)
    conmand.start()
    assert conmand.status("on")["state"] == "RUNNING"
    assert "reason" not in conmand.status("on")


def test_what_conmand_itself_removes_is_no_loss(conmand: Conmand) -> None:
    conmand.create("gone", "/bin/true")
    assert conmand.ctl("start", "gone").code == 0
    assert conmand.ctl("remove", "--force", "gone").code == 0
    (conmand.run / "conmand.sock").unlink()
    assert conmand.terminate(signal.SIGTERM) == 0
