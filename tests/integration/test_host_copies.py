"""A copied root file system is the same root file system."""

import errno
import os
import socket
import stat
import time
from collections.abc import Callable, Iterator

import pytest

from conman.primitives import steps as s
from tests.contract.real_host import RealHost, real_host


@pytest.fixture
def host() -> Iterator[RealHost]:
    with real_host() as found:
        yield found


def copy(host: RealHost) -> tuple[str, str]:
    source, target = f"{host.top}/x", f"{host.top}/y"
    result = host.perform(s.CopyTree(source, target))
    assert isinstance(result, s.Done), result
    return source, target


def write(path: str, data: bytes = b"") -> None:
    with open(path, "wb") as file:
        file.write(data)


@pytest.fixture
def source(host: RealHost) -> str:
    path = f"{host.top}/x"
    os.mkdir(path)
    return path


def test_modes_times_and_setuid(host: RealHost, source: str) -> None:
    write(f"{source}/f", b"1")
    os.mkdir(f"{source}/d")
    write(f"{source}/d/inside")
    os.chmod(f"{source}/f", 0o4751)  # noqa: S103
    os.chmod(f"{source}/d", 0o1777)  # noqa: S103
    for path in (f"{source}/f", f"{source}/d", source):
        os.utime(path, ns=(1_000_000_007, 2_000_000_009))
    _, target = copy(host)
    for name in ("f", "d", ""):
        old, new = os.stat(f"{source}/{name}"), os.stat(f"{target}/{name}")
        assert (old.st_mode, old.st_mtime_ns) == (new.st_mode, new.st_mtime_ns), name


def test_no_file_is_left_open(host: RealHost, source: str) -> None:
    write(f"{source}/f", b"1")
    before = sorted(os.listdir("/proc/self/fd"))
    copy(host)
    assert sorted(os.listdir("/proc/self/fd")) == before


def test_links(host: RealHost, source: str) -> None:
    write(f"{source}/a", b"1")
    os.mkdir(f"{source}/d")
    os.link(f"{source}/a", f"{source}/d/b")
    os.symlink("/etc/passwd", f"{source}/s")
    os.symlink("absent", f"{source}/dangling")
    os.symlink("d", f"{source}/to-d")
    _, target = copy(host)
    assert os.path.samefile(f"{target}/a", f"{target}/d/b")
    assert not os.path.samefile(f"{source}/a", f"{target}/a")
    assert os.readlink(f"{target}/s") == "/etc/passwd"
    assert os.readlink(f"{target}/dangling") == "absent"
    assert os.readlink(f"{target}/to-d") == "d"


def test_holes_stay_holes(host: RealHost, source: str) -> None:
    with open(f"{source}/f", "wb") as file:
        file.seek(50 * 2**20)
        file.write(b"middle")
        file.truncate(100 * 2**20)
    write(f"{source}/empty")
    with open(f"{source}/only-a-hole", "wb") as file:
        file.truncate(10 * 2**20)
    _, target = copy(host)
    found = os.stat(f"{target}/f")
    assert found.st_size == 100 * 2**20
    assert found.st_blocks * 512 < 2**20
    with open(f"{target}/f", "rb") as file:
        file.seek(50 * 2**20)
        assert file.read(8) == b"middle\0\0"
    assert os.stat(f"{target}/only-a-hole").st_size == 10 * 2**20
    assert os.stat(f"{target}/empty").st_size == 0


def test_fifos_and_sockets(host: RealHost, source: str) -> None:
    os.mkfifo(f"{source}/p", 0o640)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{source}/s")
    _, target = copy(host)
    assert stat.S_ISFIFO(os.stat(f"{target}/p").st_mode)
    assert stat.S_IMODE(os.stat(f"{target}/p").st_mode) == 0o640
    assert stat.S_ISSOCK(os.stat(f"{target}/s").st_mode)


def test_user_attributes(host: RealHost, source: str) -> None:
    write(f"{source}/f")
    try:
        os.setxattr(f"{source}/f", "user.conman", b"1")
    except OSError as error:
        pytest.skip(f"no user attributes on this file system: {error}")
    _, target = copy(host)
    assert os.getxattr(f"{target}/f", "user.conman") == b"1"


def test_names_that_are_no_text(host: RealHost, source: str) -> None:
    write(f"{source}/" + os.fsdecode(b"\xff\xfe"), b"1")
    _, target = copy(host)
    assert os.listdir(os.fsencode(target)) == [b"\xff\xfe"]


def test_deep_trees(host: RealHost, source: str) -> None:
    for depth in range(1, 1501):
        os.mkdir(source + "/d" * depth)
    _, target = copy(host)
    assert os.path.isdir(target + "/d" * 1500)


def test_a_link_to_a_directory_is_a_source_too(host: RealHost, source: str) -> None:
    write(f"{source}/f")
    os.symlink(source, f"{host.top}/link")
    result = host.perform(s.CopyTree(f"{host.top}/link", f"{host.top}/z"))
    assert isinstance(result, s.Done)
    assert os.listdir(f"{host.top}/z") == ["f"]


@pytest.mark.skipif(os.geteuid() != 0, reason="owners and devices need root")
def test_what_only_root_can_copy(host: RealHost, source: str) -> None:
    write(f"{source}/f", b"1")
    os.chown(f"{source}/f", 1000, 1001)
    os.chmod(f"{source}/f", 0o4755)  # noqa: S103
    os.setxattr(f"{source}/f", "security.capability", bytes.fromhex("0100000200040000" + "00" * 12))
    os.mknod(f"{source}/null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    os.chmod(f"{source}/null", 0o666)  # noqa: S103
    os.symlink("x", f"{source}/l")
    os.lchown(f"{source}/l", 7, 8)
    _, target = copy(host)
    found = os.stat(f"{target}/f")
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (1000, 1001, 0o4755)
    assert os.getxattr(f"{target}/f", "security.capability")[4] == 0
    assert os.stat(f"{target}/null").st_rdev == os.makedev(1, 3)
    assert stat.S_IMODE(os.stat(f"{target}/null").st_mode) == 0o666
    assert os.lstat(f"{target}/l").st_uid == 7


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts need root")
def test_mounts_inside_are_not_entered(host: RealHost, source: str) -> None:
    for name in ("x/m", "lower", "upper", "work"):
        os.mkdir(f"{host.top}/{name}")
    write(f"{host.top}/lower/f")
    step = s.MountOverlay(*(f"{host.top}/{name}" for name in ("lower", "upper", "work", "x/m")))
    assert isinstance(host.perform(step), s.Done)
    _, target = copy(host)
    assert os.listdir(f"{target}/m") == []


def test_a_file_that_may_not_be_read_is_a_failure(host: RealHost, source: str) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    write(f"{source}/f")
    os.chmod(f"{source}/f", 0)
    result = host.perform(s.CopyTree(source, f"{host.top}/y"))
    assert isinstance(result, s.Failed)
    assert result.error == "EACCES"
    assert "x/f" in result.text


def test_the_copy_s_times_do_not_depend_on_when(host: RealHost, source: str) -> None:
    old = time.time_ns() - 10**12
    write(f"{source}/f")
    os.utime(source, ns=(old, old))
    _, target = copy(host)
    assert os.stat(target).st_mtime_ns == old


def test_an_attribute_that_cannot_be_copied_costs_no_other(
    host: RealHost, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(f"{source}/f")
    for name in ("user.a", "user.b", "user.c"):
        os.setxattr(f"{source}/f", name, b"1")
    setxattr = os.setxattr

    def refused(path: str, name: str, value: bytes, *, follow_symlinks: bool) -> None:
        if name == os.listxattr(f"{source}/f")[0]:
            raise OSError(errno.EOPNOTSUPP, "so it is", path)
        setxattr(path, name, value, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(os, "setxattr", refused)
    _, target = copy(host)
    assert os.listxattr(f"{target}/f") == os.listxattr(f"{source}/f")[1:]


@pytest.mark.parametrize("moment", ["mkdir", "open", "lstat"])
def test_a_link_that_takes_a_directory_s_place_is_not_followed(
    host: RealHost, source: str, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Whenever its owner does it: before it is made, once it was entered, or as its neighbour is copied."""
    secret = f"{host.top}/secret"
    for path in (secret, f"{source}/d"):
        os.mkdir(path)
    write(f"{secret}/key")
    write(f"{source}/z")
    real: Callable[..., object] = getattr(os, moment)
    left = [f"{source}/d"]

    def swapping(path: str, *arguments: object, **named: object) -> object:
        result = real(path, *arguments, **named)
        if left and path.endswith("/y/z" if moment == "open" else "/d"):
            os.rename(left[0], f"{host.top}/aside")
            os.symlink(secret, left.pop())
        return result

    with monkeypatch.context() as patched:
        patched.setattr(os, moment, swapping)
        host.perform(s.CopyTree(source, f"{host.top}/y"))
    assert os.path.islink(f"{source}/d")
    assert not os.path.exists(f"{host.top}/y/d/key")


def test_a_failure_names_the_file_that_it_is_about(
    host: RealHost, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.makedirs(f"{source}/d/e")
    write(f"{source}/d/e/f", b"1")
    lstat = os.lstat

    def refused(path: str) -> os.stat_result:
        if path.endswith("/f"):
            raise OSError(errno.EIO, "so it is", path)
        return lstat(path)

    monkeypatch.setattr(os, "lstat", refused)
    result = host.perform(s.CopyTree(source, f"{host.top}/y"))
    assert result == s.Failed("EIO", f"so it is: {source}/d/e/f")
