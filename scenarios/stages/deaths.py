"""What a life of a daemon is to suffer on a real stage: where, whose death it is, and who dies with them.

    SAGA/EFFECT/WHEN[@n]       conmand dies at a crash point
    call:COMM@n                at a syscall point: conmand, or its zygote or a shim (then all of it ends at rest)
    call:COMM#k@n              the same, of the k-th process of that name, from the second on
    runtime:COMMAND@STEP[#n]   the runtime dies at a step of a command: of fakerunc's own, or of a system call
    fails:ERROR:COMM[#k]@n     nobody dies: the call at that syscall point fails with ENOSPC, EIO or EROFS
    full:ext4|tmpfs:COMM[#k]@n nobody dies: DATA's disk is full from that call on, until somebody has been answered
    cut:...                    of conmand's deaths: the power is cut at that instant
    group:...                  likewise: everybody dies who is in conmand's own control group
    all:...                    likewise: its zygote and its shims die with it

It must never let pass what did not happen: what is never reached is told.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from scenarios.syscalls.preload import comm
from scenarios.usage import Usage

ERRORS = ("ENOSPC", "EIO", "EROFS")
DISKS = ("ext4", "tmpfs")
#: Processes of conmand's own that are none of its threads.
_OTHERS = ("conman-shim", "conman-zygote")


class By(Enum):
    """How a life is disturbed: the beginning of its words."""

    POINT = ""
    CALL = "call:"
    RUNTIME = "runtime:"
    ERROR = "fails:"
    FULL = "full:"


class With(Enum):
    """What comes with conmand's death."""

    NOTHING = ""
    CUT = "cut:"
    GROUP = "group:"
    ALL = "all:"


_SYSCALL_POINT = r"[^#@]+(#([2-9]|[1-9][0-9]+))?@[1-9][0-9]*"
_WHERE = "COMM@N, N from 1 on, or COMM#K@N, K from 2 on"
_FORMS: Mapping[By, tuple[str, str]] = {
    By.POINT: (r".+", "a crash point"),
    By.CALL: (_SYSCALL_POINT, f"call:{_WHERE}"),
    By.RUNTIME: (
        r"[a-z]+@[a-z0-9-]+(#[1-9][0-9]*)?",
        "runtime:COMMAND@STEP, or runtime:COMMAND@STEP#N",
    ),
    By.ERROR: (
        f"({'|'.join(ERRORS)}):{_SYSCALL_POINT}",
        f"fails:ERROR:COMM@N or COMM#K@N, ERROR one of {', '.join(ERRORS)}",
    ),
    By.FULL: (
        f"({'|'.join(DISKS)}):{_SYSCALL_POINT}",
        f"full:DISK:COMM@N or COMM#K@N, DISK one of {', '.join(DISKS)}",
    ),
}


@dataclass(frozen=True, slots=True)
class Death:
    """`point`: a crash point, a COMM@n or COMM#k@n, or a runtime's COMMAND@STEP. `what`: the error, or the disk's kind."""

    point: str
    by: By = By.POINT
    company: With = With.NOTHING
    what: str = ""

    @property
    def comm(self) -> str:
        """The name of the threads that pass its syscall point, whichever process of that name it is."""
        return comm(self.point)

    @property
    def is_the_daemons(self) -> bool:
        """Or that of a shim, a zygote, a runtime or nobody, which its daemon survives."""
        others = self.by is By.CALL and self.comm in _OTHERS
        return self.by in {By.POINT, By.CALL} and not others

    @property
    def is_a_shims(self) -> bool:
        """Or of everybody's who is conman's."""
        return self.company is With.ALL or self.whose == "shim"

    @property
    def whose(self) -> str:
        """In a word, for a sum."""
        others = {
            By.RUNTIME: "runtime",
            By.ERROR: f"call by {self.what}",
            By.FULL: f"full {self.what}",
        }
        if self.is_the_daemons:
            return "conmand"
        return others.get(self.by) or self.comm.removeprefix("conman-")

    @property
    def is_counted(self) -> bool:
        """Whether somebody has to count system calls for it."""
        return self.by in {By.CALL, By.ERROR, By.FULL}

    @property
    def is_a_disks(self) -> bool:
        """Nobody's: a daemon may say that it cannot begin."""
        return self.by in {By.ERROR, By.FULL}

    @property
    def is_excuse(self) -> bool:
        """Whether who asks meanwhile may be refused for it."""
        return self.by in {By.RUNTIME, By.ERROR, By.FULL}

    def __str__(self) -> str:
        what = f"{self.what}:" if self.what else ""
        return f"{self.company.value}{self.by.value}{what}{self.point}"


def death(text: str) -> Death:
    """Raises Usage; whether there is such a crash point or step is for others to ask."""
    company = next((one for one in With if one.value and text.startswith(one.value)), With.NOTHING)
    rest = text.removeprefix(company.value)
    by = next((one for one in By if one.value and rest.startswith(one.value)), By.POINT)
    point, (form, words), what = rest.removeprefix(by.value), _FORMS[by], ""
    if not re.fullmatch(form, point):
        raise Usage(f"--crash {text}: write {words}")
    if by in {By.ERROR, By.FULL}:
        what, _, point = point.partition(":")
    found = Death(point, by, company, what)
    if company is not With.NOTHING and not found.is_the_daemons:
        raise Usage(
            f"--crash {text}: {company.value} goes with the daemon, and it is not the daemon that dies"
        )
    return found
