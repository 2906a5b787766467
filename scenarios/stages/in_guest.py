"""A story on a whole machine, whose power is cut where its conmand dies: the last stage.

Kernel, systemd, disk and reset are real ones. The client is here, and its socket is the guest's; what it
was told is judged as on every other stage, and what the guest has at rest is asked in there (`guest_rest`).
It must never take for a cut what was none: a point that is not passed is told.
"""

import os
import threading
from collections.abc import Callable, Sequence
from time import monotonic

import grpc

from conman.core.requests import Reply, Request
from conman.errors import Refusal
from scenarios import specification, verdict
from scenarios.clients import Client
from scenarios.stages import over_grpc
from scenarios.story import Story
from scenarios.violation import Violation
from vm.guests import Guest

SOCKET, REST = "/run/conman/conmand.sock", "/opt/conman/bin/python -m scenarios.stages.guest_rest"
#: Once conmand is killed the machine is reset, with nothing written out. Each boot takes one point, and has taken
#: it for good before conmand begins; where none is left nobody kills it, so that nothing of this matters.
_ARMED = """mkdir -p /etc/systemd/system/conman.service.d
printf 'CONMAN_CRASH_AT={points}\n' >/etc/conman-cuts
cat >/etc/systemd/system/conman.service.d/cut.conf <<'END'
[Service]
ExecStartPre=/bin/sh -c '[ -e /run/conman-cut ] || (sed -n 1p /etc/conman-cuts >/run/conman-cut; sed -i 1d /etc/conman-cuts; sync)'
EnvironmentFile=-/run/conman-cut
Restart=no
ExecStopPost=/bin/sh -c '[ "$EXIT_STATUS" != KILL ] || echo b >/proc/sysrq-trigger'
END
systemctl stop conman
systemctl daemon-reload
systemctl start --no-block conman
"""
_CALL_S, _REST_S, _LOOK_S = 300.0, 300.0, 0.2
#: From the answer to the last request to the end of recovery, in a boot that is still under way.
_DIES_S = 120


class InGuest:
    """One play in `guest`, fresh, with conman installed and running, and a busybox at `rootfs`."""

    def __init__(self, story: Story, guest: Guest, rootfs: str) -> None:
        self._story, self._guest, self._rootfs = story, guest, rootfs
        self._channel: grpc.Channel | None = None
        self._is_up = True
        #: Where the power went.
        self.cuts: list[str] = []
        self.client = Client(story.given)
        # Of a machine that is gone grpc would tell in its own words.
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")

    def play(self, *points: str) -> None:
        """What is given; the rest of the story, cut at `points`, one boot each; the judgement. Raises Violation."""
        try:
            self._serve_undisturbed("what is given")
            self._guest.run("sync")
            asks = (*self._story.given, *self._story.asks)
            self.client = Client(asks, len(self._story.given), self.client.history)
            self._arm(points)
            for point in points:
                self._live(point)
            self._serve_undisturbed("what it had recovered")
            self._judge()
        finally:
            self._close()

    def _serve_undisturbed(self, what: str) -> None:
        self._connect()
        if not self._serve():
            raise Violation("I1", f"the guest died of {what}")

    def _arm(self, points: Sequence[str]) -> None:
        self._close()
        # The connection may end under it: then it was reset already.
        armed = _ARMED.format(points="\\nCONMAN_CRASH_AT=".join(points))
        self._guest.attempt(armed, timeout_s=_CALL_S)
        self._is_up = not self._guest.is_off

    def _live(self, point: str) -> None:
        """Until it is cut at `point`, and up again, or off once more."""
        if self._is_up:
            self._connect()
            if self._serve() and not self._comes(lambda: self._guest.is_off, _DIES_S):
                raise Violation("stage", f"{point} is never passed in a guest")
            self._close()
        self.cuts.append(point)
        self._is_up = self._guest.power_on()

    def _judge(self) -> None:
        told = self.client.history
        possible = specification.explains(told, rebooted=True, disturbed=False, dies_later=True)
        self._rests(f"{REST} {self._story.name}")
        verdict.listed(self._asked, possible)
        ids = self._guest.run("ls /var/lib/conman/containers").split()
        verdict.removed(self._asked, ids, sorted(possible), self._left)
        if self._guest.attempt("conmand check").returncode:
            raise Violation("I7", self._guest.run("conmand check || true"))

    def _rests(self, command: str) -> None:
        if seen := self._guest.run(command).strip():
            raise Violation("at rest", seen)

    def _left(self) -> list[str]:
        return self._guest.run(REST).splitlines()

    # ---- the client

    def _serve(self) -> bool:
        """The client's story to its end; False: the machine went off. Raises Violation."""
        ends = monotonic() + _REST_S
        while (request := self.client.next_request()) is not None:
            reply = self._ask(request)
            if reply is None:
                return False
            if not self.client.told(reply):
                if monotonic() > ends:
                    raise Violation("I8", f"{self.client.describe()} has no answer: {reply}")
                threading.Event().wait(_LOOK_S)
        return True

    def _asked(self, request: Request) -> Reply:
        reply = self._ask(request)
        assert reply is not None, "the guest went off"
        return reply

    def _ask(self, request: Request) -> Reply | None:
        """None: nobody answers any more, for the machine is off."""
        assert self._channel is not None
        names = over_grpc.Names(lambda _path: self._rootfs, lambda name: name)
        answer = over_grpc.call(request, names).begin(self._channel, _CALL_S)
        told = threading.Event()
        answer.add_done_callback(lambda _answer: told.set())
        while not told.wait(_LOOK_S):
            if self._guest.is_off:
                return None
        reply = over_grpc.reply(answer)
        if isinstance(reply, Refusal) and reply.reason == over_grpc.NOBODY:
            if reply.code.value != "UNAVAILABLE":
                raise Violation("I5", f"{request} was answered by nobody: {reply.what}")
            return None if self._comes(lambda: self._guest.is_off, 1) else reply
        return reply

    def _connect(self) -> None:
        self._close()
        alone = (("grpc.use_local_subchannel_pool", 1), ("grpc.max_reconnect_backoff_ms", 500))
        self._channel = grpc.insecure_channel(f"unix:{self._guest.socket(SOCKET)}", alone)

    def _close(self) -> None:
        if self._channel is not None:
            self._channel.close()
        self._channel = None

    def _comes(self, holds: Callable[[], bool], seconds: int) -> bool:
        ends = monotonic() + seconds
        while not holds():
            if monotonic() > ends:
                return False
            threading.Event().wait(_LOOK_S)
        return True
