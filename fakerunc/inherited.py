"""Descriptors beyond stdio that a caller hands to a process: LISTEN_FDS of them, and `--preserve-fds N`.

They keep their numbers, from 3 on (sd_listen_fds(3)). It must never hand on one that nobody named.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass

FIRST = 3


@dataclass(frozen=True, slots=True)
class Inherited:
    """`count` descriptors from FIRST on; `env` tells the process of those that are sockets."""

    count: int = 0
    env: tuple[str, ...] = ()
    complaint: str = ""


def inherited(flags: Mapping[str, str]) -> Inherited:
    """What this call was given, and runc's complaint about what it was not."""
    sockets = _listening()
    preserved = max(0, int(flags.get("preserve-fds", "0")))
    first = FIRST + sockets
    for k in range(preserved):
        if not os.path.exists(f"/proc/self/fd/{first + k}"):
            missing = f"stat /proc/self/fd/{first + k}: no such file or directory"
            return Inherited(
                complaint=f"unable to stat preserved-fd {k} (of {preserved}): {missing}"
            )
    env = (f"LISTEN_FDS={sockets}", "LISTEN_PID=1") if sockets else ()
    return Inherited(sockets + preserved, env)


def _listening() -> int:
    """Systemd's protocol: the number counts only for the process that LISTEN_PID names."""
    number, whose = os.environ.get("LISTEN_FDS", ""), os.environ.get("LISTEN_PID", "")
    return int(number) if number.isdigit() and whose == str(os.getpid()) else 0
