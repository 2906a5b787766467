"""podman and ctr lead the same lives on fakerunc, installed under runc's name, as on runc.

Every line's exit code, stdout and stderr are equal, or the line is listed here with its reason.
"""

import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from threading import Event
from time import monotonic

import pytest

from tests.integration.fakerunc_lab import Said
from tests.integration.runc_callers import ORDINARY, Desk, desk, differences, missing

pytestmark = [pytest.mark.runc, pytest.mark.timeout(120)]

_PODMAN = ("podman", "conmon", "busybox")
_CTR = ("containerd", "containerd-shim-runc-v2", "ctr", "busybox")
_SNAPSHOTTERS = ("aufs", "btrfs", "devmapper", "zfs")
_TAR = ("tar", "--owner=0", "--group=0", "--numeric-owner")
READY = "trap~'echo~bye;~exit~3'~TERM;~echo~ready;~while~true;~do~sleep~0.1;~done"
# A root that may not raise what it may have cannot have podman's own limits.
_HOW = "--network none --ulimit nofile=1024:1024 --ulimit nproc=1024:1024"
PODMAN = [
    "run --name once HOW sh -c echo~out;~echo~err~>&2;~exit~7", "start --attach once", "logs once",
    "rm once", "run --rm -t HOW sh -c echo~hello", "run --rm HOW nope", "run --rm HOW /bin",
    f"run -d --name c1 HOW sh -c {READY}", "ready <- logs c1", "ps",
    "inspect --format {{.State.Status}}~{{.State.ExitCode}} c1",
    "exec c1 echo hello", "exec c1 sh -c exit~5", "exec c1 nope", "exec -t c1 echo hello",
    "exec -d c1 sleep 100", "top c1", "start c1", "pause c1", "ps -a --format {{.State}}", "unpause c1",
    "kill --signal WINCH c1", "kill --signal BOGUS c1", "rm c1", "stop c1", "wait c1", "logs c1", "ps -a",
    "exec c1 true", "kill c1", "restart -t 0 c1", "kill c1", "wait c1", "rm c1",
    "create --name c2 HOW sleep 100", "init c2", "ps -a", "start c2", "rm -f -t 0 c2", "ps -a",
]  # fmt: skip
ROOTLESS = [
    "run --rm HOW sh -c echo~out;~echo~err~>&2;~exit~7", "run --rm HOW nope",
    f"run -d --name c1 HOW sh -c {READY}", "ready <- logs c1", "ps", "exec c1 sh -c exit~5", "exec c1 nope",
    "exec -t c1 echo hello", "pause c1", "stop c1", "wait c1", "logs c1", "start c1", "kill c1", "wait c1",
    "rm c1", "ps -a",
]  # fmt: skip
CTR = [
    "run HOW --rm ROOTFS c0 /bin/sh -c echo~out;~echo~err~>&2;~exit~7",
    "run HOW --rm ROOTFS c0 /bin/nope", "run HOW --rm ROOTFS c0 nope", "container ls",
    f"run HOW -d --log-uri file://DESK/c1.log ROOTFS c1 /bin/sh -c {READY}", "ready <- read c1.log",
    "task ls", "task exec --exec-id e1 c1 /bin/sh -c echo~in~it;~exit~4",
    "task exec --exec-id e2 c1 /bin/nope", "task exec -d --exec-id e3 c1 /bin/sleep 100",
    "task start c1", "task metrics c1", "task pause c1", "task ls", "task kill -s WINCH c1", "task resume c1", "task ls",
    "task delete c1", "container rm c1", "task kill -s BOGUS c1",
    "task kill c1", "STOPPED <- task ls", "read c1.log", "task kill c1", "task pause c1", "task start c1",
    "task exec --exec-id e4 c1 /bin/true", "task delete c1", "task ls", "container ls",
    "task start -d --null-io c1", "task ls", "task delete --force c1", "container rm c1", "container ls",
]  # fmt: skip

Place = Callable[[str], AbstractContextManager[Desk]]


# Lines that differ, and why.
LISTED = {
    "top c1": "podman looks into init's pid namespace, which is the host's",
    "task metrics c1": "the shim reads the cgroups that init is in, which are its caller's",
}


def _lives(place: Place, lines: list[str]) -> None:
    """Equal on both, but for what is listed."""
    told: list[dict[str, Said]] = []
    for runtime in (shutil.which("runc") or "", "fake"):
        with place(runtime) as one:
            told.append(one.live(lines))
    found = differences(*told)
    assert {line: both for line, both in found.items() if line not in LISTED} == {}
    assert [line for line in lines if line in LISTED and line not in found] == []


@pytest.mark.skipif(bool(missing(*_PODMAN)), reason=missing(*_PODMAN))
def test_podman_of_root() -> None:
    _lives(_podman, PODMAN)


@pytest.mark.skipif(bool(missing(*_PODMAN)), reason=missing(*_PODMAN))
def test_podman_of_an_ordinary_user() -> None:
    _lives(_rootless_podman, ROOTLESS)


@pytest.mark.skipif(bool(missing(*_CTR)), reason=missing(*_CTR))
def test_ctr() -> None:
    _lives(_ctr, CTR)


@contextmanager
def _podman(runtime: str, uid: int = 0) -> Iterator[Desk]:
    with desk(runtime, uid) as one:
        places = (f"--{name}={one.place}/{name}" for name in ("root", "runroot", "tmpdir"))
        kinds = ("--cgroup-manager=cgroupfs", "--events-backend=file", "--storage-driver=vfs")
        one.front = ("podman", *places, *kinds, f"--runtime={one.runtime}")
        tar = one.place / "image.tar"
        subprocess.run([*_TAR, "-C", one.rootfs, "-cf", tar, "."], check=True)
        tar.chmod(0o644)
        said = one.call("import", str(tar), "localhost/box")
        assert said.code == 0, said
        group = "" if uid else f"--cgroup-parent /{one.parent} "
        one.words["HOW"] = f"{group}{_HOW} localhost/box"
        yield one


def _rootless_podman(runtime: str) -> AbstractContextManager[Desk]:
    return _podman(runtime, ORDINARY)


@contextmanager
def _ctr(runtime: str) -> Iterator[Desk]:
    with desk(runtime) as one, _containerd(one) as address:
        one.front = ("ctr", "--address", address, "--namespace", one.parent)
        runtime = f"--runc-binary {one.runtime} --runc-root {one.place}/runc"
        one.words |= {
            "HOW": f"{runtime} --rootfs",
            "ROOTFS": str(one.rootfs),
            "DESK": str(one.place),
        }
        yield one


@contextmanager
def _containerd(one: Desk) -> Iterator[str]:
    """On directories and a socket of its own, and with no plug-in that would look for devices."""
    place = one.place
    unwanted = (
        "grpc.v1.cri",
        "internal.v1.opt",
        *(f"snapshotter.v1.{name}" for name in _SNAPSHOTTERS),
    )
    disabled = ", ".join(f'"io.containerd.{name}"' for name in unwanted)
    (place / "c.toml").write_text(f"version = 2\ndisabled_plugins = [{disabled}]\n")
    address = f"{place}/c.sock"
    words = ["containerd", f"--config={place}/c.toml", f"--address={address}"]
    words += [f"--root={place}/c-root", f"--state={place}/c-state"]
    with (
        (place / "c.log").open("w") as log,
        subprocess.Popen(words, stderr=log, cwd=place) as daemon,
    ):
        try:
            _await(address, daemon)
            yield address
        finally:
            daemon.terminate()


def _await(address: str, daemon: "subprocess.Popen[bytes]") -> None:
    """Until somebody listens: a client's first call then waits for the rest."""
    ends = monotonic() + 20
    while daemon.poll() is None and monotonic() < ends:
        with suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
            probe.connect(address)
            return
        Event().wait(0.02)
    raise AssertionError("containerd does not serve")
