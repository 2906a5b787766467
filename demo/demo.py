"""The tour (`make demo`): containers that survive `kill -9` of their manager, told as it happens.

As root with runc and busybox the containers are real; else fakerunc acts them out. Everything lies in one
temporary directory. It must leave nothing behind, whatever happens, and must not end with 0 when anything
was not as told. Only the standard library and the installed commands are used: what you see is the product.
"""

import json
import os
import select
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

BIN = Path(sys.executable).parent
PATIENCE_S = 30
PROGRAMS = ("sh", "sleep", "echo", "cat", "true")
POINT = "create-container/RuntimeCreate/after"


class NotAsTold(Exception):
    """What was promised and did not happen."""


def main() -> int:
    began = time.monotonic()
    real = os.geteuid() == 0 and all(shutil.which(name) for name in ("runc", "busybox"))
    stage = Stage(Path(tempfile.mkdtemp(prefix="cm", dir="/tmp")), "runc" if real else "fakerunc")
    told = "everything was as told"
    try:
        try:
            tour(stage)
        finally:
            stage.clear()
    except NotAsTold as failure:
        told = f"NOT AS TOLD: {failure}"
    print(f"\n{told}; {time.monotonic() - began:.0f} s")
    return 0 if told.startswith("everything") else 1


def tour(stage: "Stage") -> None:
    if stage.runtime == "runc":
        say("conman on real runc: these are real containers.")
    else:
        say("Not root, or runc or busybox missing: fakerunc acts the containers out, as processes.")
    stage.start()
    kill_and_find_again(stage)
    exit_while_dead(stage)
    crash_in_a_create(stage)
    say("All of it is removed, and the host is asked what is left.")
    for name in ("cont1", "cont2"):
        stage.ctl("remove", "--force", name)
    stage.expect_nothing_left()
    stage.terminate()
    explore()


def kill_and_find_again(stage: "Stage") -> None:
    say("A container from a root file system in a directory, prepared and started.")
    rootfs = str(stage.top / "rootfs")
    cont1 = stage.ctl("create", "--image", rootfs, "cont1", "--", "/bin/sleep", "100")[
        "containerId"
    ]
    expect(stage.state(cont1)["state"] == "CREATED", "cont1 is CREATED")
    stage.ctl("start", cont1)
    before = stage.state(cont1)
    expect(before["state"] == "RUNNING", "cont1 is RUNNING")
    stage.kill()
    expect(os.path.exists(f"/proc/{before['pid']}"), f"its process {before['pid']} goes on alone")
    stage.start()
    listed = stage.ctl("list")["containers"]
    expect([each["state"] for each in listed] == ["RUNNING"], "the next conmand finds it RUNNING")
    expect(stage.state(cont1, quiet=True) == before, "pid and times are what they were")


def exit_while_dead(stage: "Stage") -> None:
    say("A program exits with 7 while there is no daemon: its shim remembers.")
    rootfs = str(stage.top / "rootfs")
    stage.ctl("create", "--rootfs", rootfs, "cont2", "--", "/bin/sh", "-c", "sleep 4; exit 7")
    stage.ctl("start", "cont2")
    handle = os.pidfd_open(stage.state("cont2", quiet=True)["pid"])
    stage.kill()
    wait_for(handle)
    os.close(handle)
    print("  (the program has ended)")
    stage.start()
    ended = stage.state("cont2")
    expect((ended["state"], ended["exitCode"]) == ("EXITED", 7), "cont2 is EXITED with 7")


def crash_in_a_create(stage: "Stage") -> None:
    say(f"Now conmand is told to die at one named instant of a create: {POINT}")
    stage.terminate()
    before = stage.census()
    stage.start(CONMAN_CRASH_AT=POINT)
    words = ("--rootfs", str(stage.top / "rootfs"), "cont3", "--", "/bin/sleep", "100")
    asked = stage.run_ctl("create", "--connect-timeout", "0", *words)
    expect(asked.returncode == 1, "the client is told that nobody answers any more")
    expect(stage.wait() == -signal.SIGKILL, "conmand is dead")
    half = stage.census()
    print(f"  left by the half create: {counted(half - before)}")
    expect(len(half - before) > 0, "half a container is there, and nobody was told of it")
    stage.start(CONMAN_CRASH_AT=POINT)
    print("  (a marker file disarms the point: this conmand lives)")
    names = [each["name"] for each in stage.ctl("list")["containers"]]
    expect(names == ["cont1", "cont2"], "cont3 never existed")
    expect(stage.census() == before, "not a process, mount, cgroup or file of it is left")


def explore() -> None:
    say("The same core in the simulator, killed at every step of a create and of a stop.")
    words = ["-m", "scenarios", "explore", "--budget", "10s", "create", "stop-stubborn"]
    print(f"$ python {shlex.join(words)}", flush=True)
    done = subprocess.run(
        [sys.executable, "-W", "error", *words],
        timeout=90,
        check=False,
        cwd=Path(__file__).parents[1],
    )
    expect(done.returncode == 0, "no violation")


# ---- telling -----------------------------------------------------------------------------------


def say(sentence: str) -> None:
    print(f"\n# {sentence}", flush=True)


def expect(truth: bool, what: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not truth:
        raise NotAsTold(what)
    print(f"  ok: {what}", flush=True)


def counted(things: set[tuple[str, str]]) -> str:
    kinds = sorted({kind for kind, _ in things})
    return ", ".join(f"{kind} {sum(k == kind for k, _ in things)}" for kind in kinds) or "nothing"


def wait_for(handle: int) -> None:
    """Until the process of a pidfd has ended."""
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    if not poll.poll(PATIENCE_S * 1000):
        raise NotAsTold("a process ends")


# ---- the stage ---------------------------------------------------------------------------------


class Stage:
    """A temporary DATA and RUN, a conmand on them, and a conmanctl for it."""

    def __init__(self, top: Path, runtime: str) -> None:
        self.top, self.runtime = top, runtime
        self.daemon: subprocess.Popen[str] | None = None
        (top / "rootfs" / "bin").mkdir(parents=True)
        for name in PROGRAMS:
            if runtime == "runc":
                (top / "rootfs" / "bin" / name).symlink_to("busybox")
            else:
                (top / "rootfs" / "bin" / name).touch(0o755)
        if runtime == "runc":
            shutil.copy(str(shutil.which("busybox")), top / "rootfs" / "bin" / "busybox")

    def start(self, **environ: str) -> None:
        options = ["--data-dir", f"{self.top}/d", "--run-dir", f"{self.top}/r"]
        shown = " ".join(f"{key}={value} " for key, value in environ.items())
        print(f"$ {shown}conmand {' '.join(options)} --runtime {self.runtime} &")
        with (self.top / "log").open("a") as log:
            self.daemon = subprocess.Popen(
                [f"{BIN}/conmand", *options, "--runtime", self.runtime],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={k: v for k, v in os.environ.items() if not k.startswith("CONMAN_")} | environ,
            )
        if self.daemon.stdout is None:
            raise AssertionError
        line = self.daemon.stdout.readline()
        print(line, end="", flush=True)
        if not line.startswith("conman's here: unix://"):
            raise NotAsTold(f"conmand starts: {(self.top / 'log').read_text()}")

    def kill(self) -> None:
        print("$ kill -9 conmand")
        self._signal(signal.SIGKILL)

    def terminate(self) -> None:
        print("$ kill conmand")
        expect(self._signal(signal.SIGTERM) == 0, "conmand ends when asked to, containers do not")

    def wait(self) -> int:
        """Its exit code, once it has ended."""
        if self.daemon is None or self.daemon.stdout is None:
            raise AssertionError
        code = self.daemon.wait(PATIENCE_S)
        self.daemon.stdout.close()
        self.daemon = None
        return code

    def _signal(self, number: int) -> int:
        if self.daemon is None:
            raise AssertionError
        self.daemon.send_signal(number)
        return self.wait()

    # ---- asking

    def ctl(self, *words: str, quiet: bool = False) -> Any:  # noqa: ANN401 - JSON
        done = self.run_ctl(*words, quiet=quiet)
        if done.returncode != 0:
            raise NotAsTold(f"conmanctl {' '.join(words)}")
        return json.loads(done.stdout)

    def run_ctl(self, *words: str, quiet: bool = False) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            [f"{BIN}/conmanctl", "container", *words],
            env={**os.environ, "CONMAN_ADDRESS": f"unix://{self.top}/r/conmand.sock"},
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        if not quiet:
            print(f"$ conmanctl container {shlex.join(words)}\n{done.stdout}{done.stderr}", end="")
            sys.stdout.flush()
        return done

    def state(self, name: str, *, quiet: bool = False) -> dict[str, Any]:
        status: dict[str, Any] = self.ctl("status", name, quiet=quiet)["status"]
        return status

    # ---- the host

    def census(self) -> set[tuple[str, str]]:
        """What the host has of this conmand's containers, asked of the host and not of conman."""
        instance = (self.top / "d" / "instance").read_text().strip()
        found = {("processes", pid) for pid in bearers(instance)}
        with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
            found |= {("mounts", line.split()[4]) for line in mounts if str(self.top) in line}
        for pattern in (f"conman-{instance}/*-*", f"*/conman-{instance}/*-*"):
            for path in Path("/sys/fs/cgroup").glob(pattern):
                pids = (path / "cgroup.procs").read_text().split()
                found |= {("cgroups", str(path)), *(("processes", pid) for pid in pids)}
        places = [f"d/{name}" for name in ("containers", "trash")]
        places += [f"r/{name}" for name in ("runtime", "calls", "shims")]
        for place in places:
            entries = (self.top / place).iterdir()
            found |= {("directories", str(path)) for path in entries if path.name[0] != "."}
        return found

    def expect_nothing_left(self) -> None:
        left = self.census()
        expect(not left, f"processes, mounts, cgroups, directories: {counted(left)} left")

    def clear(self) -> None:
        """Leave nothing, also after something went wrong."""
        if self.daemon is not None:
            self._signal(signal.SIGKILL)
        if (self.top / "d" / "instance").exists() and self.census():
            say("Clearing up.")
            self.start()
            for each in self.ctl("list")["containers"]:
                self.ctl("remove", "--force", each["id"])
            self.expect_nothing_left()
            self.terminate()
        shutil.rmtree(self.top)


def bearers(instance: str) -> Iterator[str]:
    """Pids of living processes whose environment names this instance."""
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            environment = Path(f"/proc/{name}/environ").read_bytes()
        except OSError:
            continue
        if f"={instance}/".encode() in environment:
            yield name


if __name__ == "__main__":
    sys.exit(main())
