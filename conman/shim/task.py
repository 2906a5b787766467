"""What a shim is told to do, and the init that comes of it: the bodies of its requests, parsed.

Their other half is `conman.core.shim_call`. Pure; it must never guess what a body does not say.
"""

from conman.frozen import frozen
from conman.shim.json_text import loads


@frozen
class Task:
    """The body of `create`; see conman.core.shim_call.create_body."""

    argv: tuple[str, ...]
    lock: str
    marker: str
    state_directory: str
    pid_file: str
    record_directory: str
    log: str
    cgroup: str
    boot_id: str
    timeout_ms: int


@frozen
class Init:
    """The process that create left: identity, executable (device, inode), command line."""

    boot_id: str
    pid: int
    start_time: int
    device: int
    inode: int
    cmdline: str


def parse_task(body: str) -> Task:
    """The task of a `create` request. Raises KeyError or ValueError for a foreign body."""
    raw = loads(body)
    return Task(
        tuple(raw["argv"]),
        raw["lock"],
        raw["marker"],
        raw["state_directory"],
        raw["pid_file"],
        raw["record_directory"],
        raw["log"],
        raw["cgroup"],
        raw["boot_id"],
        raw["timeout_ms"],
    )


def parse_log(body: str) -> str:
    """The log of a `succeed` request. Raises KeyError or ValueError for a foreign body."""
    return str(loads(body)["log"])
