"""The guests: machines of our own, whose power may be cut. The only user of python-vagrant.

Vagrant makes and removes them; everything in between is virsh and ssh, which take a tenth of its time. A
guest lives in the hypervisor's namespaces, so what is ended in the middle is gone. It must never touch a
machine, a network or a box that is not ours.
"""

import subprocess
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, time
from typing import Any, cast

import vagrant

from vm import box
from vm.accelerator import driver
from vm.hypervisor import Hypervisor
from vm.places import CONSOLE, HERE, LOGS
from vm.steps import step
from vm.trouble import Trouble

NAME, _NETWORK = "conman-vm-default", "conman-vm"
#: As long as an emulated machine on a busy one may take to boot.
BOOT_S = 600
_COMMAND_S = 300
#: Seen from in there; it goes with the session.
_DOTFILES, _INSIDE, _OUTSIDE = (
    f"/var/lib/libvirt/{name}" for name in ("vagrant", "inside", "outside")
)


class Failed(Trouble):
    """A command in the guest ended with another code than 0."""


class Guest:
    """One machine, up, with a root's shell. Made by `guest()`."""

    def __init__(self, hypervisor: Hypervisor) -> None:
        self._hypervisor = hypervisor
        self._bridge = ""
        self._forwarded = set[str]()

    # ---- from Vagrant

    def up(self, name: str) -> None:
        """Of the box `name`, until it takes commands. Raises Trouble."""
        made = self._vagrant(name)
        try:
            made.up(provider="libvirt")
            vagrants = made.ssh_config()
        except subprocess.CalledProcessError as error:
            raise Trouble(f"vagrant up failed: read {LOGS}/vagrant and {CONSOLE}") from error
        self._write_configurations(vagrants)
        self.connect()
        self.run("sudo install -D -m 600 .ssh/authorized_keys /root/.ssh/authorized_keys; sync")
        self._write_configurations(vagrants.replace("User vagrant", "User root"))
        self.connect()

    def _vagrant(self, name: str) -> Any:  # noqa: ANN401 - python-vagrant has no types
        ours = {
            "CONMAN_VM_BOX": name,
            "CONMAN_VM_CONSOLE": str(CONSOLE),
            "CONMAN_VM_DRIVER": driver(),
            "VAGRANT_CWD": str(HERE),
            "VAGRANT_DOTFILE_PATH": _DOTFILES,
        }
        log = cast("Any", vagrant).make_file_cm(str(LOGS / "vagrant"))
        made = _Inside(str(HERE), env=box.environ() | ours, out_cm=log, err_cm=log)
        made.hypervisor = self._hypervisor
        return made

    # ---- commands

    @property
    def ssh_config(self) -> str:
        """A file for `ssh -F`, with the host `default`, that goes by the connection which is open."""
        return f"{self._root}{_OUTSIDE}"

    def run(self, command: str, *, given: bytes = b"", timeout_s: float = _COMMAND_S) -> str:
        """A shell's command line, as root; its stdout. Raises Failed."""
        done = self.attempt(command, given=given, timeout_s=timeout_s)
        if done.returncode:
            said = (done.stdout + done.stderr).decode(errors="replace").strip()
            raise Failed(f"{command!r} ended with {done.returncode} in the guest: {said}")
        return done.stdout.decode(errors="replace")

    def attempt(
        self, command: str, *, given: bytes = b"", timeout_s: float = _COMMAND_S
    ) -> "subprocess.CompletedProcess[bytes]":
        """As `run`, whatever its code; 255 also where the connection ended. Raises Trouble: it takes too long."""
        words = ("ssh", "-F", self.ssh_config, "default", command)
        try:
            return subprocess.run(
                words, check=False, input=given, capture_output=True, timeout=timeout_s
            )
        except subprocess.TimeoutExpired as error:
            raise Trouble(
                f"{command!r} has no end in {timeout_s:.0f} s: read {CONSOLE}, then make test-vm again"
            ) from error

    def follow(self, command: str) -> int:
        """As `run`, its output is this process's; its exit code."""
        words = ("ssh", "-F", self.ssh_config, "default", command)
        return subprocess.run(words, check=False, stdin=subprocess.DEVNULL).returncode

    def shell(self) -> int:
        """At this terminal; its exit code."""
        words = ("ssh", "-t", "-F", self.ssh_config, "default")
        return subprocess.run(words, check=False).returncode

    def put(self, folder: Path, target: str, *names: str) -> None:
        """What is in `folder`, all or what is named, to the directory `target` of the guest."""
        pack = ("tar", "-C", folder, "--exclude=__pycache__", "-c", *(names or (".",)))
        packed = subprocess.run(pack, check=True, capture_output=True)
        self.run(f"mkdir -p {target} && tar -C {target} -x --no-same-owner", given=packed.stdout)

    def boot_id(self) -> str:
        return self.run("cat /proc/sys/kernel/random/boot_id").strip()

    def connect(self, timeout_s: float = BOOT_S) -> None:
        """Until it takes commands: one connection, by which all others go. Raises Trouble."""
        if not self._comes_up(timeout_s):
            raise Trouble(f"the guest went off while it was to come up: read {CONSOLE}")

    def socket(self, path: str) -> str:
        """The guest's unix socket at `path` (absolute) as one of this machine, from now on after every boot too."""
        if path not in self._forwarded:
            self._forward(path)
            self._forwarded.add(path)
        return f"{self._root}{_here(path)}"

    def disconnect(self) -> None:
        """Before its other end is gone: it would hang."""
        self._inside("ssh", "-F", _INSIDE, "-O", "exit", "default")

    # ---- power

    def cut(self) -> None:
        """The power, and it is switched on again; returns when it takes commands. What it had not synced is gone."""
        self.disconnect()
        with step("power cut"):
            self._hypervisor.virsh("destroy", NAME)
        if not self.power_on():
            raise Trouble(f"the guest goes off as soon as it boots: read {CONSOLE}")

    @property
    def is_off(self) -> bool:
        """It was cut, or has reset itself: that switches it off."""
        return self._hypervisor.virsh("domstate", NAME).strip() == "shut off"

    def power_on(self) -> bool:
        """Once it is off; returns when it takes commands: True, or is off again. Raises Trouble."""
        self.disconnect()
        with step("boot"):
            self._until(lambda: self.is_off, "the end", 60)
            self._hypervisor.virsh("start", NAME)
            return self._comes_up(BOOT_S)

    def snapshot(self, name: str) -> None:
        """Of the running machine, memory and disk."""
        with step("snapshot"):
            self._hypervisor.virsh("snapshot-create-as", NAME, name, timeout_s=600)

    def revert(self, name: str) -> None:
        """It goes on where `snapshot` found it, with today's time."""
        self.disconnect()
        with step("revert"):
            self._hypervisor.virsh("snapshot-revert", NAME, name, timeout_s=600)
            self.connect()
            self.run(f"date -s @{time():.0f}")

    # ---- underneath

    @property
    def _root(self) -> str:
        return self._hypervisor.root

    def _comes_up(self, timeout_s: float) -> bool:
        """As `connect`; False: it was up, and is off."""
        self._shun_spanning_tree()
        self.disconnect()
        master = ("ssh", "-F", _INSIDE, "-o", "ControlMaster=yes", "-fN", "default")
        self._until(lambda: self._inside(*master) or self.is_off, "ssh", timeout_s)
        if self.is_off:
            return False
        for socket in self._forwarded:
            self._forward(socket)
        return True

    def _write_configurations(self, vagrants: str) -> None:
        """The connection is made in there; from outside its socket is another path, and the only way."""
        socket = "/run/ssh"
        outside = configuration(vagrants, f"{self._root}{socket}", "ProxyCommand false")
        Path(f"{self._root}{_INSIDE}").write_text(configuration(vagrants, socket))
        Path(f"{self._root}{_OUTSIDE}").write_text(outside)

    def _inside(self, *command: str) -> bool:
        # Files, not pipes: who stays in the background would hold a pipe open.
        with (LOGS / "ssh").open("ab") as log:
            words = self._hypervisor.enter("timeout", "20", *command)
            done = subprocess.run(
                words, check=False, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        return done.returncode == 0

    def _forward(self, path: str) -> None:
        Path(f"{self._root}{_here(path)}").unlink(missing_ok=True)
        if not self._inside(
            "ssh", "-F", _INSIDE, "-O", "forward", "-L", f"{_here(path)}:{path}", "default"
        ):
            raise Trouble(f"{path} of the guest cannot be reached: read {LOGS}/ssh")

    def _shun_spanning_tree(self) -> None:
        """A bridge with one port has no loops to look for, and takes 4 s to find none."""
        if not self._bridge:
            about = self._hypervisor.virsh("net-info", _NETWORK).split()
            self._bridge = about[about.index("Bridge:") + 1]
        switch = f"/sys/class/net/{self._bridge}/bridge/stp_state"
        Path(f"{self._root}{switch}").write_text("0")

    def _until(self, holds: Callable[[], bool], what: str, timeout_s: float) -> None:
        ends = monotonic() + timeout_s
        while not holds():
            if monotonic() > ends:
                raise Trouble(
                    f"{what} did not come in {timeout_s:.0f} s: read {CONSOLE}, then make test-vm again"
                )
            threading.Event().wait(0.2)


class _Inside(vagrant.Vagrant):
    """Vagrant, run in the hypervisor's namespaces."""

    hypervisor: Hypervisor

    def _make_vagrant_command(self, args: list[str]) -> list[str]:
        words = cast("Any", super())._make_vagrant_command(args)  # noqa: SLF001 - it has no other seam
        return self.hypervisor.enter(*words)


@contextmanager
def guest() -> Generator[Guest]:
    """Up, of today's box, which is built where it is missing; nothing of it stays. Raises Trouble."""
    name = box.ensure()
    with step("libvirtd"):
        hypervisor = Hypervisor()
    try:
        made = Guest(hypervisor)
        with step("vagrant up"):
            made.up(name)
        box.has_come_up(name)
        yield made
    finally:
        hypervisor.end()


def _here(path: str) -> str:
    """Where a socket of the guest is in the namespaces."""
    return f"/run/guest{path.replace('/', '-')}"


def configuration(vagrants: str, socket: str, *more: str) -> str:
    """`vagrants`: as Vagrant writes it; `socket`: of the one connection that is shared."""
    patient = ("ConnectTimeout 5", "ServerAliveInterval 30", "ServerAliveCountMax 20")
    lines = (f"ControlPath {socket}", *patient, *more)
    return "\n".join((vagrants.rstrip(), *(f"  {line}" for line in lines), ""))
