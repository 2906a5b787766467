"""DATA and RUN: locks, the stamp, whose RUN it is, directories that cannot be used."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from conman.core.layout import Layout
from conman.core.model import RootfsMode
from conman.errors import HostError, Refusal
from conman.host import linux
from conman.host.instance import claim, probe_rootfs_mode, settle_run
from conman.primitives import steps as s
from conman.primitives.fence import take
from tests.contract.real_host import RealHost, real_host

ID = "e" * 32


@pytest.fixture
def top() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="c", dir="/tmp") as path:
        yield Path(path)


@pytest.fixture
def layout(top: Path) -> Layout:
    for name in ("d", "r"):
        (top / name).mkdir()
    return Layout(f"{top}/d", f"{top}/r", "0a0b0c0d", "boot-1")


def refused(data: Path, run: Path) -> Refusal:
    with pytest.raises(HostError) as caught:
        claim(str(data), str(run), 0.1).close()
    return caught.value.refusal


# ---- locks -----------------------------------------------------------------------------------------


def test_directories_are_made_for_the_owner_alone(top: Path) -> None:
    held = claim(f"{top}/a/d", f"{top}/a/r")
    try:
        for name in ("d", "r"):
            assert (top / "a" / name).stat().st_mode & 0o777 == 0o700
            assert (top / "a" / name / "lock").read_text() == f"{os.getpid()}\n"
    finally:
        held.close()


@pytest.mark.parametrize(("data", "run", "kind"), [("d", "r2", "data"), ("d2", "r", "run")])
def test_a_second_daemon_is_told_of_the_first(top: Path, data: str, run: str, kind: str) -> None:
    held = claim(f"{top}/d", f"{top}/r")
    try:
        refusal = refused(top / data, top / run)
    finally:
        held.close()
    assert refusal.reason == "AlreadyRunning"
    assert f"(pid {os.getpid()}) uses the {kind} directory" in refusal.what
    claim(f"{top}/{data}", f"{top}/{run}", 0.1).close()


def test_a_lock_that_is_let_go_in_time_is_waited_for(top: Path) -> None:
    held = claim(f"{top}/d", f"{top}/r")
    code = "import sys\nfrom conman.host.instance import claim\nprint('trying', flush=True)\nclaim(*sys.argv[1:]).close()"
    second = subprocess.Popen(
        [sys.executable, "-c", code, f"{top}/d", f"{top}/r"], stdout=subprocess.PIPE
    )
    with second:
        assert second.stdout is not None
        second.stdout.readline()
        held.close()
        assert second.wait(timeout=10) == 0


def test_locks_do_not_outlive_an_exec(top: Path) -> None:
    held = claim(f"{top}/d", f"{top}/r")
    with subprocess.Popen(["sleep", "600"], close_fds=False) as child:
        try:
            held.close()
            claim(f"{top}/d", f"{top}/r", 0.1).close()
        finally:
            child.kill()


def test_one_directory_cannot_be_both(top: Path) -> None:
    assert "the same" in refused(top / "d", top / "d").what


def test_a_file_in_the_way(top: Path) -> None:
    (top / "d").write_text("")
    refusal = refused(top / "d", top / "r")
    assert str(top / "d") in refusal.what
    assert "--data-dir" in refusal.hint
    assert not (top / "r").exists()


def test_a_directory_that_may_not_be_written(top: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    (top / "d").mkdir(0o500)
    assert "Permission denied" in refused(top / "d", top / "r").what


# ---- whose RUN it is -------------------------------------------------------------------------------


def fill(layout: Layout) -> None:
    settle_run(layout)
    os.mkdir(layout.shim(ID, 1))
    for path in (layout.shim_lock(ID, 1), layout.call_lock(ID, 1, "create")):
        Path(path).write_text("")
    os.mkdir(layout.runtime_state(ID, 1))


def entries(layout: Layout) -> list[str]:
    return sorted(
        name
        for part in ("runtime", "calls", "shims")
        for name in os.listdir(f"{layout.run}/{part}")
    )


def test_the_places_are_made_and_stamped(layout: Layout) -> None:
    settle_run(layout)
    assert sorted(os.listdir(layout.run)) == ["calls", "runtime", "shims", "stamp"]
    assert sorted(os.listdir(layout.data)) == ["containers", "trash"]
    with open(f"{layout.run}/stamp", encoding="ascii") as file:
        assert json.load(file) == {
            "boot_id": "boot-1",
            "pid_namespace": linux.pid_namespace(),
            "instance": "0a0b0c0d",
            "has_lost_run": False,
        }


def test_a_run_that_went_under_living_runs_is_known_to_be_lost(layout: Layout) -> None:
    assert not settle_run(layout).has_lost_run
    shutil.rmtree(layout.run)
    os.mkdir(layout.run)
    assert settle_run(layout, lambda: True).has_lost_run
    # It stays known, whatever the store says later; but not beyond the boot.
    assert settle_run(layout, lambda: False).has_lost_run
    assert not settle_run(replace(layout, boot_id="boot-2"), lambda: False).has_lost_run


def test_a_part_of_run_that_went_is_noticed_too(layout: Layout) -> None:
    settle_run(layout)
    os.rmdir(f"{layout.run}/shims")
    assert settle_run(layout, lambda: True).has_lost_run
    assert sorted(os.listdir(layout.run)) == ["calls", "runtime", "shims", "stamp"]


def test_a_store_without_runs_of_this_boot_has_lost_nothing(layout: Layout) -> None:
    settle_run(layout)
    shutil.rmtree(layout.run)
    os.mkdir(layout.run)
    assert not settle_run(layout, lambda: False).has_lost_run


def test_on_the_same_boot_everything_stays(layout: Layout) -> None:
    fill(layout)
    before = entries(layout)
    settle_run(layout)
    assert entries(layout) == before
    assert len(before) == 3


def test_a_stamp_that_tells_of_no_loss_tells_of_none(layout: Layout) -> None:
    fill(layout)
    stamp = Path(f"{layout.run}/stamp")
    fields = json.loads(stamp.read_text())
    del fields["has_lost_run"]
    stamp.write_text(json.dumps(fields))
    assert not settle_run(layout).has_lost_run
    assert len(entries(layout)) == 3


def test_what_another_boot_left_goes(layout: Layout) -> None:
    fill(layout)
    Path(f"{layout.run}/conmand.sock").write_text("")
    settle_run(replace(layout, boot_id="boot-2"))
    assert entries(layout) == []
    assert os.path.exists(f"{layout.run}/conmand.sock")


def test_even_another_instance_s_leftovers_go_with_their_boot(layout: Layout) -> None:
    fill(layout)
    settle_run(replace(layout, boot_id="boot-2", instance="ffffffff"))
    assert entries(layout) == []


def test_a_living_instance_s_run_is_refused(layout: Layout) -> None:
    fill(layout)
    before = entries(layout)
    with pytest.raises(HostError, match="another instance \\(0a0b0c0d\\)"):
        settle_run(replace(layout, instance="ffffffff"))
    assert entries(layout) == before


@pytest.mark.parametrize("stamp", [None, b"", b"{}", b"[]", b'{"boot_id"', b"\xff"])
def test_content_without_a_readable_stamp_is_somebody_s(
    layout: Layout, stamp: bytes | None
) -> None:
    fill(layout)
    path = Path(f"{layout.run}/stamp")
    path.unlink()
    if stamp is not None:
        path.write_bytes(stamp)
    with pytest.raises(HostError, match="another instance \\(unknown\\)"):
        settle_run(layout)
    assert len(entries(layout)) == 3


def test_an_empty_run_may_be_taken_over(layout: Layout) -> None:
    settle_run(layout)
    settle_run(replace(layout, instance="ffffffff"))
    with open(f"{layout.run}/stamp", encoding="ascii") as file:
        assert json.load(file)["instance"] == "ffffffff"


@pytest.mark.parametrize("lock", ["shims/" + ID + "-1/alive", "calls/" + ID + "-1.create"])
def test_another_pid_namespace_s_run_is_taken_only_when_nobody_holds_a_lock(
    layout: Layout, lock: str
) -> None:
    fill(layout)
    stamp = Path(f"{layout.run}/stamp")
    stamp.write_text(json.dumps({**json.loads(stamp.read_text()), "pid_namespace": 1}))
    with open(f"{layout.run}/{lock}", "rb") as held:
        assert take(held.fileno())
        with pytest.raises(HostError, match="somebody holds the lock"):
            settle_run(layout)
    assert len(entries(layout)) == 3
    settle_run(layout)
    assert entries(layout) == []


# ---- the inventory ---------------------------------------------------------------------------------


@pytest.fixture
def host() -> Iterator[RealHost]:
    with real_host() as found:
        yield found


def listed(host: RealHost) -> s.Inventory:
    found = host.perform(s.ListHost())
    assert isinstance(found, s.Inventory), found
    return found


def test_an_empty_host(host: RealHost) -> None:
    assert listed(host) == s.Inventory()


def test_everything_that_bears_our_name(host: RealHost) -> None:
    run, data = host.layout.run, host.layout.data
    a, b, c, d, e, f = (letter * 32 for letter in "abcdef")
    for path in (f"{data}/containers/{a}", f"{data}/trash/{b}", f"{run}/shims/{c}-2"):
        os.mkdir(path)
    os.mkdir(f"{run}/runtime/{d}-10")
    Path(f"{run}/calls/{e}-1.start").write_text("")
    os.makedirs(f"{run}/runtime/.cgroups/conman-{host.layout.instance}/{f}-3")
    assert listed(host) == s.Inventory((a,), ((c, 2), (d, 10), (e, 1), (f, 3)), (b,))


@pytest.mark.skipif(os.geteuid() != 0, reason="cgroups need root")
def test_cgroups_of_ours_alone(host: RealHost) -> None:
    instance = host.layout.instance
    host.join(f"/conman-{instance}/{ID}-4", host.start().pid)
    host.join(f"/conman-{instance}/shims", host.start().pid)
    assert listed(host) == s.Inventory((), ((ID, 4),))
    host.join(f"/conman-{instance}/odd", host.start().pid)
    assert listed(host).unreadable == (f"cgroup /conman-{instance}/odd",)


@pytest.mark.parametrize(
    ("where", "name"),
    [
        ("d/containers", "x"),
        ("d/containers", "A" * 32),
        ("d/trash", "a" * 31),
        ("r/shims", "a" * 32),
        ("r/shims", "a" * 32 + "-0"),
        ("r/shims", "a" * 32 + "-1x"),
        ("r/runtime", "x-1"),
        ("r/calls", "a" * 32 + "-1"),
        ("r/calls", "a" * 32 + "-1."),
    ],
)
def test_what_is_no_id_is_told(host: RealHost, where: str, name: str) -> None:
    os.mkdir(f"{host.top}/{where}/{name}")
    assert listed(host) == s.Inventory(unreadable=(f"{host.top}/{where}/{name}",))


def test_what_cannot_be_listed_is_a_failure(host: RealHost) -> None:
    os.rmdir(f"{host.layout.run}/shims")
    Path(f"{host.layout.run}/shims").write_text("")
    assert isinstance(host.perform(s.ListHost()), s.Failed)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts need root")
def test_a_mount_has_an_owner_wherever_its_directory_goes(host: RealHost) -> None:
    rootfs = host.layout.rootfs(ID)
    for path in (rootfs, f"{host.top}/l", f"{host.top}/u", f"{host.top}/w"):
        os.makedirs(path)
    top = host.top
    assert isinstance(
        host.perform(s.MountOverlay(f"{top}/l", f"{top}/u", f"{top}/w", rootfs)), s.Done
    )
    assert listed(host).directories == (ID,)
    os.rename(host.layout.container(ID), f"{host.layout.trash()}/{ID}")
    assert listed(host) == s.Inventory((), (), (ID,))
    assert host.mounted(host.layout.trash()) == 1


def test_data_s_name_is_durable_before_anything_is_in_it(
    top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And so are those above it that were not there."""
    synced: list[tuple[str, list[str]]] = []
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        path = os.readlink(f"/proc/self/fd/{descriptor}")
        synced.append((path, os.listdir(path)))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    claim(f"{top}/a/b", f"{top}/r").close()
    assert synced[1:] == [(str(top), ["a"]), (f"{top}/a", ["b"])]
    synced.clear()
    claim(f"{top}/a/b", f"{top}/r").close()
    assert synced == []


def test_a_data_directory_that_a_killed_daemon_made_is_synced_too(
    top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []

    def noted(descriptor: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))

    monkeypatch.setattr(os, "fsync", noted)
    (top / "d").mkdir()
    claim(f"{top}/d", f"{top}/r").close()
    assert synced == [str(top)]


@pytest.mark.parametrize(
    ("error", "mode"),
    [("ENOSPC", RootfsMode.OVERLAY), ("EMFILE", RootfsMode.OVERLAY), ("EINVAL", RootfsMode.COPY)],
)
@pytest.mark.skipif(os.geteuid() != 0, reason="only root is believed to mount")
def test_what_befalls_any_call_says_nothing_of_overlays(error: str, mode: RootfsMode) -> None:
    def do(step: s.Step) -> s.Result:
        fails = isinstance(step, s.MountOverlay)
        return s.Failed(error, "so it is") if fails else s.Done()

    assert probe_rootfs_mode("/nowhere", do) == (mode, "so it is")
