"""Overlay mounts on the real kernel: odd paths, the same mount again, a busy one, a deep pile."""

import logging
import os
from collections.abc import Iterator

import pytest

from conman.core.model import RootfsMode
from conman.host import linux, mounts, roots
from conman.host.instance import probe_rootfs_mode
from conman.primitives import steps as s
from tests.contract.real_host import RealHost, real_host

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="mount(2) needs root")


@pytest.fixture
def host() -> Iterator[RealHost]:
    with real_host() as found:
        yield found


def overlay(top: str) -> s.MountOverlay:
    lower, upper, work, target = (f"{top}/{name}" for name in ("lower", "upper", "work", "target"))
    for path in (top, lower, upper, work, target):
        os.makedirs(path, exist_ok=True)
    with open(f"{lower}/from-below", "w", encoding="ascii"):
        pass
    return s.MountOverlay(lower, upper, work, target)


@root_only
@pytest.mark.parametrize(
    "name", ["plain", "l:o,w", "b\\s", "\\,:", "sp ace\ttab", "x=y,upperdir=", "ü"]
)
def test_any_path_can_be_mounted_and_is_known_again(host: RealHost, name: str) -> None:
    step = overlay(f"{host.top}/{name}")
    for _ in range(2):
        assert isinstance(host.perform(step), s.Done)
        assert os.listdir(step.target) == ["from-below"]
        assert host.mounted(step.target) == 1
    with open(f"{step.target}/new", "w", encoding="ascii"):
        pass
    assert os.listdir(step.upper) == ["new"]
    assert isinstance(host.perform(s.Unmount(step.target)), s.Done)
    assert host.mounted(host.top) == 0


@root_only
def test_what_is_mounted_is_opened_as_it_is_then(host: RealHost) -> None:
    """What is opened stays it, when the mount is gone and its place is found empty."""
    step = overlay(f"{host.top}/one")
    assert roots.of_mount(step.target) is None
    assert isinstance(host.perform(step), s.Done)
    root = roots.of_mount(step.target)
    assert root is not None
    linux.unmount(step.target, linux.MNT_DETACH)
    assert roots.of_mount(step.target) is None
    assert os.listdir(f"/proc/self/fd/{root}") == ["from-below"]
    os.close(root)
    assert roots.of_mount(f"{host.top}/nowhere") is None


@root_only
def test_another_mount_in_its_place_is_no_success(host: RealHost) -> None:
    step, other = overlay(f"{host.top}/a"), overlay(f"{host.top}/b")
    assert isinstance(host.perform(step), s.Done)
    moved = s.MountOverlay(other.lower, other.upper, other.work, step.target)
    result = host.perform(moved)
    assert isinstance(result, s.Failed)
    assert result.error == "EBUSY"


@root_only
def test_the_wanted_overlay_has_the_plain_options(host: RealHost) -> None:
    step = overlay(f"{host.top}/a")
    host.perform(step)
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        [line] = [line for line in file if step.target in line.split()[4]]
    for option in ("volatile", "index=on", "metacopy=on", "redirect_dir=on", "xino=on"):
        assert option not in line


@root_only
def test_a_missing_directory_is_told(host: RealHost) -> None:
    step = overlay(f"{host.top}/a")
    os.rmdir(step.upper)
    result = host.perform(step)
    assert isinstance(result, s.Failed)
    assert result.error == "ENOENT"
    assert host.mounted(host.top) == 0


def test_paths_that_do_not_fit_are_told_not_cut(host: RealHost) -> None:
    result = host.perform(s.MountOverlay("/" + "x" * 4096, "/u", "/w", host.top))
    assert isinstance(result, s.Failed)
    assert result.error == "ENAMETOOLONG"


def test_nothing_mounted_is_done(host: RealHost) -> None:
    assert isinstance(host.perform(s.Unmount(host.top)), s.Done)
    assert isinstance(host.perform(s.Unmount(f"{host.top}/absent")), s.Done)


@root_only
def test_everything_below_goes_and_nothing_beside(
    host: RealHost, caplog: pytest.LogCaptureFixture
) -> None:
    outer, beside = overlay(f"{host.top}/a"), overlay(f"{host.top}/a-b")
    host.perform(outer)
    inner = overlay(f"{host.top}/c")
    os.mkdir(f"{outer.target}/inside")
    host.perform(s.MountOverlay(inner.lower, inner.upper, inner.work, f"{outer.target}/inside"))
    host.perform(beside)
    assert isinstance(host.perform(s.Unmount(f"{host.top}/a")), s.Done)
    assert host.mounted(f"{host.top}/a") == 0
    assert host.mounted(beside.target) == 1
    assert not caplog.text, "the deepest first: nothing had to be detached"


@root_only
def test_a_busy_mount_is_detached_and_it_is_said_why(
    host: RealHost, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mounts, "_BUSY_S", 0.05)
    step = overlay(f"{host.top}/a")
    host.perform(step)
    descriptor = os.open(f"{step.target}/from-below", os.O_RDONLY)
    try:
        with caplog.at_level(logging.WARNING):
            assert isinstance(host.perform(s.Unmount(step.target)), s.Done)
    finally:
        os.close(descriptor)
    assert host.mounted(step.target) == 0
    assert "still uses it" in caplog.text


@root_only
def test_a_link_is_not_followed(host: RealHost) -> None:
    step = overlay(f"{host.top}/a")
    host.perform(step)
    os.symlink(f"{host.top}/a", f"{step.target}/link")
    assert isinstance(host.perform(s.Unmount(f"{host.top}/a/target")), s.Done)


@root_only
def test_the_probe_finds_overlay_here_and_leaves_nothing(host: RealHost) -> None:
    assert probe_rootfs_mode(host.layout.data, host.perform) == (RootfsMode.OVERLAY, "")
    assert "probe" not in os.listdir(host.layout.data)


@root_only
def test_the_probe_s_failure_has_a_reason(host: RealHost) -> None:
    """An overlay cannot be the upper of another one."""
    step = overlay(f"{host.top}/a")
    host.perform(step)
    mode, why = probe_rootfs_mode(step.target, host.perform)
    assert mode is RootfsMode.COPY
    assert why
    assert os.listdir(step.target) == ["from-below"]
