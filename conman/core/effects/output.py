"""The host effects around a program's output: who holds it, who reads on for a dead shim, who reads along."""

from conman.core.effects.effect import HostEffect
from conman.core.requests import Streams
from conman.core.spec import ConsoleSize
from conman.frozen import frozen


@frozen
class HoldOutput(HostEffect):
    """What the container writes is not lost while nobody reads it. Held, or Absent: no FIFOs."""

    container_id: str
    run: int


@frozen
class SucceedShim(HostEffect):
    """A new shim goes on logging for a dead one. ShimAnswer, Absent, TimedOut."""

    container_id: str
    run: int


@frozen
class WatchShim(HostEffect):
    """From here on the end of the shim is observed, also one that came before."""

    container_id: str
    run: int


@frozen
class OfferStream(HostEffect):
    """The shim lets the bearer of a token in, and sets a terminal's size. ShimAnswer, Absent, TimedOut."""

    container_id: str
    run: int
    token: str
    exec_id: str
    streams: Streams
    console_size: ConsoleSize | None = None


@frozen
class ReopenLog(HostEffect):
    """The shim writes on in the file that has the log's name by now. ShimAnswer, Absent, TimedOut."""

    container_id: str
    run: int
