"""What a user names is looked at without trusting whoever owns it: no way out of a root, no FIFO opened."""

import os
from pathlib import Path

import pytest

from conman.core.permits import CAPABILITIES, RLIMITS
from conman.host.looking import LARGEST_FILE
from conman.host.permits import probe_permits
from conman.primitives import steps as s
from tests.contract.real_host import real_host


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text("the host's")
    (tmp_path / "root" / "etc").mkdir(parents=True)
    return tmp_path / "root"


def perform(step: s.Step) -> s.Result:
    with real_host() as host:
        return host.perform(step)


@pytest.mark.parametrize(
    "target", ["../../secret", "{top}/secret", "/../../secret", "../x/../../secret"]
)
def test_a_link_does_not_lead_out(root: Path, target: str) -> None:
    (root / "x").mkdir()
    (root / "etc" / "passwd").symlink_to(target.format(top=root.parent))
    assert perform(s.ReadInRoot(str(root), "/etc/passwd")) == s.Absent()


def test_a_directory_that_is_a_link_does_not_either(root: Path) -> None:
    (root / "etc").rmdir()
    (root / "etc").symlink_to(root.parent)
    (root.parent / "passwd").write_text("the host's")
    assert perform(s.ReadInRoot(str(root), "/etc/passwd")) == s.Absent()


def test_a_link_within_is_followed(root: Path) -> None:
    (root / "etc" / "real").write_text("here")
    (root / "etc" / "passwd").symlink_to("/etc/real")
    assert perform(s.ReadInRoot(str(root), "/etc/passwd")) == s.Content(b"here")


def test_what_is_no_file_is_not_opened(root: Path) -> None:
    """A FIFO without a writer would hold us for ever."""
    os.mkfifo(root / "etc" / "passwd")
    found = perform(s.ReadInRoot(str(root), "/etc/passwd"))
    assert isinstance(found, s.Failed)
    assert found.error == "EINVAL"


def test_a_link_into_proc_is_refused(root: Path) -> None:
    (root / "etc" / "passwd").symlink_to("/proc/self/fd/0")
    assert perform(s.ReadInRoot(str(root), "/etc/passwd")) == s.Absent()


def test_a_huge_file_is_not_read(root: Path) -> None:
    with (root / "etc" / "passwd").open("wb") as file:
        file.truncate(LARGEST_FILE + 1)
    found = perform(s.ReadInRoot(str(root), "/etc/passwd"))
    assert isinstance(found, s.Failed)
    assert found.error == "EFBIG"
    os.truncate(root / "etc" / "passwd", LARGEST_FILE)
    found = perform(s.ReadInRoot(str(root), "/etc/passwd"))
    assert isinstance(found, s.Content)
    assert len(found.data) == LARGEST_FILE


def test_device_nodes_of_the_host() -> None:
    null = os.stat("/dev/null")
    found = perform(s.FindDevices("/dev/null"))
    assert isinstance(found, s.Devices)
    [node] = found.nodes
    assert (node.path, node.kind, node.major, node.minor) == ("/dev/null", "c", 1, 3)
    assert (node.mode, node.uid) == (null.st_mode & 0o7777, null.st_uid)
    everything = perform(s.FindDevices("/dev"))
    assert isinstance(everything, s.Devices)
    paths = [node.path for node in everything.nodes]
    assert "/dev/null" in paths
    assert "/dev/console" not in paths
    assert not [path for path in paths if path.startswith(("/dev/pts/", "/dev/shm/"))]


def test_what_cannot_be_entered_is_told(root: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may enter everything")
    root.chmod(0)
    try:
        found = perform(s.CheckPath(f"{root}/etc"))
    finally:
        root.chmod(0o700)
    assert isinstance(found, s.Failed)
    assert found.error == "EACCES"


def test_what_the_host_permits() -> None:
    found = probe_permits(has_cgroups=False)
    assert found.limits == ()
    assert set(found.capabilities) <= set(CAPABILITIES)
    assert {name for name, _ in found.hard_limits} <= {f"RLIMIT_{n.upper()}" for n in RLIMITS}
    raises = "CAP_SYS_RESOURCE" in found.capabilities
    assert (found.lowest_oom_score_adj == -1000) or not raises
    assert (found.hard_limits == ()) or not raises
