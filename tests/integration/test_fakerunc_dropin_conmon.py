"""conmon by itself creates, execs, logs and reports the same on fakerunc as on runc.

Compared are what it says on its sync pipe, its exit files, its log, and what the runtime answers beside
it. It must never be left behind: every conmon is awaited.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from tests.integration.fakerunc_lab import exit_of
from tests.integration.runc_callers import Desk, desk, differences, missing, read
from tests.integration.test_fakerunc_dropin import READY

_WANTED = ("conmon", "busybox")
pytestmark = [
    pytest.mark.runc,
    pytest.mark.timeout(120),
    pytest.mark.skipif(bool(missing(*_WANTED)), reason=missing(*_WANTED)),
]
# -b and what else says where: conmon's own words for them.
_PLACES = (
    "-b PLACE -p PLACE/pid -l k8s-file:PLACE/log --conmon-pidfile PLACE/conmon.pid --exit-dir PLACE/exits"
    " --persist-dir PLACE/kept --socket-dir-path PLACE --runtime-arg=--root --runtime-arg=PLACE/state"
    " --runtime-arg=--log --runtime-arg=PLACE/runtime.log --runtime-arg=--log-format=json"
)
_MOUNTS = (("/proc", "proc"), ("/dev", "tmpfs"), ("/dev/pts", "devpts"))
_ENV = ("PATH=/bin",)


@dataclass
class Conmon:
    """The container c1's, and its execs'; `told` is what is to be equal."""

    desk: Desk
    told: dict[str, object] = field(default_factory=dict)
    processes: dict[str, tuple[int, int]] = field(
        default_factory=dict
    )  # conmon's pid, its sync pipe

    def create(self, name: str, *args: str, terminal: bool = False) -> None:
        one = self.desk
        kinds = ("pid", "ipc", "uts", "mount", "network")
        linux = {
            "namespaces": [{"type": kind} for kind in kinds],
            "cgroupsPath": f"/{one.parent}/c1",
        }
        config = {
            "ociVersion": "1.0.2",
            "process": {"args": args, "env": _ENV, "cwd": "/", "terminal": terminal},
            "root": {"path": str(one.rootfs)},
            "mounts": [{"destination": to, "type": kind, "source": kind} for to, kind in _MOUNTS],
            "linux": linux,
        }
        (one.place / "config.json").write_text(json.dumps(config))
        for folder in ("exits", "kept"):
            (one.place / folder).mkdir(exist_ok=True)
        self._begin(name, *(["--terminal"] if terminal else []))

    def exec(self, name: str, *args: str) -> None:
        spec = {"args": args, "env": _ENV, "cwd": "/"}
        (self.desk.place / "process.json").write_text(json.dumps(spec))
        self._begin(name, "--exec", "--exec-process-spec", f"{self.desk.place}/process.json")

    def _begin(self, name: str, *words: str) -> None:
        """Told: the line that it says on its sync pipe once the runtime has answered."""
        hears, says = os.pipe()
        places = _PLACES.replace("PLACE", str(self.desk.place)).split()
        who = ("--api-version=1", "-c", "c1", "-u", "c1", "-n", "c1", "-r", self.desk.runtime)
        subprocess.run(
            ["conmon", *who, *places, *words],
            pass_fds=(says,),
            env=self.desk.env() | {"_OCI_SYNCPIPE": str(says)},
            stdin=subprocess.DEVNULL,
            check=True,
            timeout=20,
        )
        os.close(says)
        self.processes[name] = int(read(self.desk.place / "conmon.pid")), hears
        self.told[f"{name}: answer"] = self._line(hears)

    def _line(self, pipe: int) -> dict[str, object]:
        """The next one of a sync pipe, an empty one at its end; a pid is PID."""
        text = b""
        while (byte := os.read(pipe, 1)) not in {b"", b"\n"}:
            text += byte
        said = json.loads(text or b"{}")
        return said if said.get("data", 0) < 256 else said | {"data": "PID"}

    def end(self, name: str) -> None:
        """Waits for a conmon to end by itself."""
        pid, pipe = self.processes.pop(name)
        self.told[f"{name}: last word"] = self._line(pipe)
        os.close(pipe)
        self.told[f"{name}: code"] = exit_of(pid)

    def runtime(self, *words: str) -> None:
        self.told[" ".join(words)] = self.desk.plain(
            self.desk.call(self.desk.runtime, "--root", f"{self.desk.place}/state", *words)
        )

    def files(self, when: str) -> None:
        """What conmon wrote: exit files, and its log without times."""
        place = self.desk.place
        paths = [path for name in ("exits", "kept") for path in (place / name).rglob("*")]
        exits = {str(path.relative_to(place)): read(path) for path in paths if path.is_file()}
        self.told[f"files {when}"] = exits, re.sub(r"(?m)^\S+ ", "", read(place / "log"))


def a_whole_life(one: Conmon) -> None:
    one.create("init", "sh", "-c", READY.replace("~", " "))
    one.files("created")
    one.runtime("start", "c1")
    one.desk.live(["ready <- read log"])
    one.exec("exec", "sh", "-c", "echo in; exit 5")
    one.end("exec")
    one.exec("none", "nope")
    one.end("none")
    one.runtime("kill", "c1", "TERM")
    one.end("init")
    one.files("ended")
    one.runtime("delete", "c1")


def a_kill_that_takes_an_exec_along(one: Conmon) -> None:
    one.create("init", "sleep", "100")
    one.runtime("start", "c1")
    one.exec("exec", "sleep", "100")
    one.runtime("kill", "c1", "KILL")
    one.end("exec")
    one.end("init")
    one.files("ended")
    one.runtime("delete", "--force", "c1")


def a_terminal(one: Conmon) -> None:
    one.create("init", "sh", "-c", "echo out; exit 7", terminal=True)
    one.runtime("start", "c1")
    one.end("init")
    one.files("ended")
    one.runtime("delete", "c1")


def what_cannot_be_created(one: Conmon) -> None:
    for program in ("nope", "/bin", "/nope"):
        one.create(program, program)
        one.end(program)
    one.files("ended")
    one.runtime("list", "--quiet")


LIVES = (a_whole_life, a_kill_that_takes_an_exec_along, a_terminal, what_cannot_be_created)


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.__name__)
def test_conmon(life: Callable[[Conmon], None]) -> None:
    told: list[dict[str, object]] = []
    for runtime in (shutil.which("runc") or "", "fake"):
        with desk(runtime) as place:
            one = Conmon(place)
            life(one)
            told.append(one.told)
    assert differences(*told) == {}
    assert len(told[0]) > 4
