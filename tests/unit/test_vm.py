"""The VM stage as far as it needs no machine: a box's name, what is missing, what a person is told."""

import contextlib
import os
import threading
from pathlib import Path
from typing import Any, cast

import pytest

from vm import __main__ as command
from vm import box, guests, hypervisor, places, steps, suite
from vm.hypervisor import Hypervisor
from vm.trouble import Trouble

VAGRANTS = """Host default
  HostName 192.168.141.2
  User vagrant
"""


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "packages").write_text("runc\n")
    monkeypatch.setattr(box, "RECIPE", tmp_path)
    return tmp_path


def test_another_recipe_is_another_box(recipe: Path) -> None:
    before = box.name()
    assert box.name() == before
    (recipe / "packages").write_text("crun\n")
    changed = box.name()
    (recipe / "init").write_text("")
    assert len({before, changed, box.name()}) == 3


def test_boxes_of_older_recipes_are_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(box, "VAGRANT", tmp_path)
    for name in ("conman-debian12-old", "conman-debian12-new", "somebody-elses"):
        (tmp_path / "boxes" / name).mkdir(parents=True)
    assert box.older("conman-debian12-new") == ["conman-debian12-old"]


@pytest.mark.usefixtures("recipe")
def test_a_half_built_box_is_built_again(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    built, home = list[str](), tmp_path_factory.mktemp("vagrant")
    for name, value in (("VAGRANT", home), ("_TOOLS", ()), ("_build", built.append)):
        monkeypatch.setattr(box, name, value)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    place = home / "boxes" / box.name()
    (place / "0" / "libvirt").mkdir(parents=True)
    assert box.ensure() == box.name()
    assert built == [box.name()]
    (place / ".whole").touch()
    assert box.ensure() == box.name()
    assert built == [box.name()]


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a box that is there."""
    for name, value in (("VAGRANT", tmp_path), ("POOL", tmp_path / "pool"), ("_TOOLS", ())):
        monkeypatch.setattr(box, name, value)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    (tmp_path / "pool").mkdir()
    made = box.name()
    place = tmp_path / "boxes" / made
    place.mkdir(parents=True)
    (place / ".whole").touch()
    return made


@pytest.mark.parametrize("comes_up", [True, False])
def test_a_disk_that_no_guest_came_up_from_is_copied_again(
    built: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, comes_up: bool
) -> None:
    disk = tmp_path / "pool" / f"{built}_vagrant_box_image_0_1_box.img"

    def up(_guest: guests.Guest, name: str) -> None:
        assert name == built
        disk.touch()
        if not comes_up:
            raise Trouble("ended in the middle of it")

    monkeypatch.setattr(guests, "Hypervisor", lambda: Dead(tmp_path / "root", "running"))
    monkeypatch.setattr(guests.Guest, "up", up)
    with contextlib.ExitStack() as stack:
        if not comes_up:
            stack.enter_context(pytest.raises(Trouble, match="in the middle"))
        stack.enter_context(guests.guest())
    box.ensure()
    assert disk.exists() == comes_up


def test_a_missing_tool_is_named_with_the_command_that_installs_it() -> None:
    with pytest.raises(Trouble, match=r"no-such-tool not found: run make vm-system, as root"):
        box.must_have_tools(("sh", "no-such-tool"))


def test_who_is_not_root_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(Trouble, match="run it by sudo"):
        box.must_have_tools(("sh",))


def test_trouble_is_one_sentence_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("TOP", "VAGRANT", "POOL", "LOGS"):
        monkeypatch.setattr(places, name, tmp_path)
    assert command.main(["bix"]) == 1
    told = "vm: there is no 'bix': python -m vm box | shell | suite [FILE...] | clean\n"
    assert capsys.readouterr().err == told


def test_the_files_of_the_suite_are_there() -> None:
    assert [file for file in suite.FILES if not (places.TREE / file).is_file()] == []


def test_who_is_outside_goes_by_the_open_connection_only() -> None:
    inside = guests.configuration(VAGRANTS, "/run/ssh")
    outside = guests.configuration(VAGRANTS, "/proc/7/root/run/ssh", "ProxyCommand false")
    assert inside.startswith(VAGRANTS)
    assert "  ControlPath /run/ssh\n" in inside
    assert "ProxyCommand" not in inside
    assert outside.endswith("  ProxyCommand false\n")


def test_steps_tell_how_long_they_took(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(steps, "TOOK", [("boot", 2.0), ("boot", 3.5), ("revert", 1.0)])
    with pytest.raises(KeyError), steps.step("cut"):
        raise KeyError
    assert capsys.readouterr().out == "== cut\n-- cut: 0.0 s\n"
    steps.print_table()
    assert (
        "boot                                 2     2.0     3.5     5.5" in capsys.readouterr().out
    )


class Dead:
    """A hypervisor whose guest never says a word."""

    def __init__(self, root: Path, state: str) -> None:
        self.root, self.state = str(root), state
        (root / "sys/class/net/virbr0/bridge").mkdir(parents=True)

    def enter(self, *_command: str) -> list[str]:
        return ["false"]

    def virsh(self, *words: str) -> str:
        return self.state if words[0] == "domstate" else "Bridge: virbr0"

    def end(self) -> None:
        pass


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("running", "ssh did not come in 0 s: read .*console.*, then make test-vm again"),
        ("shut off", "the guest went off while it was to come up: read .*console"),
    ],
)
def test_a_guest_that_does_not_come_up_is_told(
    state: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guests, "LOGS", tmp_path)
    dead = cast("Hypervisor", Dead(tmp_path, state))
    with pytest.raises(Trouble, match=told):
        guests.Guest(dead).connect(timeout_s=0)


def test_a_command_without_an_end_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ssh = tmp_path / "ssh"
    ssh.write_text("#!/bin/sh\nexec sleep 60\n")
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    guest = guests.Guest(cast("Hypervisor", Dead(tmp_path / "root", "running")))
    with pytest.raises(Trouble, match=r"'true' has no end in 0 s: read .*console"):
        guest.run("true", timeout_s=0.1)


def test_a_command_that_fails_is_told_with_what_it_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ssh = tmp_path / "ssh"
    ssh.write_text("#!/bin/sh\necho no such thing >&2\nexit 3\n")
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    guest = guests.Guest(cast("Hypervisor", Dead(tmp_path / "root", "running")))
    with pytest.raises(Trouble, match="'look' ended with 3 in the guest: no such thing"):
        guest.run("look")


class Beginning(Hypervisor):
    """One whose first process is there, and has not got far. `root`: what /proc has of it."""

    root = ""

    def __init__(self, root: Path) -> None:
        self.root = str(root)
        self.asked = threading.Event()
        self._process = cast("Any", Lives())

    def virsh(self, *_words: str, **_named: float) -> str:
        self.asked.set()
        return ""


class Lives:
    def poll(self) -> None:
        return None


def test_the_hosts_libvirtd_is_not_taken_for_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its socket is what is seen until the first process in there has mounted its own /run."""
    monkeypatch.setattr(hypervisor, "READY_S", 0.3)
    (tmp_path / "run/libvirt").mkdir(parents=True)
    (tmp_path / "run/libvirt/libvirt-sock").touch()
    beginning = Beginning(tmp_path)
    with pytest.raises(Trouble, match="libvirtd does not answer"):
        beginning._await()
    assert not beginning.asked.is_set()
    (tmp_path / "run/conman-vm").touch()
    monkeypatch.setattr(hypervisor, "READY_S", 60)
    beginning._await()
    assert beginning.asked.is_set()
