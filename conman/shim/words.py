"""What a shim says, as text: the answer to every request, and the exit record.

Its readers are `conman.core.shim_call` and whoever looks at a record by hand. Pure.
"""

from conman.shim import execs
from conman.shim.json_text import dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from conman.shim.machine import State

SUCCEEDING = "succeeding"


def exit_fields(state: "State") -> "dict[str, object] | None":
    """The exit as the record and the protocol tell it; None while the init lives."""
    if state.ended is None or state.init is None:
        return None
    return {
        "boot_id": state.init.boot_id,
        "pid": state.init.pid,
        "start_time": state.init.start_time,
        "code": state.ended.code,
        "signal": state.ended.signal,
        "oom_kills": state.oom_kills,
        "at": state.ended.at,
        "by": "shim",
    }


def exit_bytes(state: "State") -> bytes:
    """The exit record: one JSON object on one line."""
    return (dumps(exit_fields(state), sort_keys=True) + "\n").encode()


def describe(state: "State", *, log: str | None = None) -> str:
    """The answer to every request: what the shim knows. `log`: "" that it is reopened, else why not; None: not asked."""
    call = None
    if state.call is not None:
        init = state.call.init
        call = {
            "code": state.call.code,
            "stdout": state.call.stdout,
            "stderr": state.call.stderr,
            "init": None
            if init is None
            else {
                "boot_id": init.boot_id,
                "pid": init.pid,
                "start_time": init.start_time,
                "device": init.device,
                "inode": init.inode,
                "cmdline": init.cmdline,
            },
        }
    known = {
        "call": call,
        "exit": exit_fields(state),
        "recorded": state.recorded,
        "succeeds": state.phase == SUCCEEDING,
        "trouble": state.trouble,
        "stream": state.stream,
        "log": log,
        "execs": execs.describe(state.execs),
    }
    return dumps(known, sort_keys=True)
