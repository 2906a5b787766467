"""What must hold of a soak at rest: the host by its rows, the list by each client's history, the daemon's size.

It asks the census, which believes nothing of conman's. It must never judge while anybody is at work, nor let
a host have longer than patience lasts.
"""

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

import grpc

from conman.core.model import Container
from conman.core.requests import ContainerList, ListContainers, Reply, Request
from scenarios import verdict
from scenarios.soak.host import Host
from scenarios.soak.member import PATIENCE_S, Member
from scenarios.stages import over_grpc, real_rest
from scenarios.stages.clearing import left_by
from scenarios.stages.programs import PROGRAMS
from scenarios.stages.real_rest import Seen, Steady
from scenarios.violation import Violation

_LOOK_S = 0.05
_REST_S = 30.0
#: A fresh daemon has 21, a few more by open calls; of each run that goes on it holds 5.
_DESCRIPTORS, _OF_A_RUN = 30, 5
_MEMORY_MIB = 200


class Rest:
    """One host's. Ends that were judged once are not judged again."""

    def __init__(self, host: Host, members: Sequence[Member]) -> None:
        self._host, self._members = host, members
        self._ended = set[tuple[str, int]]()
        self.most_descriptors = self.most_memory_mib = 0
        #: At the last rest.
        self.things: Sequence[str] = ()

    def judge(self, *, is_shaken: bool) -> None:
        """With a daemon that lives, and nobody who asks. Raises Violation."""
        seen = self._await_rest()
        self.things, rows = seen.found, seen.rows
        for row in rows:
            self._is_honest(row, is_shaken=is_shaken)
        self._list(rows)
        self._size(sum(row.is_prepared(self._host.real.boot_id) for row in rows))

    def _await_rest(self) -> Seen:
        ends, steady = monotonic() + _REST_S, Steady()
        while not steady.is_so(lambda: real_rest.as_stored(self._host.real)):
            if self._host.is_dead():
                raise Violation("I1", "conmand died at rest")
            if monotonic() > ends:
                raise steady.verdict
            threading.Event().wait(_LOOK_S)
        assert steady.seen is not None
        return steady.seen

    def _is_honest(self, row: Container, *, is_shaken: bool) -> None:
        words = (row.spec.command, *row.spec.args)
        command = next(name for name, one in PROGRAMS.items() if one.words == words)
        if (row.id, row.run) not in self._ended:
            real_rest.honest(row, command, may_be_unknown=is_shaken)
        if row.exit_code is not None:
            self._ended.add((row.id, row.run))

    def _list(self, rows: Sequence[Container]) -> None:
        reply = self._asked(ListContainers())
        if not isinstance(reply, ContainerList):
            raise Violation("I8", f"list was answered {reply}")
        listed = {view.name: view.state.value for view in reply.containers}
        stored = {row.name: row.state.value for row in rows}
        if listed != stored:
            raise Violation("I8", f"listed at rest is {listed}, stored {stored}")
        known = set[str]()
        for member in self._members:
            member.rests(listed)
            known.update(member.may_be())
        if set(listed) - known:
            raise Violation("I9", f"nobody has created {sorted(set(listed) - known)}")

    def _size(self, runs: int) -> None:
        assert self._host.daemon.process is not None
        proc = Path(f"/proc/{self._host.daemon.process.pid}")
        held = len(os.listdir(proc / "fd"))
        status = (proc / "status").read_text().splitlines()
        memory = next(int(line.split()[1]) for line in status if line.startswith("RssAnon")) >> 10
        self.most_descriptors = max(self.most_descriptors, held)
        self.most_memory_mib = max(self.most_memory_mib, memory)
        if held > _DESCRIPTORS + _OF_A_RUN * runs:
            raise Violation("I7", f"conmand holds {held} descriptors at rest, with {runs} runs")
        if memory > _MEMORY_MIB:
            raise Violation("I7", f"conmand has {memory} MiB at rest")

    # ---- the end

    def removed(self) -> None:
        """All is removed, and the daemon leaves nothing either. Raises Violation."""
        ids = sorted(row.id for row in self._host.real.stored().containers)
        names = sorted(name for member in self._members for name in member.may_be())
        verdict.removed(self._asked, ids, names, lambda: self._host.real.found(()))
        code = self._host.daemon.terminate()
        left = left_by(self._host.daemon)
        if code or left:
            raise Violation("I7", f"conmand ended with {code}, and left {left}")

    def _asked(self, request: Request) -> Reply:
        alone = (("grpc.use_local_subchannel_pool", 1),)
        with grpc.insecure_channel(f"unix:{self._host.socket}", alone) as channel:
            answer = over_grpc.call(request, self._host.names()).begin(channel, PATIENCE_S)
            return over_grpc.reply(answer)
