"""The peers' daemons, each on scratch directories and a socket of its own, started and ended by the bench.

Nothing of theirs may be left: containers, processes, mounts, cgroups, files.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.peers.containerd import NAMESPACE, Containerd
from benchmarks.peers.engine import Engine
from benchmarks.peers.image import archive

#: What each needs to be there.
PROGRAMS = {
    "containerd": ("containerd", "containerd-shim-runc-v2", "ctr"),
    "docker": ("dockerd", "containerd", "containerd-shim-runc-v2"),
    "podman": ("podman", "conmon"),
}
_PATIENCE_S = 60

#: What they make beyond the places that they are given.
_OUTSIDE = (
    Path("/run/containerd"),
    Path("/run/docker"),
    Path("/run/libpod"),
    Path("/var/lib/cni"),
    Path("/var/lib/containers"),
)
_CGROUPS = Path("/sys/fs/cgroup")

Peer = Containerd | Engine
Client = Callable[[], Peer]


def missing(name: str) -> str | None:
    """Why it cannot be measured here; None: it can."""
    absent = [each for each in PROGRAMS[name] if shutil.which(each) is None]
    return f"{absent[0]} is not installed" if absent else None


@contextmanager
def peer(name: str, top: Path, config: dict[str, Any]) -> Iterator[Client]:
    """Gives who makes clients. `top` has `rootfs`; `config` is conman's own for its runtime."""
    place = top / f"peer-{name}"
    place.mkdir()
    parent = f"/bench-{name}-{os.getpid()}"
    chain = archive(top / "rootfs", place / "image.tar")
    with ExitStack() as stack:
        for path in (path for path in _OUTSIDE if not path.exists()):
            stack.callback(shutil.rmtree, path, ignore_errors=True)
        stack.callback(_remove_cgroups, parent.lstrip("/"), "libpod_parent")
        stack.callback(_unmount, place)
        path = stack.enter_context(_BEGUN[name](place))
        own = partial(Containerd, path, chain, _without_conman(config), parent)
        client: Client = own if name == "containerd" else partial(Engine, path, parent)
        stack.callback(_clear, client)
        yield client


def _clear(make: Client) -> None:
    client = make()
    client.clear()
    client.close()


def _without_conman(config: dict[str, Any]) -> dict[str, Any]:
    process = config["process"]
    env = [each for each in process["env"] if not each.startswith("CONMAN_")]
    return {**config, "process": {**process, "env": env}}


@contextmanager
def _containerd(place: Path) -> Iterator[str]:
    path = f"{place}/c.sock"
    (place / "containerd.toml").write_text(
        "version = 2\n"
        'disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.btrfs",'
        ' "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs",'
        ' "io.containerd.snapshotter.v1.aufs"]\n'
        f'[plugins."io.containerd.internal.v1.opt"]\n  path = "{place}/opt"\n'
    )
    words = ["containerd", "--config", f"{place}/containerd.toml", "--address", path]
    words += ["--root", f"{place}/cd", "--state", f"{place}/cs"]
    with _daemon(words, place, path):
        yield path


@contextmanager
def _containerd_with_image(place: Path) -> Iterator[str]:
    with _containerd(place) as path:
        _loaded(path, place)
        yield path


def _loaded(path: str, place: Path) -> None:
    words = ["ctr", "--address", path, "--namespace", NAMESPACE, "images", "import"]
    words += ["--snapshotter", "overlayfs", f"{place}/image.tar"]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def _docker(place: Path) -> Iterator[str]:
    path = f"{place}/d.sock"
    options = {
        "--data-root": f"{place}/dd",
        "--exec-root": f"{place}/de",
        "--pidfile": f"{place}/d.pid",
        "--config-file": f"{place}/docker.json",
        "--host": f"unix://{path}",
        "--bridge": "none",
        "--storage-driver": "overlay2",
    }
    (place / "docker.json").write_text(f'{{"deprecated-key-path": "{place}/d.key"}}')
    flags = ["--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false"]
    with _containerd(place) as below:
        words = [f"{name}={value}" for name, value in options.items()]
        words = ["dockerd", *words, *flags, f"--containerd={below}"]
        with _daemon(words, place, path):
            _load(path, place)
            yield path


@contextmanager
def _podman(place: Path) -> Iterator[str]:
    path = f"{place}/p.sock"
    (place / "containers.conf").write_text(
        '[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\nlock_type = "file"\n'
        f'runtime = "runc"\nvolume_path = "{place}/pv"\nnetwork_config_dir = "{place}/pn"\n'
        f'[network]\nnetwork_config_dir = "{place}/pn"\n'
    )
    words = ["podman", "--root", f"{place}/pd", "--runroot", f"{place}/pr"]
    words += ["--tmpdir", f"{place}/pt", "--storage-driver", "overlay", "--cgroup-manager"]
    words += ["cgroupfs", "--runtime", "runc", "system", "service", "--time", "0", f"unix://{path}"]
    with _daemon(words, place, path, CONTAINERS_CONF=f"{place}/containers.conf"):
        _load(path, place)
        yield path


def _load(path: str, place: Path) -> None:
    client = Engine(path, "")
    client.load((place / "image.tar").read_bytes())
    client.close()


@contextmanager
def _daemon(words: list[str], place: Path, path: str, **variables: str) -> Iterator[None]:
    log = place / f"{words[0]}.log"
    with log.open("w") as errors:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
            env={**os.environ, **variables},
        )
    try:
        _await(process, path, log)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(_PATIENCE_S)


def _await(process: "subprocess.Popen[bytes]", path: str, log: Path) -> None:
    """Until somebody listens there; a client's first call then waits for the rest."""
    deadline = time.monotonic() + _PATIENCE_S
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
            probe.connect(path)
            return
        time.sleep(0.02)
    raise AssertionError(f"{process.args} does not serve: {log.read_text()[-2000:]}")


def _unmount(place: Path) -> None:
    """Podman leaves its store mounted on itself."""
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for point in reversed([each for each in mounts if each.startswith(f"{place}/")]):
        subprocess.run(["umount", point], check=True)


def _remove_cgroups(*names: str) -> None:
    """The processes beside a container go some moments after it."""
    deadline = time.monotonic() + _PATIENCE_S
    for name in names:
        for top in (*_CGROUPS.glob(name), *_CGROUPS.glob(f"*/{name}")):
            while not _is_removed(top) and time.monotonic() < deadline:
                time.sleep(0.02)


def _is_removed(top: Path) -> bool:
    with suppress(OSError):
        for below, _, _ in os.walk(top, topdown=False):
            os.rmdir(below)
    return not top.exists()


_BEGUN: dict[str, Callable[[Path], AbstractContextManager[str]]] = {
    "containerd": _containerd_with_image,
    "docker": _docker,
    "podman": _podman,
}
