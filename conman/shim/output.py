"""What the shim's machine is told of its program's output and log, and what it has done about them: values.

In a module of their own, as those of execs are; the rules are all in `machine`. Pure.
"""

from conman.frozen import frozen
from conman.shim.task import Offer


@frozen
class OutputReopened:
    """A dead shim's FIFOs are read again; `failure`: why not."""

    failure: str


@frozen
class LogReopened:
    """The log is written to by its name; `failure`: why it is written to where it was."""

    failure: str


@frozen
class LogComplete:
    """Everything that the container wrote is in the log, and synced."""


@frozen
class StreamOffered:
    """Who bears the token may come; `failure`: why nobody can."""

    failure: str


@frozen
class ReopenOutput:
    """Read what a dead shim's container writes, after a line that says so; OutputReopened follows."""

    log: str


@frozen
class ReopenLog:
    """Write on in the file that has the log's name by now; LogReopened follows."""

    log: str


@frozen
class OfferStream:
    """Let the bearer of a token in, once; StreamOffered follows."""

    offer: Offer


@frozen
class CompleteLog:
    """Drain the container's output, bounded, sync the log, tell the end to all who read along.

    LogComplete follows.
    """

    log: str
