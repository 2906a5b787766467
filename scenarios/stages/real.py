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
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from time import monotonic

import grpc

from conman.core.model import Container, State
from conman.core.requests import ContainerList, ListContainers, Reply, Request
from conman.core.restart import NEVER
from conman.errors import Refusal
from scenarios import oracle, specification, verdict
from scenarios.clients import Client
from scenarios.runtime_calls import LIAR
from scenarios.stages import over_grpc, recorded
from scenarios.stages.clearing import clear, left_by
from scenarios.stages.daemon import BIN, PATIENCE_S, Daemon, first_line
from scenarios.stages.deaths import Death, With, death
from scenarios.stages.left import Left, named
from scenarios.stages.programs import ends_by_itself, make_rootfs
from scenarios.stages.real_host import LOOK_S, RealHost, kill, process
from scenarios.stages.real_rest import Seen, Steady, at_rest
from scenarios.stages.recorded import Life
from scenarios.stages.report_folder import Report
from scenarios.stages.striking import Striking
from scenarios.story import Story
from scenarios.violation import Violation

_REST_S = 20.0
#: Once for what struck, and once more for what it left.
_OFTEN = 3


class Real:
    """One play's host. `runtime`: as conmand is told it. `deaths`: what is to strike it, life by life.

    `conmand`: another program, with a bug planted.
    """

    def __init__(
        self, story: Story, runtime: str, deaths: Sequence[Death] = (), conmand: str = ""
    ) -> None:
        self._story = story
        with ExitStack() as closing:
            self._build(closing, runtime, deaths, conmand)
            self._closing = closing.pop_all()
        self._is_struck = any(how.is_excuse for how in deaths)
        self._shims_died = any(how.is_a_shims for how in deaths)
        self._runtime, self._channel = runtime, None
        self.client = Client(story.given)
        self._released = set[int]()
        #: Runs whose program was let end.
        self._ended = set[str]()
        self._is_free = self._was_cut = False
        self.after_death: list[Left] = []
        self._before: list[str] = []
        # Of a daemon that dies grpc would tell in its own words.
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")

    def _build(
        self, closing: ExitStack, runtime: str, deaths: Sequence[Death], conmand: str
    ) -> None:
        """`closing`: whatever there is by now goes, whichever of these fails."""
        top = Path(tempfile.mkdtemp(prefix="cs", dir="/tmp"))
        closing.callback(shutil.rmtree, top)
        self._daemon = Daemon(top, "--runtime", runtime)
        self._daemon.program = conmand or self._daemon.program
        self._host = RealHost(self._daemon, runtime)
        self._striking = Striking(self._daemon, self._host, runtime, deaths)
        closing.callback(self._striking.close)
        closing.callback(clear, self._daemon)
        make_rootfs(self._daemon.rootfs)

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
        if self._striking.disk is not None:
            self._striking.disk.sync()
        self._before = self.found() if self._host.has_been_used else []
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
            return self._striking.has_struck(how)
        self._striking.and_with_it(how)
        self._was_cut |= how.company is With.CUT
        if how.company is With.NOTHING:
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
        told, disturbed = self.client.history, bool(self._story.befalls) or self._is_struck
        possible = specification.explains(
            told, rebooted=self._was_cut, disturbed=disturbed, dies_later=True
        )
        verdict.listed(self._asked, possible)
        rows = self._host.stored().containers
        for row in rows:
            self._must_be_counted(row)
        ids = sorted(row.id for row in rows)
        verdict.removed(self._asked, ids, sorted(possible), lambda: self._host.found(()))
        self._close_channel()
        code = self._daemon.terminate()
        left = left_by(self._daemon)
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
        errors = self._daemon.errors
        return errors.read_text(errors="replace")[-4000:] if errors.exists() else ""

    def report(self, folder: Path, what: str, again: str) -> bool:
        """What is there now, and how it came to that."""
        told = [f"{one.answer} of {one.ask.verb} {one.ask.name}" for one in self.client.history]
        Report(what, again, told, self._before).write(folder, self._daemon, self._host)
        return True

    def close(self) -> None:
        """Nothing of it stays, whichever of these fails."""
        with self._closing:
            if self._daemon.process is not None:
                self._kill()

    # ---- the daemon

    def _start(self, crash: str) -> bool:
        """False: it died at `crash` before it was ready."""
        self._daemon.process = self._daemon.begin(stdin=None, **self._armed(crash))
        if not first_line(self._daemon.process):
            if crash and death(crash).is_a_disks:
                self._must_say_why()
                return self._start("")
            self._died()
            return False
        alone = (("grpc.use_local_subchannel_pool", 1),)
        self._channel = grpc.insecure_channel(f"unix:{self._daemon.run}/conmand.sock", alone)
        return True

    def _must_say_why(self) -> None:
        """It could not begin on its disk, which is mended for the next one. Raises Violation."""
        self._striking.relent()
        code, said = self._daemon.died(), self.log()
        if code != 1 or not said.rstrip().rpartition("\n")[2].startswith("conmand: "):
            raise Violation("I1", f"conmand could not begin, and ended with {code}: {said}")

    def _left(self) -> Left:
        things = self._host.come_to_rest()
        return named(things, self._host.stored().containers) if things else ()

    def _armed(self, crash: str) -> dict[str, str]:
        """What a daemon, or one of its own, dies of."""
        return self._striking.armed(death(crash)) if crash else {}

    def watch(self, command: str) -> list[str]:
        """A life in which nothing strikes: the places that its runtime's first call of that command came to."""
        runtime = self._striking.runtime
        assert runtime is not None, "its runtime cannot be watched"
        runtime.watch(command)
        self._lives("")
        runtime.disarm()
        return runtime.passed()

    def count_calls(self) -> Path:
        """From now on; the file that they are written to."""
        log = self._daemon.top / "calls"
        self._daemon.environ |= self._striking.counted(log)
        return log

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
            if not self.client.told(reply):
                threading.Event().wait(LOOK_S)
            elif self._is_excused(reply):
                self._ask_again()
            self._await_programs()
        return False

    def _is_excused(self, reply: Reply) -> bool:
        is_excuse = isinstance(reply, Refusal) and reply.reason in specification.EXCUSES
        return self._is_struck and is_excuse

    def _ask_again(self) -> None:
        """What was refused for what struck works now that it is over. Raises Violation."""
        client = self.client
        ask, refused = client.asks[client.position - 1], client.history[-_OFTEN:]
        if [one.ask for one in refused] == [ask] * _OFTEN:
            raise Violation("I12", f"{ask.verb} {ask.name} is still refused: {refused[-1].answer}")
        client.asks = (*client.asks[: client.position], ask, *client.asks[client.position :])

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
            self._striking.time_passes()
        reply = over_grpc.reply(answer)
        if self._striking.is_full:
            self._must_read(names)
            self._striking.relent()
        if isinstance(reply, Refusal) and reply.reason == over_grpc.NOBODY:
            if reply.code.value != "UNAVAILABLE":
                raise Violation("I5", f"{request} was answered by nobody: {reply.what}")
            return None
        return reply

    def _must_read(self, names: over_grpc.Names) -> None:
        """On a disk that is full what is there is told all the same. Raises Violation."""
        assert self._channel is not None
        told = over_grpc.call(ListContainers(), names).begin(self._channel, PATIENCE_S)
        reply = over_grpc.reply(told)
        if not isinstance(reply, ContainerList):
            raise Violation("I12", f"on a full disk list is answered {reply}")

    def _path(self, simulated: str) -> str:
        """A root file system of the story, on this host."""
        return simulated.replace("/images", str(self._daemon.top), 1)

    def _runtime_called(self, name: str) -> str:
        """Another runtime is the same one by another name; the liar's start does nothing, and says 0."""
        if not name:
            return ""
        path, faulty = self._daemon.top / name, self._striking.runtime
        real = faulty.path if faulty else shutil.which(self._runtime) or f"{BIN}/{self._runtime}"
        lie = 'case " $* " in *" start "*) exit 0; esac\n' if name == LIAR else ""
        path.write_text(f'#!/bin/sh\n{lie}exec {real} "$@"\n')
        path.chmod(0o755)
        return str(path)

    # ---- programs

    def _go_on(self) -> None:
        """Programs that end by themselves do, once what is given is over."""
        if not self._is_free:
            return
        for run, one in self._host.programs():
            if one.comm == "sh" and one.catches(signal.SIGUSR1) and one.pid not in self._released:
                self._released.add(one.pid)
                self._ended.add(run)
                kill(one.pid, signal.SIGUSR1)

    def _must_be_counted(self, row: Container) -> None:
        """How often it ran again is what was seen of it; a cut may have come before anybody looked. Raises Violation."""
        seen = sum(run.startswith(row.id) for run in self._ended) - 1
        is_seen = row.spec.restart != NEVER and ends_by_itself(row.spec.command, row.spec.args)
        if is_seen and (
            row.restart_count < seen or (row.restart_count > seen and not self._was_cut)
        ):
            raise Violation(
                "I19", f"{row.restart_count} restarts of {row.name} are told, and {seen} were seen"
            )

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
        ends, steady = monotonic() + _REST_S, Steady()
        while monotonic() < ends:
            if steady.is_so(self._at_rest):
                return False
            if self._daemon.process is not None and self._daemon.process.poll() is not None:
                self._died()
                return True
            self._go_on()
            self._striking.time_passes()
            threading.Event().wait(LOOK_S)
        raise steady.verdict

    def _at_rest(self) -> Seen:
        """Raises Violation."""
        seen = at_rest(self._host, self._story, rebooted=self._was_cut, unseen=self._shims_died)
        self._must_be_idle()
        return seen

    def _must_be_idle(self) -> None:
        """No row speaks of a successor to a shim that died, nor of a program that is about to end. Raises Violation."""
        if busy := recorded.under_way(recorded.lives(self._daemon.record)[-1]):
            raise Violation("I5", f"under way at rest: {', '.join(busy)}")
        for row in self._host.stored().containers if self._is_free else ():
            if row.state is State.RUNNING and ends_by_itself(row.spec.command, row.spec.args):
                raise Violation("I5", f"the program of {row.name} does not end")

    def _until(self, holds: Callable[[], bool]) -> None:
        ends = monotonic() + PATIENCE_S
        while not holds():
            assert monotonic() < ends, "a program never came so far"
            threading.Event().wait(LOOK_S)
