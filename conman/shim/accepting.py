"""Who comes to a shim's sockets, also where it has no descriptor left for him: then he waits, and it goes on.

A shim that ended of that would take the exits of all its programs with it, and one that asked again at once
would do nothing else. It must never raise, nor be waited for.
"""

from conman.primitives.light import accept, socket
from conman.shim.complaint import complain
from conman.shim.readers import Readers

#: Told once: it may last, and who comes is asked for ten times a second.
_told: list[int] = []


def accepted(listener: socket.socket, readers: Readers) -> socket.socket | None:
    """The next, which does not block; None: it has given up, or there is no room for it now."""
    try:
        connection = accept(listener)
    except BlockingIOError:
        return None
    except OSError as error:
        # EMFILE, ENFILE, ENOMEM: it stays in the queue.
        readers.set_aside(listener.fileno())
        if error.errno not in _told:
            _told.append(error.errno or 0)
            complain(f"nobody new is heard for now: {error}")
        return None
    connection.setblocking(False)  # noqa: FBT003 - socket's own signature
    return connection
