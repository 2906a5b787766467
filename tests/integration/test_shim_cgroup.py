"""The cgroup of the shims: what is in use is left alone at once, not waited for."""

import os
from collections.abc import Iterator
from contextlib import suppress

import pytest

from conman.host import shim_cgroup
from conman.host.shim_cgroup import ShimCgroup
from conman.primitives.mounts import cgroup_mounts

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="cgroups are made by root")

PARENT = f"/conman-test-{os.getpid()}"


@pytest.fixture
def places() -> Iterator[list[str]]:
    """The parent cgroup with the shims' one and a run's, in every hierarchy that is writable."""
    tops = [f"{mount.point}{PARENT}" for mount in cgroup_mounts() if mount.writable]
    if not tops:
        pytest.skip("no hierarchy of control groups is writable here")
    for top in tops:
        os.makedirs(f"{top}/shims")
        os.makedirs(f"{top}/run")
    yield tops
    for top in tops:
        for path in (f"{top}/shims", f"{top}/run", top):
            with suppress(FileNotFoundError):
                os.rmdir(path)


def test_a_parent_with_a_run_in_it_is_not_waited_for(
    places: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel says EBUSY of it too; one second for each of ten hierarchies was a long end."""

    def asleep(_seconds: float) -> None:
        raise AssertionError("it waited")

    monkeypatch.setattr(shim_cgroup.time, "sleep", asleep)
    ShimCgroup(f"{PARENT}/shims").remove()
    assert [os.listdir(top).count("shims") for top in places] == [0] * len(places)
    assert all(os.path.isdir(f"{top}/run") for top in places)
