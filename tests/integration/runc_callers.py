"""podman, containerd and conmon on a runtime of one's choice: their scratch places, and what they answer.

All that they keep lies below one directory, their cgroups below one parent, and whoever uses a Desk is
the subreaper of what they leave behind, so that its end can be awaited. It must never leave anything: no
process, mount, cgroup or file, and no fakerunc in runc's own place.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from time import monotonic
from uuid import uuid4

from tests.integration.fakerunc_lab import Said, subreaper

_SOURCES = Path(__file__).resolve().parents[2]
_PATIENCE_S = 20
PROGRAMS = ("sh", "sleep", "true", "false", "cat", "echo")
ORDINARY = 65534  # of nobody, an account that every host has
# What they make beyond the places that they are given.
_GROUPS = Path("/sys/fs/cgroup")
_OUTSIDE = ("/run/containerd", "/run/libpod", "/run/runc", "/var/lib/cni", "/var/lib/containers")

Line = tuple[str, ...]


def missing(*programs: str) -> str:
    """Why a life cannot be led here, and what to do about it, or nothing."""
    absent = [name for name in programs if shutil.which(name) is None]
    packages = {"ctr": "containerd", "busybox": "busybox-static", "newuidmap": "uidmap"}
    wanted = " ".join(sorted({packages.get(name, name) for name in absent}))
    return f"{absent[0]} is not installed: apt-get install {wanted}" if absent else ""


@dataclass
class Desk:
    """`place` is a short scratch directory, `runtime` a path; `uid`: who calls, root or ORDINARY."""

    place: Path
    runtime: str
    uid: int = 0
    front: Line = ()  # what stands before every line
    words: dict[str, str] = field(default_factory=dict)  # what a line may say for more

    @property
    def rootfs(self) -> Path:
        return self.place / "rootfs"

    @property
    def parent(self) -> str:
        """Of all cgroups, and containerd's namespace."""
        return self.place.name

    def call(self, *words: str) -> Said:
        """One call; its stdout and stderr are files, which what it leaves behind may keep open.

        `read FILE` is one without anybody else.
        """
        if words[0] == "read":
            return Said(0, read(self.place / words[1]), "")
        out, err = self.place / "out", self.place / "err"
        who = {"user": self.uid, "group": self.uid, "extra_groups": ()} if self.uid else {}
        with out.open("w") as stdout, err.open("w") as stderr:
            done = subprocess.run(
                [*self.front, *words],
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                cwd=self.place,
                env=self.env(),
                timeout=_PATIENCE_S,
                check=False,
                **who,
            )
        return Said(done.returncode, read(out), read(err))

    def env(self) -> dict[str, str]:
        own = {"HOME": str(self.place / "home"), "XDG_RUNTIME_DIR": str(self.place / "run")}
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(_SOURCES),
            **(own if self.uid else {}),
        }

    def live(self, lines: Sequence[str]) -> dict[str, Said]:
        """What each line answers, in turn. `WORD <- line` asks again until WORD is among the answer."""
        told = {}
        for line in lines:
            word, awaited, asked = line.rpartition(" <- ")
            words = [each.replace("~", " ") for each in self._meant(asked).split()]
            said = self._heard(words, word) if awaited else self.call(*words)
            assert said is not None, f"{words} never say {word!r}; before: {told}"
            told[line] = self.plain(said)
        return told

    def _meant(self, line: str) -> str:
        for word, more in self.words.items():
            line = line.replace(word, more)
        return line

    def _heard(self, words: list[str], word: str) -> Said | None:
        """None: they did not say it in time."""
        ends = monotonic() + _PATIENCE_S
        while word not in (said := self.call(*words)).out:
            if monotonic() > ends:
                return None
            Event().wait(0.02)
        return said

    def plain(self, said: Said) -> Said:
        """Without what no two lives have in common: names by chance, times, ages, places, pids."""

        def words(text: str) -> str:
            for name, path in (("RUNTIME", self.runtime), ("PLACE", str(self.place))):
                text = text.replace(path, name)
            text = re.sub(r"\b(?=[a-f]*\d)([0-9a-f]{64}|[0-9a-f]{12})\b", "ID", text)
            text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)", "TIME", text)
            text = re.sub(r"(Less than a|\d+) seconds?( ago)?", "AGE", text)
            text = re.sub(
                r"^(\w+ +)?\d+( +(RUNNING|PAUSED|STOPPED|-))", r"\1PID\2", text, flags=re.MULTILINE
            )
            return re.sub(r" +", " ", text)

        return Said(said.code, words(said.out), words(said.err))

    def leave_nothing(self) -> None:
        """Ends who lives on, reaps all, and removes mounts and cgroups."""
        for pid in self._living():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        _reap()
        points = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        for point in reversed([each for each in points if each.startswith(f"{self.place}/")]):
            subprocess.run(["umount", point], check=True)
        for top in (each for each in _GROUPS.iterdir() if (each / self.parent).exists()):
            _remove_group(top, self.parent)

    def _living(self) -> list[int]:
        """Podman's process that keeps an ordinary user's namespaces, and stand-ins if a test failed."""
        keepers = [int(path.read_text()) for path in self.place.glob("*/pause.pid")]
        marker = f"={self.place}/".encode()
        found = [int(name) for name in os.listdir("/proc") if name.isdigit()]
        return [*keepers, *(pid for pid in found if marker in _environment(pid))]


def _remove_group(hierarchy: Path, name: str) -> None:
    """Callers take a controller without a hierarchy for a directory, and make it."""
    if os.path.ismount(hierarchy):
        for below, _, _ in os.walk(hierarchy / name, topdown=False):
            os.rmdir(below)
        return
    shutil.rmtree(hierarchy / name)
    # Somebody else may use it.
    with suppress(OSError):
        hierarchy.rmdir()


def read(path: Path) -> str:
    """Nothing where it is not there yet; ends of lines as they are: a terminal has its own."""
    return path.read_bytes().decode() if path.exists() else ""


def _environment(pid: int) -> bytes:
    """Nothing of one that has ended, nor of this process."""
    with suppress(OSError):
        return b"" if pid == os.getpid() else Path(f"/proc/{pid}/environ").read_bytes()
    return b""


def _reap() -> None:
    """Waits for the end of everybody who was left to this process: they are about to end."""
    ends = monotonic() + _PATIENCE_S
    with suppress(ChildProcessError):
        while True:
            # A look first: who is not there yet to be reaped must not keep this from ending.
            found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG)
            if found is None:
                assert monotonic() < ends, "somebody lives on"
                Event().wait(0.01)


@contextmanager
def desk(runtime: str, uid: int = 0) -> Iterator[Desk]:
    """`runtime`: a path, or `fake`: fakerunc under runc's name, which finds its settings beside it."""
    # A name for containerd too, which takes no underscore at an end: a drawn one of tempfile's may have it there.
    place = Path("/tmp", f"dr-{uuid4().hex[:8]}")
    place.mkdir(0o700)
    outside = [path for path in map(Path, _OUTSIDE) if not path.exists()]
    one = Desk(place, installed(place) if runtime == "fake" else runtime, uid)
    _furnish(one)
    with subreaper():
        try:
            yield one
        finally:
            for path in outside:
                shutil.rmtree(path, ignore_errors=True)
            one.leave_nothing()
            shutil.rmtree(place)


def installed(place: Path, name: str = "runc") -> str:
    """The path of a program of this name that is fakerunc, with its settings' file beside it."""
    program = place / "bin" / name
    program.parent.mkdir()
    lines = ("import sys", "from fakerunc.main import main", "sys.exit(main())")
    # -E would lose what some callers do not pass on anyway: where the sources are.
    found = f"import sys; sys.path.insert(0, {str(_SOURCES)!r})"
    program.write_text("\n".join((f"#!{sys.executable} -I", found, *lines, "")))
    program.chmod(0o755)
    (program.parent / "fakerunc.conf").write_text(f"root = {place}/fake\n")
    return str(program)


def _furnish(one: Desk) -> None:
    """A root file system with a busybox, which only a real runtime runs."""
    programs = one.rootfs / "bin"
    for name in ("bin", "dev", "etc", "proc", "sys", "tmp"):
        (one.rootfs / name).mkdir(parents=True)
    shutil.copy(shutil.which("busybox") or "", programs / "busybox")
    for name in PROGRAMS:
        (programs / name).symlink_to("busybox")
    (one.rootfs / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (one.rootfs / "etc/group").write_text("root:x:0:\n")
    for name in ("home", "run"):
        (one.place / name).mkdir(mode=0o700)
    if one.uid:
        for path in (one.place, *one.place.rglob("*")):
            os.chown(path, one.uid, one.uid, follow_symlinks=False)


def differences(
    real: Mapping[str, object], fake: Mapping[str, object]
) -> dict[str, tuple[object, object]]:
    """What was asked, and both answers."""
    return {asked: (real[asked], fake[asked]) for asked in real if real[asked] != fake[asked]}
