"""conman against the bare runtime (`make bench`): medians, their ratio, and its budget.

Both sides are measured alternately in one run and after the same idle time, for a runtime call depends
more on what the kernel did in the 20 ms before than on anything else. Only ratios mean something.
The raw side has conman's own config.json. Everything lies in one temporary directory; it must leave no
container, cgroup, process or file, whatever happens.
"""

import argparse
import json
import os
import select
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import grpc

from conman.wire.v1 import conman_pb2 as pb
from conman.wire.v1.conman_pb2_grpc import ConmanStub

BIN = Path(sys.executable).parent
CGROUPS = Path("/sys/fs/cgroup")
IDLE_S = 0.1
PATIENCE_S = 30
SHIMS = 10


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` against `raw`, in `unit`; where there is no `raw` the budget is the value's own."""

    what: str
    value: float
    raw: float | None
    against: str
    budget: float | None
    unit: str = "ms"

    @property
    def ratio(self) -> float | None:
        return None if self.raw is None else self.value / self.raw

    @property
    def is_over(self) -> bool:
        held = self.value if self.ratio is None else self.ratio
        return self.budget is not None and held > self.budget


def main() -> int:
    parser = argparse.ArgumentParser(description="conman against the bare runtime, as root")
    parser.add_argument("--n", type=int, default=30, help="samples of each side [default: 30]")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    if options.n < 1:
        parser.error("--n is a number from 1 on")
    if (why := missing()) is not None:
        sys.stderr.write(f"bench: nothing was measured: {why}\n")
        return 1
    load = os.getloadavg()[0]
    with scratch() as top:
        figures = measure(top, options.n)
    print(as_json(figures, options.n, load) if options.json else as_table(figures, options.n, load))
    return 0


def missing() -> str | None:
    if os.geteuid() != 0:
        return "it compares with the real runc, which needs root"
    for name in ("runc", "busybox"):
        if shutil.which(name) is None:
            return f"{name} is not installed"
    return None


def measure(top: Path, n: int) -> list[Figure]:
    with daemon(top) as conmand:
        raw = Raw(top, conmand.config())
        try:
            figures = [*lives(conmand, raw, n), version_call(conmand, n), pss(conmand)]
        finally:
            raw.clear()
        figures.append(one_shot(top, n))
    figures.append(start_up(top, n))
    return figures


def lives(conmand: "Daemon", raw: "Raw", n: int) -> list[Figure]:
    """Create and start, cold and warm; and an end by KILL, cold."""
    sides: list[Daemon | Raw] = [conmand, raw]
    cold, warm, ends = (Samples() for _ in range(3))
    for side in sides * 2:
        side.begin()
        side.end()
    for _ in range(n):
        for side in sides:
            time.sleep(IDLE_S)
            cold.take(side, side.begin)
            time.sleep(IDLE_S)
            ends.take(side, side.end)
            side.forget()
        for side in sides:
            time.sleep(IDLE_S)
            warm_up()
            warm.take(side, side.begin)
            side.end()
            side.forget()
        sides.reverse()
    begun = "runc create + start"
    return [
        Figure("create + start, cold", cold.of(conmand), cold.of(raw), begun, 1.2),
        Figure("create + start, warm", warm.of(conmand), warm.of(raw), begun, 1.5),
        Figure("stop (KILL)", ends.of(conmand), ends.of(raw), "runc kill + delete", 1.5),
    ]


def version_call(conmand: "Daemon", n: int) -> Figure:
    times = [clocked(lambda: conmand.stub.Version(pb.VersionRequest())) for _ in range(10 * n)]
    return Figure("Version call", statistics.median(times), None, "", None)


def pss(conmand: "Daemon") -> Figure:
    for _ in range(SHIMS):
        conmand.begin()
    sizes = [proportional(pid) for pid in marked(f"CONMAN_SHIM={conmand.instance}/")]
    if len(sizes) != SHIMS:
        raise AssertionError(f"{len(sizes)} shims of {SHIMS} containers")
    what = f"memory of a shim among {SHIMS}, PSS"
    return Figure(what, sum(sizes) / len(sizes), None, "", 2.0, "MiB")


def one_shot(top: Path, n: int) -> Figure:
    words = [f"{BIN}/conmanctl", "--address", f"{top}/r/conmand.sock", "container", "list"]
    ours, theirs = alternately(lambda: run(words), lambda: python("import grpc"), min(n, 15))
    return Figure("conmanctl container list", ours, theirs, "import grpc", 1.5)


def start_up(top: Path, n: int) -> Figure:
    """From nothing to the first right answer; ended again outside of the time."""

    def once(number: int) -> float:
        place = top / f"s{number}"
        place.mkdir()
        conmand = Daemon(place)
        try:
            return clocked(conmand.start)
        finally:
            conmand.clear()

    rounds = min(n, 10)
    times = [(once(i), clocked(lambda: python("import grpc.aio"))) for i in range(rounds + 1)][1:]
    ours, theirs = (statistics.median(side) for side in zip(*times, strict=True))
    return Figure("conmand's start to its first answer", ours, theirs, "import grpc.aio", 2.0)


class Samples:
    """Times in ms, by side."""

    def __init__(self) -> None:
        self._times: dict[object, list[float]] = {}

    def take(self, side: object, work: Callable[[], object]) -> None:
        self._times.setdefault(side, []).append(clocked(work))

    def of(self, side: object) -> float:
        return statistics.median(self._times[side])


def clocked(work: Callable[[], object]) -> float:
    began = time.perf_counter_ns()
    work()
    return (time.perf_counter_ns() - began) / 1e6


def alternately(
    ours: Callable[[], object], theirs: Callable[[], object], n: int
) -> tuple[float, float]:
    """Medians; the first round of each warms the caches of files."""
    times = [(clocked(ours), clocked(theirs)) for _ in range(n + 1)][1:]
    first, second = zip(*times, strict=True)
    return statistics.median(first), statistics.median(second)


def warm_up() -> None:
    """Move ourselves to where we are: the kernel's cgroup lock is quick for the next 20 ms."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        hierarchy = CGROUPS / names.removeprefix("name=") if names else CGROUPS
        procs = Path(f"{hierarchy}{path}/cgroup.procs")
        if procs.exists():
            procs.write_text(str(os.getpid()))
            return
    raise AssertionError("this process is in no cgroup that can be written to")


def run(words: list[str]) -> None:
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)


def python(words: str) -> None:
    run([sys.executable, "-c", words])


class Daemon:
    """A conmand over runc, and a client in this process. `begin` and `end` are what is measured."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.process: subprocess.Popen[str] | None = None
        self.channel = grpc.insecure_channel(f"unix:{top}/r/conmand.sock")
        self.stub = ConmanStub(self.channel)
        self.container_id = ""
        self.instance = ""

    def start(self) -> None:
        places = ("--data-dir", f"{self.top}/d", "--run-dir", f"{self.top}/r", "--runtime", "runc")
        ours = {key: value for key, value in os.environ.items() if not key.startswith("CONMAN_")}
        with (self.top / "log").open("a") as log:
            self.process = subprocess.Popen(
                [f"{BIN}/conmand", *places], stdout=subprocess.PIPE, stderr=log, text=True, env=ours
            )
        if self.process.stdout is None or not self.process.stdout.readline():
            raise AssertionError((self.top / "log").read_text())
        self.instance = self.stub.Version(pb.VersionRequest()).instance

    def begin(self) -> None:
        made = self.stub.CreateContainer(
            pb.CreateContainerRequest(
                request_id=drawn(),
                name=f"b{drawn()}",
                command="/bin/sleep",
                args=["1000"],
                rootfs_path=f"{self.top}/rootfs",
            ),
            timeout=PATIENCE_S,
        )
        self.container_id = made.container_id
        asked = pb.StartContainerRequest(request_id=drawn(), container_id=self.container_id)
        self.stub.StartContainer(asked, timeout=PATIENCE_S)

    def end(self) -> None:
        asked = pb.StopContainerRequest(
            request_id=drawn(), container_id=self.container_id, timeout_ms=0
        )
        self.stub.StopContainer(asked, timeout=PATIENCE_S)

    def forget(self) -> None:
        self.remove(self.container_id)

    def remove(self, container_id: str) -> None:
        asked = pb.RemoveContainerRequest(request_id=drawn(), container_id=container_id, force=True)
        self.stub.RemoveContainer(asked, timeout=PATIENCE_S)

    def config(self) -> dict[str, Any]:
        """What it gives to its runtime."""
        self.begin()
        text = (self.top / "d/containers" / self.container_id / "bundle/config.json").read_text()
        self.forget()
        made: dict[str, Any] = json.loads(text)
        return made

    def clear(self) -> None:
        """Remove every container, and end it."""
        try:
            if self.process is not None and self.process.poll() is None:
                listed = self.stub.ListContainers(pb.ListContainersRequest(), timeout=PATIENCE_S)
                for each in listed.containers:
                    self.remove(each.id)
        finally:
            self.channel.close()
            if self.process is not None and self.process.stdout is not None:
                self.process.send_signal(signal.SIGTERM)
                self.process.wait(PATIENCE_S)
                self.process.stdout.close()


@contextmanager
def daemon(top: Path) -> Iterator[Daemon]:
    conmand = Daemon(top)
    try:
        conmand.start()
        yield conmand
    finally:
        conmand.clear()


def drawn() -> str:
    return os.urandom(16).hex()


class Raw:
    """`runc` on the same bundle, called as one would from a script."""

    def __init__(self, top: Path, config: dict[str, Any]) -> None:
        self.bundle, self.root, self.pid_file = top / "raw", top / "raw-root", top / "raw-pid"
        self.parent = f"bench-{os.getpid()}"
        self.bundle.mkdir()
        (self.bundle / "rootfs").symlink_to(top / "rootfs")
        cgroup = {"cgroupsPath": f"/{self.parent}/c"}
        linux = {**config["linux"], **cgroup}
        root = {**config["root"], "path": str(top / "rootfs")}
        # Nothing of ours may look as if it were conman's.
        process = config["process"]
        env = [each for each in process["env"] if not each.startswith("CONMAN_")]
        process = {**process, "env": env}
        text = json.dumps({**config, "linux": linux, "root": root, "process": process})
        (self.bundle / "config.json").write_text(text)

    def begin(self) -> None:
        self.call("create", "--bundle", str(self.bundle), "--pid-file", str(self.pid_file), "c")
        self.call("start", "c")

    def end(self) -> None:
        handle = os.pidfd_open(int(self.pid_file.read_text()))
        try:
            self.call("kill", "c", "KILL")
            select.select([handle], [], [], PATIENCE_S)
        finally:
            os.close(handle)
        self.call("delete", "c")

    def forget(self) -> None:
        pass

    def call(self, *words: str) -> None:
        run(["runc", "--root", str(self.root), *words])

    def clear(self) -> None:
        """Runc leaves the parents of its cgroups."""
        self.call("delete", "--force", "c")
        for path in (*CGROUPS.glob(self.parent), *CGROUPS.glob(f"*/{self.parent}")):
            path.rmdir()


@contextmanager
def scratch() -> Iterator[Path]:
    """With a root file system of one program."""
    top = Path(tempfile.mkdtemp(prefix="cm", dir="/tmp"))
    try:
        (top / "rootfs/bin").mkdir(parents=True)
        shutil.copy(str(shutil.which("busybox")), top / "rootfs/bin/busybox")
        (top / "rootfs/bin/sleep").symlink_to("busybox")
        yield top
    finally:
        shutil.rmtree(top)


def marked(mark: str) -> Iterator[int]:
    """Processes with this in their environment."""
    for name in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):
            if mark.encode() in Path(f"/proc/{name}/environ").read_bytes():
                yield int(name)


def proportional(pid: int) -> float:
    """Its share of memory, in MiB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def as_table(figures: list[Figure], n: int, load: float) -> str:
    row = "{:<36} {:>8} {:>9} {:>6} {:>7}  {:<5} {}"
    lines = [
        f"medians, n = {n}, {os.cpu_count()} cores, load {load:.1f} before",
        row.format("", "conman", "raw", "ratio", "budget", "", "raw is").rstrip(),
    ]
    for figure in figures:
        value = f"{figure.value:.1f}{' MiB' if figure.unit == 'MiB' else ''}"
        raw = "" if figure.raw is None else f"{figure.raw:.1f}"
        ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
        budget = "" if figure.budget is None else f"{figure.budget:.1f}"
        over = "over" if figure.is_over else ""
        lines.append(
            row.format(figure.what, value, raw, ratio, budget, over, figure.against).rstrip()
        )
    return "\n".join(lines)


def as_json(figures: list[Figure], n: int, load: float) -> str:
    told = [{**asdict(each), "ratio": each.ratio, "over": each.is_over} for each in figures]
    return json.dumps({"n": n, "cores": os.cpu_count(), "load": load, "figures": told}, indent=2)


if __name__ == "__main__":
    sys.exit(main())
