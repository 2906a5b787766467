"""A story on a real host: conmand, its shims and a runtime as processes, clients over the real socket.

The client is the simulated stories' own, and what is judged is what the oracle judges there. A real host
says neither that it is at rest nor that a program has come so far, so both are looked for again and again,
as long as patience lasts. Whatever happens, nothing of it stays.
"""

import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic

import grpc

from conman.core.model import Container
from conman.core.requests import Reply, Request
from conman.errors import Refusal
from scenarios import oracle, specification, verdict
from scenarios.clients import Client
from scenarios.stages import over_grpc, recorded
from scenarios.stages.census import clear, daemons
from scenarios.stages.daemon import BIN, PATIENCE_S, Daemon, first_line
from scenarios.stages.deaths import death
from scenarios.stages.left import Left, named
from scenarios.stages.loop_disk import LoopDisk
from scenarios.stages.programs import make_rootfs
from scenarios.stages.real_host import LOOK_S, RealHost, kill, process
from scenarios.stages.real_rest import at_rest
from scenarios.stages.recorded import Life
from scenarios.story import Story
from scenarios.syscalls import preload
from scenarios.violation import Violation

_REST_S = 20.0


class Real:
    """One play's host. `runtime`: as conmand is told it. `can_cut`: its DATA has a disk of its own.

    `conmand`: another program, with a bug planted.
    """

    def __init__(
        self, story: Story, runtime: str, *, can_cut: bool = False, conmand: str = ""
    ) -> None:
        self._story = story
        self._daemon = Daemon(Path(tempfile.mkdtemp(prefix="cs", dir="/tmp")), "--runtime", runtime)
        self._daemon.program = conmand or self._daemon.program
        self._host = RealHost(self._daemon, runtime)
        self._disk = LoopDisk(self._daemon.top) if can_cut else None
        if self._disk is not None:
            self._daemon.data = self._disk.place / "d"
        self._runtime, self._channel = runtime, None
        self.client = Client(story.given)
        self._released = set[int]()
        self._is_free = self._was_cut = False
        self.after_death: list[Left] = []
        make_rootfs(self._daemon.rootfs)
        # Of a daemon that dies grpc would tell in its own words.
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")

    # ---- the play

    def given(self) -> None:
        """What is given, and what befalls it, with no daemon alive afterwards."""
        if self._story.given:
            self._start("")
            assert not self._serve(), "conmand died of what is given"
            self._await_rest()
            self._kill()
        for what in self._story.befalls:
            self._host.befall(what)
        if self._disk is not None:
            self._disk.sync()
        history = (*self.client.history, *(what.told() for what in self._story.befalls))
        asks = self._story.given + self._story.asks
        self.client = Client(asks, len(self._story.given), history)
        self._is_free = True

    def live(self, crash: str) -> bool:
        """A daemon boots and serves until all is at rest, or until death comes at `crash`: True."""
        if not crash:
            return self._lives("")
        how = death(crash)
        if self._lives(crash) != how.is_the_daemons:
            return False
        if not how.is_the_daemons:
            self._kill()
            return self._has_died.exists()
        if how.is_cut:
            self._cut()
        else:
            self.after_death.append(self._left())
        return True

    def _lives(self, crash: str) -> bool:
        before = self._innocents() if self._host.has_been_used else []
        if not self._start(crash):
            return True
        for pid in before:
            if process(pid) is None and pid not in self._released:
                raise Violation("I18", f"recovery touched the running process {pid}")
        if self._serve():
            return True
        return self._await_rest()

    def judge(self) -> None:
        """At rest: the history, the list, the probe; then nothing may be left. Raises Violation."""
        disturbed = bool(self._story.befalls)
        told = self.client.history
        possible = specification.explains(
            told, rebooted=self._was_cut, disturbed=disturbed, dies_later=True
        )
        verdict.listed(self._asked, possible)
        ids = sorted(row.id for row in self._host.stored().containers)
        verdict.removed(self._asked, ids, sorted(possible), lambda: self._host.found(()))
        self._close_channel()
        code = self._daemon.terminate()
        left = daemons(self._daemon.place)
        if code or left:
            raise Violation("I7", f"conmand ended with {code}, and left {left}")

    def found(self) -> list[str]:
        return self._host.found(self._host.stored().containers)

    def lives(self) -> list[Life]:
        """What went into each daemon after what is given, and what came out."""
        return recorded.lives(self._daemon.record)[bool(self._story.given) :]

    def differences(self) -> list[str]:
        """Of a fresh machine that is fed what was recorded."""
        return recorded.differences(self._daemon.record)

    def log(self) -> str:
        return self._daemon.errors.read_text()[-4000:]

    def close(self) -> None:
        """Nothing of it stays."""
        if self._daemon.process is not None:
            self._kill()
        if self._host.has_been_used:
            clear(self._daemon.place)
        if self._disk is not None:
            self._disk.close()
        shutil.rmtree(self._daemon.top)

    # ---- the daemon

    def _start(self, crash: str) -> bool:
        """False: it died at `crash` before it was ready."""
        self._daemon.process = self._daemon.begin(stdin=None, **self._armed(crash))
        if not first_line(self._daemon.process):
            self._died()
            return False
        alone = (("grpc.use_local_subchannel_pool", 1),)
        self._channel = grpc.insecure_channel(f"unix:{self._daemon.run}/conmand.sock", alone)
        return True

    def _left(self) -> Left:
        things = self._host.come_to_rest()
        return named(things, self._host.stored().containers) if things else ()

    def _armed(self, crash: str) -> dict[str, str]:
        """What a daemon, or one of its own, dies of."""
        if not crash:
            return {}
        how = death(crash)
        if not how.is_call:
            return {"CONMAN_CRASH_AT": how.point}
        return preload.environ(self._outside, kill=how.point, once=str(self._has_died))

    def count_calls(self) -> Path:
        """From now on; the file that they are written to."""
        log = self._daemon.top / "calls"
        self._daemon.environ |= preload.environ(self._outside, log=str(log))
        return log

    @property
    def _outside(self) -> tuple[str, ...]:
        """Where a daemon, its zygote and its shims change anything."""
        return (str(self._daemon.data), str(self._daemon.run), "/sys/fs/cgroup")

    @property
    def _has_died(self) -> Path:
        return self._daemon.top / "has-died"

    def _cut(self) -> None:
        assert self._disk is not None, "only a disk of its own is cut off"
        self._host.reboot(self._disk)
        self._was_cut = True

    def _died(self) -> None:
        self._close_channel()
        code = self._daemon.died()
        if code != -signal.SIGKILL:
            raise Violation("I1", f"conmand ended by itself, with {code}: {self.log()}")

    def _kill(self) -> None:
        self._close_channel()
        self._daemon.kill()

    def _close_channel(self) -> None:
        if self._channel is not None:
            self._channel.close()
        self._channel = None

    def _innocents(self) -> list[int]:
        stored = self._host.stored()
        busy = {intent.id for intent in stored.intents}
        found = oracle.blameless(stored.containers, busy)
        return [one.pid for one in found if self._host.is_alive(one)]

    # ---- clients

    def _serve(self) -> bool:
        """The client's story, to its end; True: the daemon died of it."""
        while (request := self.client.next_request()) is not None:
            reply = self._ask(request)
            if reply is None:
                self._died()
                return True
            self.client.told(reply)
            self._await_programs()
        return False

    def _asked(self, request: Request) -> Reply:
        reply = self._ask(request)
        assert reply is not None, f"conmand died: {self.log()}"
        return reply

    def _ask(self, request: Request) -> Reply | None:
        """None: nobody answered, for the daemon has died."""
        assert self._channel is not None
        names = over_grpc.Names(self._path, self._runtime_called)
        answer = over_grpc.call(request, names).begin(self._channel, PATIENCE_S)
        told = threading.Event()
        answer.add_done_callback(lambda _answer: told.set())
        while not told.wait(LOOK_S):
            self._go_on()
        reply = over_grpc.reply(answer)
        if isinstance(reply, Refusal) and reply.reason == over_grpc.NOBODY:
            if reply.code.value != "UNAVAILABLE":
                raise Violation("I5", f"{request} was answered by nobody: {reply.what}")
            return None
        return reply

    def _path(self, simulated: str) -> str:
        """A root file system of the story, on this host."""
        return simulated.replace("/images", str(self._daemon.top), 1)

    def _runtime_called(self, name: str) -> str:
        """Another runtime is the same one by another name."""
        if not name:
            return ""
        path, real = self._daemon.top / name, shutil.which(self._runtime)
        path.write_text(f'#!/bin/sh\nexec {real or f"{BIN}/{self._runtime}"} "$@"\n')
        path.chmod(0o755)
        return str(path)

    # ---- programs

    def _go_on(self) -> None:
        """Programs that end by themselves do, once what is given is over."""
        if not self._is_free:
            return
        for _, one in self._host.programs():
            if one.comm == "sh" and one.catches(signal.SIGUSR1) and one.pid not in self._released:
                self._released.add(one.pid)
                kill(one.pid, signal.SIGUSR1)

    def _await_programs(self) -> None:
        """Until those that handle a signal can: before, it would be lost on them."""
        self._until(lambda: all(self._is_ready(row) for row in self._host.stored().containers))

    def _is_ready(self, row: Container) -> bool:
        words = row.spec.args
        found = process(row.init.process.pid) if row.init and row.state.value == "RUNNING" else None
        if found is None or not any("trap" in word for word in words):
            return True
        return found.comm == "sh" and (
            found.catches(signal.SIGTERM) or found.catches(signal.SIGUSR1)
        )

    # ---- rest

    def _await_rest(self) -> bool:
        """Until the oracle has nothing to say. True: the daemon died meanwhile. Raises Violation."""
        ends, verdict_ = monotonic() + _REST_S, None
        while monotonic() < ends:
            try:
                at_rest(self._host, self._story, rebooted=self._was_cut)
                return False
            except Violation as violation:
                verdict_ = violation
            if self._daemon.process is not None and self._daemon.process.poll() is not None:
                self._died()
                return True
            self._go_on()
            threading.Event().wait(LOOK_S)
        assert verdict_ is not None
        raise verdict_

    def _until(self, holds: Callable[[], bool]) -> None:
        ends = monotonic() + PATIENCE_S
        while not holds():
            assert monotonic() < ends, "a program never came so far"
            threading.Event().wait(LOOK_S)
