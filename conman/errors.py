"""What conman says when it cannot do as asked.

The hierarchy:

    ConmanError                 carries one Refusal
    ├── ConfigError             conmand's own settings; it does not start
    ├── StoreError              the database; with what, why, what to do
    └── HostError               this machine lacks something that conman needs

Inside the core nothing is raised: a `Refusal` is a value like any other answer. Only the edges
(api, daemon, host) wrap one in an exception. A Refusal never says less than what happened, why,
and what to do next.
"""

from dataclasses import dataclass
from enum import Enum


class Code(Enum):
    """The gRPC status codes that conman uses, by their gRPC names."""

    INVALID_ARGUMENT = "INVALID_ARGUMENT"
    NOT_FOUND = "NOT_FOUND"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    FAILED_PRECONDITION = "FAILED_PRECONDITION"
    ABORTED = "ABORTED"
    UNAVAILABLE = "UNAVAILABLE"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    RESOURCE_EXHAUSTED = "RESOURCE_EXHAUSTED"
    INTERNAL = "INTERNAL"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One answer that is no success. `reason` is a CamelCase word for programs (ErrorInfo.reason)."""

    code: Code
    reason: str
    what: str
    hint: str = ""
    field: str = ""

    def sentence(self) -> str:
        """The one sentence that a person reads: what and why, then what to do."""
        return f"{self.what}; {self.hint}." if self.hint else f"{self.what}."


class ConmanError(Exception):
    """Raised at the edges only; `refusal` has everything that can be said."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.sentence())
        self.refusal = refusal


class ConfigError(ConmanError):
    """conmand's flags, environment or configuration file make no sense."""


class StoreError(ConmanError):
    """The database cannot be opened or read; nothing was changed or deleted."""


class HostError(ConmanError):
    """The machine lacks what is needed: a directory, a lock, a runtime."""
