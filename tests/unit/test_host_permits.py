"""Which limits a host knows, by what its control groups show: v1's files, v2's controllers."""

from pathlib import Path

import pytest

from conman.core.permits import LIMITS
from conman.host import permits
from conman.primitives.mounts import Mount


@pytest.fixture
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "type[Host]":
    Host.top, Host.patch = tmp_path, monkeypatch
    return Host


class Host:
    top: Path
    patch: pytest.MonkeyPatch

    @classmethod
    def limits(cls, *mounts: Mount) -> tuple[str, ...]:
        cls.patch.setattr(permits, "cgroup_mounts", lambda: iter(mounts))
        return permits.probe_permits(has_cgroups=True).limits

    @classmethod
    def v1(cls, *files: str, options: tuple[str, ...], writable: bool = True) -> Mount:
        for file in files:
            (cls.top / file).touch()
        return Mount(str(cls.top), "cgroup", ("rw", *options), writable)

    @classmethod
    def v2(cls, controllers: str, **below: str) -> Mount:
        (cls.top / "cgroup.controllers").write_text(controllers)
        for name, files in below.items():
            (cls.top / name).mkdir()
            for file in files.split():
                (cls.top / name / file).touch()
        return Mount(str(cls.top), "cgroup2", ("rw",), writable=True)


def test_of_v1_the_files_tell(known: type[Host]) -> None:
    every = (
        "memory.limit_in_bytes",
        "memory.memsw.limit_in_bytes",
        "cpu.cfs_quota_us",
        "cpuset.cpus",
    )
    controllers = ("memory", "cpu", "cpuset", "pids")
    assert known.limits(known.v1(options=controllers)) == ("pids",)
    assert known.limits(known.v1("memory.limit_in_bytes", options=controllers)) == (
        "memory",
        "pids",
    )
    assert known.limits(known.v1(*every, options=controllers)) == LIMITS
    assert known.limits(known.v1(*every, options=("cpu",))) == ("cpu",)
    assert known.limits(known.v1(*every, options=controllers, writable=False)) == ()


def test_of_v2_the_controllers_tell(known: type[Host]) -> None:
    assert known.limits(known.v2("cpu pids")) == ("cpu", "pids")
    assert known.limits(known.v2("memory")) == ("memory", "swap")


def test_swap_is_known_by_what_lies_below(known: type[Host]) -> None:
    assert known.limits(known.v2("memory", a="memory.max", b="")) == ("memory",)
    assert known.limits(known.v2("memory", c="memory.max memory.swap.max")) == ("memory", "swap")


def test_what_is_not_there_is_not_known(known: type[Host]) -> None:
    assert known.limits(Mount(str(known.top), "cgroup2", (), writable=True)) == ()
    assert known.limits() == ()
    assert permits.probe_permits(has_cgroups=False).limits == ()
