"""A copy of the project in which one file at a time is changed, and what runs there.

Every run is a process of its own with that copy's conman. The simulator's touches nothing; tests of a
changed host could kill, unmount or remove anything, so they run in namespaces of their own: other pids,
mounts, cgroups, nothing writable but the copy and fresh temporary directories.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from scenarios.usage import Usage

_PARTS = (
    *("conman", "fakerunc", "scenarios", "vm", "tests"),
    *("benchmarks", "docs", "packaging", "pyproject.toml"),
)
#: Where the copy and the virtual environment are seen in there: directories that every Debian has. Their
#: own may be below /tmp, which is another one there.
INSIDE, PYTHON = "/mnt", "/opt/bin/python"

#: In the order that is given, and with test files as they were compiled: whoever fails is enough to know.
QUICK = ("-q", "-p", "no:cacheprovider", "-p", "no:randomly", "--assert=plain", "--tb=no")

_OUTSIDE = """
set -eu
tree=$1 tag=$2; shift 2
export OWN=
if [ "$(id -u)" = 0 ]; then
    user=
    while read -r _ at kind _; do
        case $kind in cgroup | cgroup2)
            mkdir -p "$at/$tag" 2>/dev/null || continue
            for set in cpuset.cpus cpuset.mems; do
                [ ! -e "$at/$set" ] || cat "$at/$set" >"$at/$tag/$set"
            done
            echo $$ >"$at/$tag/cgroup.procs"
            OWN="$OWN $at" ;;
        esac
    done </proc/self/mounts
else
    user=--map-root-user
fi
exec unshare $user --mount --pid --fork --mount-proc --ipc --cgroup --kill-child bash -c "$INNER" inside "$tree" "$tag" "$@"
"""
_INNER = """
set -eu
tree=$1 tag=$2 environment=$3; shift 3
mount --make-rprivate /
for at in $OWN; do
    mount --bind "$at/$tag" /media
    umount -l "$at"
    mount --move /media "$at"
done
mount --bind "$tree" /mnt
mount --bind "$environment" /opt
for at in /tmp /run /var/tmp /dev/shm; do mount -t tmpfs none "$at"; done
mount -o remount,bind,ro /
cd /mnt
exec "$@"
"""


class Over(Exception):
    """It was stopped."""


class Tree:
    """`root`: where the copy is. One run at a time."""

    def __init__(self, root: str) -> None:
        self.root = root
        self._running: subprocess.Popen[str] | None = None
        self._is_over = False

    @contextmanager
    def changed(self, file: str, source: bytes) -> Generator[None]:
        path = Path(self.root, file)
        before = path.read_bytes()
        path.write_bytes(source)
        try:
            yield
        finally:
            path.write_bytes(before)

    def simulated(self, *words: str, seconds: float) -> "subprocess.CompletedProcess[str]":
        """`python -m scenarios.mutation.trial WORDS`. Exit code -9: it did not end in time."""
        argv = [sys.executable, "-m", "scenarios.mutation.trial", *words]
        return self._run(argv, self.root, self.root, seconds)

    def tested(
        self, *words: str, seconds: float, **more: str
    ) -> "subprocess.CompletedProcess[str]":
        """`pytest WORDS`, away from this host."""
        pytest = (PYTHON, "-m", "pytest", *QUICK, *words)
        tag = os.path.basename(self.root)
        argv = ["bash", "-c", _OUTSIDE, "outside", self.root, tag, sys.prefix, *pytest]
        try:
            return self._run(argv, self.root, INSIDE, seconds, INNER=_INNER, **more)
        finally:
            _remove_cgroups(tag)

    def stop(self) -> None:
        """Whatever runs is over, and nothing more begins."""
        self._is_over = True
        self._kill()

    def _kill(self) -> None:
        if self._running is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._running.pid, signal.SIGKILL)

    def _run(
        self, argv: Sequence[str], where: str, path: str, seconds: float, **more: str
    ) -> "subprocess.CompletedProcess[str]":
        if self._is_over:
            raise Over
        fixed = {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"}
        self._running = subprocess.Popen(
            argv,
            cwd=where,
            env=os.environ | fixed | more,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            out, err = self._running.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self._kill()
            out, err = self._running.communicate()
        code = self._running.returncode
        return subprocess.CompletedProcess(argv, code, out, err)


@contextmanager
def trees(count: int) -> Generator[list[Tree]]:
    """Copies, removed afterwards. Raises Usage where nothing can be kept away from this host."""
    with tempfile.TemporaryDirectory(prefix="conman-mutants-") as top:
        made = [
            Tree(os.path.join(top, f"{os.path.basename(top)}-{number}")) for number in range(count)
        ]
        for tree in made:
            _copy(tree.root)
        tried = made[0].tested("--version", seconds=60)
        if tried.returncode:
            raise Usage(
                f"tests of a changed host cannot be kept away from this one: {tried.stderr.strip()}; "
                "run as root, where namespaces are allowed (unshare)"
            )
        try:
            yield made
        finally:
            for tree in made:
                tree.stop()
                _remove_cgroups(os.path.basename(tree.root))


def _copy(root: str) -> None:
    here = Path(__file__).resolve().parents[2]
    for part in _PARTS:
        source, target = here / part, Path(root, part)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, target)
    # Of the parts that stay as they are, compiled once; a changed file is compiled each time.
    compiling = (
        sys.executable,
        "-m",
        "compileall",
        "-q",
        "--invalidation-mode",
        "checked-hash",
        root,
    )
    subprocess.run(compiling, check=True)


def _remove_cgroups(tag: str) -> None:
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, at, kind, *_ = line.split()
        if kind in {"cgroup", "cgroup2"}:
            for folder, _, _ in os.walk(os.path.join(at, tag), topdown=False):
                with suppress(OSError):
                    os.rmdir(folder)
