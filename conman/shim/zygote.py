"""The zygote: has imported all that a shim needs, and forks one in a millisecond when conmand asks.

    {"op": "enter", "body": "/conman-<instance>/shims"}    move into this cgroup, and all shims with it
    {"op": "fork", "body": "<mark> <directory>"  }          descriptors: the locked `alive`, the pipe `ready`

Packets are the shim's own protocol's; nothing is answered: what becomes of a fork is told by the pipe that
came with it. The end of the connection ends it, once all that was asked before is done. It must never
hold a shim's lock for longer than a fork takes, and never be needed: without it conmand starts shims by exec.
"""

import gc
import os

from conman.primitives.cgroup_entry import enter
from conman.primitives.light import signal, socket
from conman.shim.appearance import Appearance, rename
from conman.shim.complaint import complain
from conman.shim.main import ignore_signals, main
from conman.shim.protocol import REQUEST_BYTES, Packet, decode

_TITLE = b"conman-zygote"

#: Room for two descriptors, of four bytes each.
_RIGHTS = socket.CMSG_SPACE(8)


def serve(descriptor: int) -> int:
    """Fork until the connection ends; its exit code. In a shim it does not return."""
    appearance = Appearance()
    appearance.change(_TITLE)
    rename(_TITLE)
    # A service manager's or a terminal's signals are for conmand, whose end is ours.
    ignore_signals()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    connection = socket.socket(fileno=descriptor)
    gc.collect()
    # A collection would write to pages that all shims share.
    gc.disable()
    gc.freeze()
    while True:
        data, rights, _, _ = connection.recvmsg(REQUEST_BYTES, _RIGHTS, socket.MSG_CMSG_CLOEXEC)
        descriptors = [fd for _, _, each in rights for fd in memoryview(each).cast("i")]
        if not data:
            return 0
        try:
            _obey(decode(data), connection, appearance, descriptors)
        finally:
            for each in descriptors:
                os.close(each)


def _obey(
    packet: Packet, connection: socket.socket, appearance: Appearance, descriptors: list[int]
) -> None:
    match packet.op, descriptors:
        case "enter", []:
            enter(packet.body, os.getpid())
        case "fork", [alive, ready]:
            _fork(packet.body, connection, appearance, alive, ready)
        case _:
            raise ValueError(f"not a request: {packet}")


def _fork(
    body: str, connection: socket.socket, appearance: Appearance, alive: int, ready: int
) -> None:
    mark, _, directory = body.partition(" ")
    try:
        pid = os.fork()
    except OSError as error:
        complain(f"no shim can be forked: {error}")
        return
    if pid == 0:
        connection.detach()
        os._exit(_live(mark, directory, appearance, alive, ready))


def _live(mark: str, directory: str, appearance: Appearance, alive: int, ready: int) -> int:
    """The shim's exit code: nothing of the zygote's may run after it.

    What it inherits it shares, until it writes to it: so it does as little as it can.
    """
    try:
        complaints = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        os.dup2(os.open(f"{directory}/shim.stderr", complaints, 0o600), 2)
        appearance.change(b"conman-shim\0" + os.fsencode(directory), os.fsencode(mark))
        return main(directory, alive, ready)
    except BaseException as error:  # noqa: BLE001 - told where a shim's complaints go
        complain(f"{type(error).__name__}: {error}")
        return 1
