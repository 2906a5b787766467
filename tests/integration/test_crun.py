"""crun under the real daemon, the real one and fakerunc's: its life, its words, and kills around its calls.

crun refuses hosts that have controllers of cgroup v1 and a v2 hierarchy beside them. There it is called
by a wrapper that takes the v2 hierarchy out of its sight, in a mount namespace of its own: so this also
shows that a runtime may be a script.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from conman.primitives.mounts import cgroup_mounts
from tests.integration.one_conmand import Conmand
from tests.integration.runc_callers import installed

pytestmark = [
    pytest.mark.timeout(180),
]
_REAL = [
    pytest.mark.skipif(os.geteuid() != 0, reason="real crun needs root"),
    pytest.mark.skipif(shutil.which("crun") is None, reason="crun is not installed"),
]

WRAPPER = """#!/bin/sh
exec unshare --mount sh -c 'umount {hidden} && exec crun "$@"' crun "$@"
"""


@pytest.fixture(params=[pytest.param("crun", marks=_REAL), "fakerunc"])
def conmand(request: pytest.FixtureRequest) -> Iterator[Conmand]:
    top = Path(tempfile.mkdtemp(prefix="cr", dir="/tmp"))
    one = Conmand(top, "--runtime", runtime(top) if request.param == "crun" else fake(top))
    one.start()
    yield one
    one.end()


def runtime(top: Path) -> str:
    kinds = {mount.kind: mount.point for mount in cgroup_mounts()}
    if len(kinds) < 2:
        return "crun"
    wrapper = top / "crun"
    wrapper.write_text(WRAPPER.format(hidden=kinds["cgroup2"]))
    wrapper.chmod(0o755)
    return str(wrapper)


def fake(top: Path) -> str:
    program = installed(top, "crun")
    (Path(program).parent / "fakerunc.conf").write_text("flavour = crun\n")
    return program


def test_a_start_that_did_it_leaves_no_fifo(conmand: Conmand) -> None:
    """So its answer is believed, and the program is not stopped to be looked at."""
    conmand.create("c", "/bin/sleep", "100")
    assert conmand.ctl("start", "c").code == 0
    told = conmand.record.read_text()
    assert "LookAtExecFifo" in told
    assert "StopInit" not in told


def test_a_life(conmand: Conmand) -> None:
    conmand.create("short", "/bin/sh", "-c", "echo out; exit 7")
    assert conmand.ctl("start", "short").code == 0
    assert conmand.ctl("wait", "short").json["status"]["exitCode"] == 7
    assert "stdout F out" in Path(conmand.status("short")["logPath"]).read_text()
    conmand.create("long", "/bin/sleep", "100")
    assert conmand.ctl("start", "long").code == 0
    pid = conmand.status("long")["pid"]
    conmand.kill()
    conmand.start()
    assert conmand.status("long")["pid"] == pid
    assert conmand.ctl("kill", "--signal", "KILL", "long").code == 0
    assert conmand.ctl("wait", "long").json["status"]["exitCode"] == 137
    assert conmand.ctl("start", "long").code == 0
    assert conmand.ctl("stop", "--timeout", "0", "long").code == 0
    assert conmand.status("long")["run"] == 2
    for name in ("short", "long"):
        assert conmand.ctl("remove", name).code == 0
    assert conmand.leftovers() == []


def test_its_words(conmand: Conmand) -> None:
    (conmand.rootfs / "bin" / "text").write_text("")
    for program, said in (
        ("/bin/none", "is not in the root file system"),
        ("none", "is not in the root file system"),
        ("/bin/text", "cannot be executed"),
        ("/bin", "cannot be executed"),
    ):
        words = ("--rootfs", str(conmand.rootfs), "c", "--", program)
        refused = conmand.ctl("create", *words)
        assert refused.code == 1
        assert said in refused.error
    assert conmand.states() == {}
    assert conmand.leftovers() == []


@pytest.mark.parametrize(
    ("point", "state"),
    [
        ("create-container/RuntimeCreate/after", None),
        ("create-container/CommitCreated/after", "CREATED"),
        ("start-container/RuntimeStart/before", "CREATED"),
        ("start-container/RuntimeStart/after", "RUNNING"),
    ],
)
def test_killed_at_a_point(conmand: Conmand, point: str, state: str | None) -> None:
    conmand.dies_at(point, state)
