"""libvirtd for one session, in namespaces of its own: processes, mounts, network.

Bridge, guests, disks in memory, sockets: all exist only in there, the host's own interfaces and a user's own
virtual machines are never seen, and all of it is gone the instant this process is, however it ends: the
namespaces' first process reads from a pipe that nobody else holds.
"""

import os
import shlex
import subprocess
import threading
from pathlib import Path
from time import monotonic

from vm.places import HERE, LOGS, POOL
from vm.trouble import Trouble

READY_S = 120
#: Where the disks of guests lie, in memory; the boxes' lie in POOL.
DISKS = "/var/lib/libvirt/disks"


class Hypervisor:
    """Begun when it is made; `run` is how anything gets in there."""

    def __init__(self) -> None:
        own = ("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc")
        script = ("bash", str(HERE / "namespace.sh"), str(LOGS))
        # Not of this session's terminal: ^C is for us, who end it in order.
        self._process = subprocess.Popen(
            [*own, *script], stdin=subprocess.PIPE, start_new_session=True
        )
        try:
            self._pid = self._first_process()
            self._await()
            self._make_pool("boxes", str(POOL))
            self._make_pool("disks", DISKS)
        except BaseException:
            self.end()
            raise

    @property
    def root(self) -> str:
        """The root directory of in there, seen from outside; sockets too are reached by it."""
        return f"/proc/{self._pid}/root"

    def enter(self, *command: str) -> list[str]:
        """The command line that runs `command` in there."""
        return ["nsenter", f"--target={self._pid}", "--mount", "--net", "--pid", "--", *command]

    def virsh(self, *words: str, timeout_s: float = 120) -> str:
        """Raises Trouble."""
        asked, own = shlex.join(("virsh", *words)), ("virsh", "-q", "-c", "qemu:///system")
        try:
            done = subprocess.run(
                self.enter(*own, *words),
                check=False,
                capture_output=True,
                text=True,
                timeout=timeout_s,
            )
        except subprocess.TimeoutExpired as error:
            raise Trouble(
                f"{asked} has no end in {timeout_s:.0f} s: read {LOGS}/libvirtd"
            ) from error
        if done.returncode:
            raise Trouble(f"{asked}: {done.stderr.strip()}; read {LOGS}/libvirtd")
        return done.stdout

    def end(self) -> None:
        """All of it, at once."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)

    def _first_process(self) -> int:
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        while self._process.poll() is None:
            if words := children.read_text().split():
                return int(words[0])
            threading.Event().wait(0.02)
        raise Trouble(
            "no namespaces can be made here: this needs root, and a kernel that allows unshare"
        )

    def _await(self) -> None:
        ends = monotonic() + READY_S
        while self._process.poll() is None and monotonic() < ends:
            # Without the first /run is still the host's, and so is its libvirtd.
            ours = (f"{self.root}/run/{one}" for one in ("conman-vm", "libvirt/libvirt-sock"))
            if all(map(os.path.exists, ours)):
                self.virsh("version")
                return
            threading.Event().wait(0.1)
        raise Trouble(f"libvirtd does not answer: read {LOGS}/libvirtd")

    def _make_pool(self, name: str, place: str) -> None:
        self.virsh("pool-create-as", name, "dir", "--target", place)
