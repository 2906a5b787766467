"""One run, as the daemon would arrange it: directories, a runtime of a few lines of sh, and its shim.

Everything lies in a short directory of its own. `close` ends what bears the run's marks, by the fences
that are the product's own, and whatever container the runtime left; a test that leaves more has failed.
"""

import json
import os
import shutil
import signal
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from conman.host.shims import Shims
from conman.primitives.fence import fence
from conman.primitives.processes import boot_id, pidfd, start_time
from conman.primitives.steps import CallShim, Done, Fence, Result, ShimAnswer, SpawnShim

# Calls `create` beside it, in which a test says what this runtime does; then answers with its status.
RUNTIME = """#!/bin/sh
while [ $# -gt 1 ]; do
    case "$1" in --pid-file) pid_file=$2;; --log) log=$2;; --bundle) bundle=$2;; esac
    shift
done
here=${0%/*}
. "$here/create"
"""

# A container: its init waits for `start`, then does what is in `init`. It keeps the call's lock, as
# crun's does and runc's does not.
CONTAINER = """
env -u CONMAN_CALL sh -c '
    printf %s $$ >"$1.tmp"; mv "$1.tmp" "$1"; read _ <"$0/go"; . "$0/init"
' "$here" "$pid_file" </dev/null &
until [ -s "$pid_file" ]; do sleep 0.005; done
"""

#: Tests of another checkout may run beside these, and a fence looks at every process there is.
HERE = f"t{os.getpid()}"
SHIM_MARK, CALL_MARK = f"CONMAN_SHIM={HERE}/c-1", f"CONMAN_CALL={HERE}/c-1/create"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the shim's, taken apart."""

    call: Any
    exit: Any
    recorded: bool


class OneShim:
    """`root`: a short directory that the test may do away with."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.directory = f"{root}/run/shims/c-1"
        self.lock = f"{root}/run/calls/c-1.create"
        self.record = f"{root}/data/runs/1/exit.json"
        self.log = f"{root}/data/log"
        self.state = f"{root}/run/runtime/c-1"
        self.inits: list[tuple[int, int]] = []
        self.runtime = f"{root}/rt/runtime"
        self.shims = Shims()
        for name in ("run/calls", "data/runs", "rt"):
            os.makedirs(f"{root}/{name}")
        write(self.runtime, RUNTIME)
        os.chmod(self.runtime, 0o700)
        os.mkfifo(f"{root}/rt/go")

    def runtime_does(self, create: str, init: str = "") -> None:
        write(f"{self.root}/rt/create", create)
        write(f"{self.root}/rt/init", init)

    def spawn(self, shims: Shims | None = None) -> Result:
        return (shims or self.shims).spawn(SpawnShim(self.directory, SHIM_MARK, 20_000))

    def must_spawn(self) -> None:
        spawned = self.spawn()
        assert isinstance(spawned, Done), spawned

    def task(self, **changes: object) -> str:
        """The body of `create`, as conman.core.shim_call makes it."""
        pid_file = f"{self.directory}/init.pid"
        task: dict[str, object] = {
            "argv": (
                *(self.runtime, "--log", f"{self.directory}/create.log", "--log-format", "json"),
                *("create", "--bundle", f"{self.root}/bundle", "--pid-file", pid_file, "c-1"),
            ),
            "lock": self.lock,
            "marker": CALL_MARK,
            "state_directory": self.state,
            "pid_file": pid_file,
            "record_directory": os.path.dirname(self.record),
            "log": self.log,
            "cgroup": "",
            "boot_id": boot_id(),
            "timeout_ms": 20_000,
            "stdin": False,
            "stdin_once": False,
            "tty": False,
            "log_bytes": 0,
            "log_files": 0,
        }
        return json.dumps({**task, **changes})

    def call(
        self, op: str, body: str = "{}", *, timeout_ms: int = 20_000, shims: Shims | None = None
    ) -> Result:
        return (shims or self.shims).call(CallShim(self.directory, op, body, timeout_ms))

    def ask(self, op: str, body: str = "{}", *, shims: Shims | None = None) -> Answer:
        result = self.call(op, body, shims=shims)
        assert isinstance(result, ShimAnswer), result
        raw = json.loads(result.body)
        if raw["call"] and raw["call"]["init"]:
            init = raw["call"]["init"]
            self.inits.append((init["pid"], init["start_time"]))
        return Answer(raw["call"], raw["exit"], raw["recorded"])

    def create(self, **changes: object) -> Answer:
        return self.ask("create", self.task(**changes))

    def start(self) -> None:
        """The container's program begins."""
        write(f"{self.root}/rt/go", "\n")

    def run(self) -> Answer:
        """create, start, and wait for the end."""
        created = self.create()
        assert created.call["init"], created
        self.start()
        return self.ask("exit")

    def pid(self) -> int:
        """The shim's."""
        return int(json.loads(read(f"{self.directory}/shim.pid"))["pid"])

    def kill(self) -> None:
        """End the shim, as EndShim does."""
        ended = fence(Fence(f"{self.directory}/alive", SHIM_MARK, "", 5_000))
        assert isinstance(ended, Done), ended

    def end_call(self) -> None:
        """Also ends a container of ours, for it holds the call's lock."""
        ended = fence(Fence(self.lock, CALL_MARK, self.state, 5_000))
        assert isinstance(ended, Done), ended

    def close(self) -> None:
        self.kill()
        self.end_call()
        for pid, started in self.inits:
            end(pid, started)
        self.shims.sweep(now=True)
        self.shims.close()


@contextmanager
def one_shim() -> Generator[OneShim, None, None]:
    root = tempfile.mkdtemp(prefix="cs-", dir="/tmp")
    made = OneShim(root)
    try:
        yield made
    finally:
        made.close()
        shutil.rmtree(root)


def end(pid: int, started: int) -> None:
    """SIGKILL exactly this process, if it is still there."""
    handle = pidfd(pid)
    if handle is None:
        return
    try:
        if start_time(pid) == started:
            signal.pidfd_send_signal(handle, signal.SIGKILL)
    except ProcessLookupError:
        pass
    finally:
        os.close(handle)


def write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()
