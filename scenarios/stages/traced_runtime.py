"""A runtime that makes its system calls itself, and is killed before one of them by who traces it: strace.

It is traced from its first call to its own end, and no longer: what it leaves (a container's init) is let go, for
a traced process does not stand still as others do. It must never kill anybody but who was started by that call.
"""

import os
import re
import shutil
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from scenarios.stages.daemon import PATIENCE_S

#: What changes anything outside.
CALLS = (
    *("mkdirat", "mknodat", "openat", "write", "renameat", "unlinkat", "rmdir", "symlinkat"),
    *("fchownat", "fchown", "fchmodat", "mount", "umount2", "pivot_root", "kill"),
    *("clone", "clone3", "execve", "setns", "unshare"),
)
#: It waits until it is traced.
_ASKS = """#!/bin/sh
if read -r command 2>/dev/null <{top}/strikes; then
  for word; do
    if [ "$word" = "$command" ] && rm {top}/strikes 2>/dev/null; then
      echo $$ >{top}/asked
      read -r _ <{top}/goes
    fi
  done
fi
exec {real} "$@"
"""
_NOBODY = "0"
_CALL = re.compile(r"(\d+) +(\w+)\(")
#: Threads that begin, and files that are only read.
_INSIDE = re.compile(r"CLONE_THREAD|openat\((?!.*(O_CREAT|O_WRONLY|O_RDWR))")


class Traced:
    """It kills before the n-th call of that name which one thread makes, whoever's it is."""

    def __init__(self, top: Path, runtime: str) -> None:
        self.path, self._strikes = top / runtime, top / "strikes"
        self._lines = list[str]()
        real = shutil.which(runtime)
        assert real, f"there is no {runtime} on PATH"
        program(self.path, _ASKS.format(top=top, real=real))
        self._asked, self._goes = (_fifo(top / name) for name in ("asked", "goes"))
        self._attending: threading.Thread | None = None
        self._tracer: subprocess.Popen[str] | None = None
        self._command = ""

    def arm(self, place: str) -> None:
        self._command, _, step = place.partition("@")
        call, _, number = step.partition("#")
        self._attend(f"inject={call}:signal=KILL:when={number or 1}")

    def watch(self, command: str) -> None:
        self._command = command
        self._attend(f"trace={','.join(CALLS)}")

    def disarm(self) -> bool:
        self._strikes.unlink(missing_ok=True)
        if self._attending is not None:
            os.write(self._asked, f"{_NOBODY}\n".encode())
            self._attending.join(PATIENCE_S)
            is_stuck, self._attending = self._attending.is_alive(), None
            if is_stuck and self._tracer is not None:
                self._tracer.kill()
            assert not is_stuck, "a traced runtime does not end"
        return any("+++ killed by SIGKILL" in line for line in self._lines)

    def passed(self) -> list[str]:
        """Those that change anything outside, each with the number that it has for its thread."""
        return list(dict.fromkeys(self._passed()))

    def _passed(self) -> Iterator[str]:
        counts = Counter[tuple[str, str]]()
        for line in self._lines:
            found = _CALL.match(line)
            if found:
                counts[found[1], found[2]] += 1
                if not _INSIDE.search(line):
                    yield f"{self._command}@{found[2]}#{counts[found[1], found[2]]}"

    def close(self) -> None:
        self.disarm()
        os.close(self._asked)
        os.close(self._goes)

    # ---- by a thread of its own: a call may come whenever it likes

    def _attend(self, expression: str) -> None:
        self.disarm()
        self._lines.clear()
        self._attending = threading.Thread(target=self._trace, args=(expression,), daemon=True)
        self._attending.start()
        self._strikes.write_text(f"{self._command}\n")

    def _trace(self, expression: str) -> None:
        pid = os.read(self._asked, 64).split()[0].decode()
        if pid == _NOBODY:
            return
        # What it has to say of itself and of others comes on one stream, in order.
        words = ("strace", "-f", "-o", "|cat >&2", "-e", expression, "-p", pid)
        with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as tracer:
            self._tracer = tracer
            assert tracer.stderr is not None
            assert "attached" in tracer.stderr.readline()
            os.write(self._goes, b"\n")
            for line in tracer.stderr:
                self._lines.append(line)
                if re.match(rf"{pid} +\+\+\+", line):
                    # Asked to end it would wait for an init that is dying, perhaps for ever; the kernel lets go of all.
                    tracer.kill()


def _fifo(path: Path) -> int:
    """Open at both ends: nobody waits for the other one."""
    os.mkfifo(path)
    return os.open(path, os.O_RDWR | os.O_CLOEXEC)


def program(path: Path, script: str) -> None:
    """One that can be executed."""
    path.write_text(script)
    path.chmod(0o755)
