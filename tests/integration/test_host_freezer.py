"""The freezers of v1 and v2 on the real kernel: both where both are mounted, as on a hybrid host.

A cgroup that is in v2's hierarchy only is frozen by v2's own freezer, though it has no controllers.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from conman.host import cgroups, freezer
from conman.primitives.mounts import Mount, cgroup_mounts
from conman.primitives.steps import Absent, Done

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="cgroups need root")

CGROUP = f"/conman-{os.getpid():08x}"
PATIENCE_MS = 10_000


def freezers() -> dict[str, Mount]:
    """Where each kind of freezer is mounted, if it is."""
    found: dict[str, Mount] = {}
    for mount in cgroup_mounts():
        if mount.kind == "cgroup2" or "freezer" in mount.options:
            found[mount.kind] = mount
    return found


@pytest.fixture(params=["cgroup", "cgroup2"])
def directory(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A cgroup in one hierarchy only."""
    mount = freezers().get(request.param)
    if mount is None:
        pytest.skip(f"no freezer of {request.param} is mounted here")
    path = Path(f"{mount.point}{CGROUP}")
    path.mkdir()
    if request.param == "cgroup2" and not (path / "cgroup.freeze").exists():
        path.rmdir()
        pytest.skip("this kernel's v2 has no freezer")
    yield path
    path.rmdir()


@pytest.fixture
def member(directory: Path) -> "Iterator[subprocess.Popen[bytes]]":
    with subprocess.Popen(["/bin/sh", "-c", "while :; do :; done"]) as child:
        (directory / "cgroup.procs").write_text(str(child.pid))
        yield child
        cgroups.thaw(CGROUP)
        child.kill()


def ticks(child: "subprocess.Popen[bytes]") -> int:
    fields = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def test_it_uses_no_processor(member: "subprocess.Popen[bytes]") -> None:
    assert not freezer.frozen(CGROUP)
    for _ in range(3):
        assert isinstance(freezer.freeze(CGROUP, PATIENCE_MS), Done)
        assert freezer.frozen(CGROUP)
        used, began = ticks(member), os.times().user
        while os.times().user - began < 0.1:
            pass
        assert ticks(member) == used
        cgroups.thaw(CGROUP)
        assert not freezer.frozen(CGROUP)
        while ticks(member) == used:
            pass


def test_a_cgroup_that_is_not_there() -> None:
    assert freezer.freeze(CGROUP, PATIENCE_MS) == Absent()
    assert not freezer.frozen(CGROUP)


def test_twice_is_once(member: "subprocess.Popen[bytes]") -> None:
    assert member.poll() is None
    for _ in range(2):
        assert isinstance(freezer.freeze(CGROUP, PATIENCE_MS), Done)
    for _ in range(2):
        cgroups.thaw(CGROUP)
    assert not freezer.frozen(CGROUP)
