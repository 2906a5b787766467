"""One call to conmand, tried again while nobody answers.

It exists because a daemon that is being restarted is normal here. It must never import
grpc at module level (start-up), and never change a message between tries: the request_id
in it is what makes the retry safe.
"""

import math
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn, TypeVar

from conman.ctl.failure import CommandFailed, Unreachable
from conman.ctl.output import complain

if TYPE_CHECKING:
    import grpc
    from google.protobuf.message import Message

    from conman.ctl.address import Address
    from conman.ctl.patience import Patience
    from conman.ctl.sentences import Cause, Failed

Answer = TypeVar("Answer", bound="Message")
Asked = TypeVar("Asked", bound="Message")

SERVICE = "conman.v1.Conman"
CHANNEL_OPTIONS = (
    # Each try dials anew: none may be refused out of an earlier one's back-off.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.enable_http_proxy", 0),
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
)
# The second is gRPC's word for a call that came just as conmand ended: we cancel none.
_NOBODY_ANSWERED = ("UNAVAILABLE", "CANCELLED")
# A try that took longer did reach conmand: what follows is new trouble.
_REACHED_AFTER_S = 1.0


@dataclass(frozen=True, slots=True)
class _Trouble:
    """Tries in a row that nobody answered."""

    failures: int
    since_s: float
    perhaps_done: bool


@dataclass(frozen=True, slots=True)
class Client:
    """conmand at one address. Of failures, only CommandFailed leaves it. Calls may be made side by side."""

    address: "Address"
    patience: "Patience"
    #: Held by the call that says that it waits for conmand: of those beside it each would say the same.
    telling: threading.Lock = field(default_factory=threading.Lock, compare=False, repr=False)

    def call(self, method: str, request: "Message", answer: type[Answer]) -> Answer:
        """Ask until there is an answer, a failure, or no patience left."""
        one = _Call(self, method, self.telling)
        try:
            return one.ask(request, answer)
        finally:
            if one.tells:
                self.telling.release()

    def stream(
        self, method: str, request: "Message", answer: type[Answer], limit_s: float | None = None
    ) -> Iterator[Answer]:
        """What is told, over any number of tries, until `limit_s` has passed; to be told no more then is no failure.

        Each try sends `request` as it is then: the caller writes into it what it has seen.
        """
        return _Call(self, method).listen(request, answer, limit_s)

    def send(self, method: str, requests: Iterator[Asked], answer: type[Answer]) -> Answer:
        """One try: what was sent of a stream is gone."""
        return _Call(self, method).send(requests, answer)


class _Call:
    """The tries of one call. Times are monotonic seconds."""

    def __init__(
        self, client: Client, method: str, telling: "threading.Lock | None" = None
    ) -> None:
        self._address = client.address
        self._patience = client.patience
        self._method = method
        self._began_s = time.monotonic()
        self._trouble: _Trouble | None = None
        self._said = ""
        self._telling = telling or threading.Lock()
        #: Whether it holds `telling`.
        self.tells = False

    def ask(self, request: "Message", answer: type[Answer]) -> Answer:
        # grpc prints its own view of a refused connection on stderr; ours is enough.
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")
        import grpc

        while True:
            tried_s = time.monotonic()
            try:
                return self._try(request, answer, tried_s)
            except grpc.RpcError as error:
                self._after(error, tried_s)

    def listen(
        self, request: "Message", answer: type[Answer], limit_s: float | None
    ) -> Iterator[Answer]:
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")
        import grpc

        ends_s = None if limit_s is None else self._began_s + limit_s
        while True:
            tried_s = time.monotonic()
            wanted_s = math.inf if ends_s is None else ends_s - tried_s
            if wanted_s <= 0:
                return
            left_s = self._patience.remaining(tried_s - self._began_s)
            given_s = math.inf if left_s is None else left_s
            shortest_s = min(wanted_s, given_s)
            try:
                yield from self._told(
                    request, answer, None if shortest_s == math.inf else shortest_s
                )
                return
            except grpc.RpcError as error:
                is_late = error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
                if is_late and wanted_s <= given_s:
                    return
                self._after(error, tried_s)

    def send(self, requests: Iterator[Asked], answer: type[Answer]) -> Answer:
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")
        import grpc

        try:
            with grpc.insecure_channel(self._address.target, options=CHANNEL_OPTIONS) as channel:
                ask = channel.stream_unary(
                    f"/{SERVICE}/{self._method}",
                    request_serializer=_to_bytes,
                    response_deserializer=answer.FromString,
                )
                return ask(requests, timeout=self._patience.deadline_s)
        except grpc.RpcError as error:
            raise self._failure(error) from None

    def _failure(self, error: "grpc.RpcError") -> CommandFailed:
        from conman.ctl.sentences import cause, read_failure, sentence

        failed = read_failure(error)
        if failed.code in _NOBODY_ANSWERED:
            return CommandFailed(cause(failed, self._address).told, failed.code)
        told = sentence(failed, self._method, self._address, self._patience.deadline_s)
        return CommandFailed(told, failed.code)

    def _told(
        self, request: "Message", answer: type[Answer], left_s: float | None
    ) -> Iterator[Answer]:
        import grpc

        with grpc.insecure_channel(self._address.target, options=CHANNEL_OPTIONS) as channel:
            ask = channel.unary_stream(
                f"/{SERVICE}/{self._method}",
                request_serializer=type(request).SerializeToString,
                response_deserializer=answer.FromString,
            )
            yield from ask(request, timeout=left_s)

    def _try(self, request: "Message", answer: type[Answer], now_s: float) -> Answer:
        import grpc

        with grpc.insecure_channel(self._address.target, options=CHANNEL_OPTIONS) as channel:
            ask = channel.unary_unary(
                f"/{SERVICE}/{self._method}",
                request_serializer=type(request).SerializeToString,
                response_deserializer=answer.FromString,
            )
            return ask(request, timeout=self._patience.remaining(now_s - self._began_s))

    def _after(self, error: "grpc.RpcError", tried_s: float) -> None:
        """Wait for the next try, or raise."""
        from conman.ctl.sentences import cause, read_failure, sentence

        failed = read_failure(error)
        if failed.code not in _NOBODY_ANSWERED:
            deadline_s = self._patience.deadline_s
            told = sentence(failed, self._method, self._address, deadline_s)
            raise CommandFailed(told, failed.code, failed.reason)
        self._trouble = trouble = self._count(failed, tried_s)
        self._pause(trouble, cause(failed, self._address))

    def _count(self, failed: "Failed", tried_s: float) -> _Trouble:
        now_s = time.monotonic()
        before = self._trouble
        if before is None or now_s - tried_s > _REACHED_AFTER_S:
            before = _Trouble(0, now_s, perhaps_done=before is not None and before.perhaps_done)
        perhaps_done = before.perhaps_done or not failed.never_sent
        return _Trouble(before.failures + 1, before.since_s, perhaps_done=perhaps_done)

    def _pause(self, trouble: _Trouble, because: "Cause") -> None:
        now_s = time.monotonic()
        pause_s = self._patience.pause(
            trouble.failures, now_s - trouble.since_s, now_s - self._began_s
        )
        if pause_s is None or not because.passing:
            self._give_up(trouble, because)
        if trouble.failures == 1:
            if self._may_tell():
                complain(f"{because.told} ({self._how_long()})")
            self._said = because.told
        time.sleep(pause_s)

    def _may_tell(self) -> bool:
        self.tells = self.tells or self._telling.acquire(blocking=False)
        return self.tells

    def _how_long(self) -> str:
        limits = [s for s in (self._patience.connect_s, self._patience.deadline_s) if s is not None]
        return f"trying for up to {min(limits):g} s" if limits else "trying until it is back"

    def _give_up(self, trouble: _Trouble, because: "Cause") -> NoReturn:
        if because.answered:
            raise CommandFailed(because.told)
        is_said = because.told == self._said
        told = f"gave up: nobody answers at {self._address.shown}" if is_said else because.told
        if trouble.perhaps_done:
            told += "; what was asked for may have been done, `conmanctl container list` tells"
        raise Unreachable(told)


def _to_bytes(message: "Message") -> bytes:
    return message.SerializeToString()
