"""Names that others give: of mounts, and of a container's own cgroups. None may end a daemon, or hide another."""

import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from conman.host import cgroups
from conman.primitives import mounts
from conman.primitives.mounts import Mount

#: What Python's splitlines() takes for the end of a line, or split() for what divides words, and the kernel does not.
ODD = "a\rb\vc\fd\x1ce\x85f\u2028g"

LINE = "36 35 98:0 / {point} rw,noatime shared:1 - cgroup2 none rw,nsdelegate\n"


def told(monkeypatch: pytest.MonkeyPatch, *points: str) -> None:
    data = "".join(LINE.format(point=point) for point in points).encode()
    monkeypatch.setattr(mounts, "_read", lambda: data)


def test_a_mount_point_may_be_called_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch, f"/{ODD}", "/with\\040space")
    wanted = [f"/{ODD}", "/with space"]
    assert list(mounts.points()) == wanted
    assert [found.point for found in mounts.mounts()] == wanted
    assert [found.point for found in mounts.cgroup_mounts()] == wanted
    assert mounts.on_top(f"/{ODD}") == Mount(f"/{ODD}", "cgroup2", ("rw", "nsdelegate"), True)


@pytest.mark.parametrize("line", ["36 35", LINE.format(point="/\\9"), "1 2 3 4 /here rw - "])
def test_a_line_that_is_not_understood_is_an_error_of_the_host(
    monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.setattr(mounts, "_read", f"{line.strip()}\n".encode)
    with pytest.raises(OSError, match="not understood"):
        list(mounts.mounts())


def hierarchies(monkeypatch: pytest.MonkeyPatch, *found: Mount) -> None:
    monkeypatch.setattr(cgroups, "cgroup_mounts", lambda: iter(found))


def test_a_containers_own_cgroup_may_be_called_anything(tmp_path: Path) -> None:
    file = tmp_path / "cgroup"
    file.write_bytes(f"1:name=systemd:/\n0::/conman/run/{ODD}\n".encode())
    assert cgroups._is_in("/conman/run", str(file))
    assert not cgroups._is_in("/conman/ru", str(file))


@pytest.fixture
def deep(tmp_path: Path) -> Iterator[Path]:
    """Nothing of it stays, however its test ends: what is too deep for pytest would fail another run's tests."""
    yield tmp_path
    subprocess.run(["rm", "-rf", tmp_path], check=True)


def test_cgroups_may_be_as_deep_as_a_path(deep: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hierarchies(monkeypatch, Mount(str(deep), "cgroup2", ("rw",), writable=True))
    here = f"{deep}/run"
    os.mkdir(here)
    for _ in range(1200):
        here += "/d"
        os.mkdir(here)
    assert cgroups.members("/run") == frozenset()
    assert len(list(cgroups._tree("/run"))) == 1201
    cgroups.remove("/run")
    assert os.listdir(deep) == []


def test_where_cgroups_are_mounted_read_only_there_is_nothing_to_remove(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """rmdir(2) says so there even of what is not there."""
    hierarchies(
        monkeypatch,
        Mount(f"{tmp_path}/ro", "cgroup2", ("rw",), writable=False),
        Mount(f"{tmp_path}/rw", "cgroup", ("rw", "pids"), writable=True),
    )
    rmdir = os.rmdir

    def removes(path: str) -> None:
        if path.startswith(f"{tmp_path}/ro"):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)
        rmdir(path)

    monkeypatch.setattr(os, "rmdir", removes)
    for kind in ("ro", "rw"):
        os.makedirs(f"{tmp_path}/{kind}/above/run")
    cgroups.remove("/above/run")
    cgroups.remove_parent("/above/run")
    assert os.listdir(tmp_path / "rw") == []
    assert os.listdir(tmp_path / "ro") == ["above"]
