"""What the core says to a shim, and how it reads the answers: the JSON bodies of its protocol.

The shim is told everything (argv, paths, marks): it decides nothing. The shim's half is
`conman.shim.machine`; a field here without its twin there is a bug.
"""

import json
from typing import Any, cast

from conman.core import runtime
from conman.core.effects.effect import Outcome, why_not
from conman.core.effects.vocabulary import OfferStream, RuntimeCreate
from conman.core.execs import Exec, running
from conman.core.layout import Layout
from conman.core.model import Container, Init
from conman.frozen import frozen, replace
from conman.primitives.steps import Absent, ProcessId, RuntimeAnswer, ShimAnswer

#: How long a client may take from the token to the socket.
TOKEN_MS = 30_000


def create_body(effect: RuntimeCreate, layout: Layout, timeout_ms: int) -> str:
    """The `create` request: one runtime call, and where the exit of its init is to be recorded."""
    container_id, run = effect.container_id, effect.run
    return json.dumps(
        {
            "argv": runtime.create_argv(
                effect.runtime, layout, container_id, run, tty=effect.stdio.tty
            ),
            "lock": layout.call_lock(container_id, run, "create"),
            "marker": layout.call_marker(container_id, run, "create"),
            "state_directory": layout.runtime_state(container_id, run),
            "pid_file": layout.init_pid(container_id, run),
            "record_directory": layout.run_record(container_id, run),
            "log": layout.log(container_id),
            "cgroup": layout.members_cgroup(container_id, run),
            "boot_id": layout.boot_id,
            "timeout_ms": timeout_ms,
            "log_bytes": effect.log.file_bytes,
            "log_files": effect.log.files,
            "stdin": effect.stdio.stdin,
            "stdin_once": effect.stdio.stdin_once,
            "tty": effect.stdio.tty,
        },
        sort_keys=True,
        separators=(",", ":"),
    )


def succeed_body(layout: Layout, container_id: str) -> str:
    """The `succeed` request: where a dead shim's successor goes on logging."""
    return json.dumps({"log": layout.log(container_id)}, separators=(",", ":"))


def stream_body(effect: OfferStream) -> str:
    """The `stream` request: what the bearer of the token may do, once. `size`: rows and columns, null: none."""
    streams, size = effect.streams, effect.console_size
    return json.dumps(
        {
            "token": effect.token,
            "exec_id": effect.exec_id,
            "stdin": streams.stdin,
            "stdout": streams.stdout,
            "stderr": streams.stderr,
            "size": None if size is None else [size.rows, size.columns],
            "within_ms": TOKEN_MS,
        },
        sort_keys=True,
        separators=(",", ":"),
    )


def exec_body(binary: str, layout: Layout, row: Container, one: Exec, timeout_ms: int) -> str:
    """The `exec` request: one runtime call. `known`: the others of which the shim is still asked."""
    fields: dict[str, object] = {
        "id": one.id,
        "argv": runtime.exec_argv(binary, layout, one, row.id),
        "stdin": one.spec.stdin,
        "tty": one.spec.tty,
        "lock": layout.call_lock(row.id, row.run, "exec"),
        "marker": layout.call_marker(row.id, row.run, "exec"),
        "state_directory": layout.runtime_state(row.id, row.run),
        "directory": layout.exec(row.id, row.run, one.id),
        "boot_id": layout.boot_id,
        "timeout_ms": timeout_ms,
        "known": [one.id for one in running(row.execs)],
    }
    return json.dumps(fields, sort_keys=True, separators=(",", ":"))


def exec_exit_body(exec_id: str) -> str:
    """The `exec-exit` request."""
    return json.dumps({"id": exec_id}, separators=(",", ":"))


@frozen
class CallResult:
    """How the shim's runtime call ended, and the init that it left (None: none)."""

    answer: RuntimeAnswer
    init: Init | None


@frozen
class Exit:
    """One exit record. `code` as wait(2) has it, 128 + n by signal n; `at` in ns since the epoch.

    `known` False: nobody saw the end, and the code is conman's word for that.
    """

    process: ProcessId
    code: int
    signal: int
    oom_kills: int
    at: int
    by: str
    known: bool = True


@frozen
class ExecKnown:
    """An exec that a shim was told to begin. `answer`: its runtime's, `process`: what came of it.

    `code` None: it has not ended, or never began; `at` in ns since the epoch.
    """

    id: str
    answer: RuntimeAnswer | None
    process: ProcessId | None
    code: int | None = None
    signal: int = 0
    at: int = 0


@frozen
class ShimState:
    """What a shim knows: the result of its call (None: never told to create), and the exit.

    `recorded`: the exit record is durable and the log complete. `succeeds`: it only goes on logging for
    a dead one, and knows of no exit; `trouble`: why it cannot even do that. `stream`: why the last stream
    that it was asked for cannot be had, "" when it can; None: it has nothing to be read. `log`: likewise of a log
    that it was told to reopen, in the answer to that; None: it has none.
    """

    call: CallResult | None
    exit: Exit | None
    recorded: bool
    succeeds: bool = False
    trouble: str = ""
    stream: str | None = None
    execs: tuple[ExecKnown, ...] = ()
    log: str | None = None

    def exec(self, exec_id: str) -> ExecKnown | None:
        return next((one for one in self.execs if one.id == exec_id), None)

    @property
    def is_idle(self) -> bool:
        """Nobody has told it yet what it is for."""
        return self.call is None and not self.succeeds


def unanswered(told: Outcome) -> str:
    """Why a shim gave no answer that could be read, in words."""
    words = "its shim does not answer"
    return words if isinstance(told, Absent) else why_not(told, words)


def told_state(told: Outcome) -> ShimState | None:
    """What a shim says of itself; None when it said nothing, or nothing that can be read."""
    return shim_state(told.body) if isinstance(told, ShimAnswer) else None


def shim_state(body: str) -> ShimState | None:
    """Parse an answer to any request; None when it is no such thing."""
    try:
        raw = cast("dict[str, Any]", json.loads(body))
        call = None if raw["call"] is None else _call(raw["call"])
        ended = None if raw["exit"] is None else _exit(raw["exit"])
        succeeds, trouble = bool(raw["succeeds"]), str(raw["trouble"])
        # A shim of an older conmand knows of none.
        execs = tuple(_exec(one) for one in raw.get("execs", ()))
        recorded, stream = bool(raw["recorded"]), raw["stream"]
        return ShimState(call, ended, recorded, succeeds, trouble, stream, execs, raw.get("log"))
    except (ValueError, KeyError, TypeError):
        return None


def exit_record(data: bytes) -> Exit | None:
    """Parse an exit record; None for torn or foreign bytes."""
    try:
        return _exit(json.loads(data))
    except (ValueError, KeyError, TypeError):
        return None


def render_exit(ended: Exit) -> bytes:
    """The bytes of an exit record: one JSON object on one line."""
    fields: dict[str, object] = {
        "boot_id": ended.process.boot_id,
        "pid": ended.process.pid,
        "start_time": ended.process.start_time,
        "code": ended.code,
        "signal": ended.signal,
        "oom_kills": ended.oom_kills,
        "at": ended.at,
        "by": ended.by,
        "known": ended.known,
    }
    return (json.dumps(fields, sort_keys=True, separators=(",", ":")) + "\n").encode()


def _exit(raw: "dict[str, Any]") -> Exit:
    process = ProcessId(str(raw["boot_id"]), int(raw["pid"]), int(raw["start_time"]))
    return Exit(
        process,
        int(raw["code"]),
        int(raw["signal"]),
        int(raw["oom_kills"]),
        int(raw["at"]),
        str(raw["by"]),
        known=bool(raw.get("known", True)),  # a shim knows what it records
    )


def _exec(raw: "dict[str, Any]") -> ExecKnown:
    called = raw["code"] is not None
    answer = RuntimeAnswer(int(raw["code"]), "", str(raw["stderr"])) if called else None
    found, ended = raw["process"], raw["exit"]
    process = None
    if found is not None:
        process = ProcessId(str(found["boot_id"]), int(found["pid"]), int(found["start_time"]))
    known = ExecKnown(str(raw["id"]), answer, process)
    if ended is None:
        return known
    return replace(known, code=int(ended["code"]), signal=int(ended["signal"]), at=int(ended["at"]))


def _call(raw: "dict[str, Any]") -> CallResult:
    answer = RuntimeAnswer(int(raw["code"]), str(raw["stdout"]), str(raw["stderr"]))
    init = raw["init"]
    if init is None:
        return CallResult(answer, None)
    process = ProcessId(str(init["boot_id"]), int(init["pid"]), int(init["start_time"]))
    return CallResult(
        answer, Init(process, int(init["device"]), int(init["inode"]), str(init["cmdline"]))
    )
