"""A real conmand with its own DATA and RUN in a short scratch directory, and a conmanctl for it.

It may be killed and started again any number of times. `end` removes every container, ends the daemon,
and holds the host against it: whatever still bears the instance's name, or lies in its directories, is
told. Nothing here sleeps: it waits for lines, pidfds, and conmanctl's answers.
"""

import io
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from conman.ctl import cli
from scenarios.stages.daemon import BIN, PATIENCE_S, Daemon
from scenarios.stages.programs import make_rootfs
from tests.integration.real_runtime import REAL

#: What a test of every runtime is played on.
RUNTIMES = ("fakerunc", pytest.param(REAL, marks=pytest.mark.runc))


@dataclass(frozen=True, slots=True)
class Said:
    """How a conmanctl ended, and what it said."""

    code: int
    out: str
    error: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - JSON
        assert self.code == 0, self.error
        return json.loads(self.out)


class Conmand(Daemon):
    """The daemon, and a client for it."""

    def __init__(self, top: Path, *options: str) -> None:
        super().__init__(top, *options)
        make_rootfs(self.rootfs)

    # ---- the client

    def ctl(self, *words: str) -> Said:
        """The client's own code, but for its start: that would take longer than all the rest."""
        out, error = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(error):
            code = cli.run(["--address", f"{self.run}/conmand.sock", "container", *words])
        return Said(code, out.getvalue(), error.getvalue())

    def begin_ctl(self, *words: str, stdin: int | None = None) -> "subprocess.Popen[str]":
        """The client as a process, at work beside us."""
        return subprocess.Popen(
            [f"{BIN}/conmanctl", "--address", f"{self.run}/conmand.sock", "container", *words],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def create(self, name: str, *command: str) -> str:
        made = self.ctl("create", "--rootfs", str(self.rootfs), name, "--", *command)
        return str(made.json["containerId"])

    def status(self, name: str) -> dict[str, Any]:
        told: dict[str, Any] = self.ctl("status", name).json["status"]
        return told

    def shim_pid(self, name: str) -> int:
        status = self.status(name)
        run = f"{status['containerId']}-{status['run']}"
        told: int = json.loads((self.run / "shims" / run / "shim.pid").read_text())["pid"]
        return told

    def states(self) -> dict[str, str]:
        listed = self.ctl("list").json["containers"]
        return {each["name"]: each["state"] for each in listed}

    def dies_at(self, point: str, state: str | None) -> None:
        """Killed at this point of a create or start of `c`, and started again: what the list says then."""
        saga = point.partition("-")[0]
        if saga == "start":
            self.create("c", "/bin/sleep", "100")
        self.terminate()
        self.start(CONMAN_CRASH_AT=point)
        words = {
            "create": ("--rootfs", str(self.rootfs), "c", "--", "/bin/sleep", "100"),
            "start": ("c",),
        }
        # It does not wait for the next daemon, which is not there before this one's end.
        assert self.ctl(saga, "--connect-timeout", "0.1", *words[saga]).code == 1
        assert self.died() == -signal.SIGKILL
        # The marker file has disarmed it.
        self.start(CONMAN_CRASH_AT=point)
        assert self.states() == ({} if state is None else {"c": state})
        if state is None:
            assert self.leftovers() == []
        elif state == "CREATED":
            assert self.ctl("start", "c").code == 0
            assert self.states() == {"c": "RUNNING"}

    # ---- the end

    def end(self) -> None:
        """Remove everything, end the daemon, and leave nothing."""
        if (self.data / "instance").exists():
            if self.process is None:
                self.start()
            for each in self.ctl("list").json["containers"]:
                gone = self.ctl("remove", "--force", each["id"])
                assert gone.code == 0, gone.error
            left_by_containers = self.leftovers()
            assert self.terminate() == 0, self.errors.read_text()
            assert not left_by_containers
            assert not self.leftovers() + cgroups(self.instance)
        elif self.process is not None:
            self.kill()
        shutil.rmtree(self.top)

    def leftovers(self) -> list[str]:
        """Processes, mounts and files of containers."""
        found = [f"process {pid}" for pid in bearers(self.instance)]
        with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
            found += [f"mount {line}" for line in mounts if str(self.top) in line]
        places = [self.data / "containers", self.data / "trash"]
        places += [self.run / name for name in ("runtime", "calls", "shims")]
        for place in places:
            files = (path for path in place.rglob("*") if ".cgroups" not in path.parts)
            found += [f"file {path}" for path in files]
        return found


def await_end(handle: int) -> None:
    """Until the process of this pidfd is dead; closes it."""
    try:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        assert poll.poll(PATIENCE_S * 1000), "it lives on"
    finally:
        os.close(handle)


def bearers(instance: str) -> list[int]:
    """Living processes whose environment names this instance."""
    found: list[int] = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            environment = Path(f"/proc/{name}/environ").read_bytes()
        except OSError:
            continue
        if f"={instance}/".encode() in environment:
            found.append(int(name))
    return found


def cgroups(instance: str) -> list[str]:
    """Of this instance, in every hierarchy; a process in one keeps it there."""
    top = Path("/sys/fs/cgroup")
    name = f"conman-{instance}"
    return [str(path) for path in (*top.glob(name), *top.glob(f"*/{name}"))]


def serving(runtime: str) -> Iterator[Conmand]:
    """The whole of a fixture: one that serves, and is held to account afterwards."""
    one = Conmand(Path(tempfile.mkdtemp(prefix="cm", dir="/tmp")), "--runtime", runtime)
    one.start()
    yield one
    one.end()
