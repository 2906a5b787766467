"""What a shim is told to do, and the init that comes of it: the bodies of its requests, parsed.

Their other half is `conman.core.shim_call`. Pure; it must never guess what a body does not say.
"""

from conman.frozen import frozen
from conman.shim.json_text import dumps, loads


@frozen
class LogLimits:
    """A log's file has at most so many bytes (0: any), and of its files so many are kept."""

    bytes: int
    files: int


@frozen
class Stdio:
    """Whether a program has an input, whether that ends with the first who may type, whether it has a terminal."""

    stdin: bool = False
    once: bool = False
    tty: bool = False


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
    log_limits: LogLimits
    stdio: Stdio = Stdio()


@frozen
class Init:
    """The process that create left: identity, executable (device, inode), command line."""

    boot_id: str
    pid: int
    start_time: int
    device: int
    inode: int
    cmdline: str


@frozen
class Offer:
    """The body of `stream`: what the bearer of a token may do, once. `exec_id` "": with the init's streams.

    `size`: rows and columns that its terminal has from now on.
    """

    token: str
    exec_id: str
    stdin: bool
    stdout: bool
    stderr: bool
    within_ms: int
    size: tuple[int, int] | None = None


def parse_offer(body: str) -> Offer:
    """The offer of a `stream` request. Raises KeyError or ValueError for a foreign body."""
    raw = loads(body)
    # An older conmand tells of none.
    rows, columns = raw.get("size") or (0, 0)
    return Offer(
        raw["token"],
        raw["exec_id"],
        raw["stdin"],
        raw["stdout"],
        raw["stderr"],
        raw["within_ms"],
        (rows, columns) if rows else None,
    )


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
        LogLimits(raw["log_bytes"], raw["log_files"]),
        Stdio(raw["stdin"], raw["stdin_once"], raw["tty"]),
    )


def stdio_text(stdio: Stdio) -> str:
    """What one shim writes down for its successor."""
    return dumps({"stdin": stdio.stdin, "once": stdio.once, "tty": stdio.tty})


def parse_stdio(text: str) -> Stdio:
    """Raises KeyError or ValueError for what no shim has written."""
    raw = loads(text)
    return Stdio(raw["stdin"], raw["once"], raw["tty"])


def limits_text(limits: LogLimits) -> str:
    """What one shim writes down for its successor."""
    return dumps({"bytes": limits.bytes, "files": limits.files})


def parse_limits(text: str) -> LogLimits:
    """Raises KeyError or ValueError for what no shim has written."""
    raw = loads(text)
    return LogLimits(raw["bytes"], raw["files"])


def parse_log(body: str) -> str:
    """The log of a `succeed` request. Raises KeyError or ValueError for a foreign body."""
    return str(loads(body)["log"])
