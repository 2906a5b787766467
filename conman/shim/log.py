"""A container's log, in the CRI's format: `<time> stdout|stderr F|P <text>`; P: the line goes on.

The container must never wait for the disk, and the shim must never die of it: what cannot be written is
dropped, counted, and said in the log once it can be written again. A line is whole or not there.
"""

import os
import time

_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW


def records(stream: str, data: bytes, at: int) -> bytes:
    """The log lines for what was read of a stream at one moment (ns since the epoch)."""
    *lines, rest = data.split(b"\n")
    head = f"{_time(at)} {stream} ".encode()
    whole = [b"%sF %s\n" % (head, line) for line in lines]
    return b"".join([*whole, b"%sP %s\n" % (head, rest)] if rest else whole)


def _time(at: int) -> str:
    """RFC3339Nano."""
    seconds, rest = divmod(at, 1_000_000_000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{rest:09}Z"


class Log:
    """One log file, only ever appended to. `lost`: bytes of output dropped since the last success."""

    __slots__ = ("_fd", "_path", "_reason", "_torn", "lost")

    def __init__(self, path: str) -> None:
        self._path = path
        self._fd = -1
        self._torn = False
        self._reason = ""
        self.lost = 0

    def write(self, stream: str, data: bytes) -> None:
        """Append what a container wrote, or count it as lost."""
        at = time.time_ns()
        try:
            self._append(self._marker(at) + records(stream, data, at))
        except OSError as error:
            self.lost += len(data)
            self._reason = error.strerror or str(error)
        else:
            self.lost = 0

    def say(self, text: str) -> None:
        """A line of conman's own."""
        self.write("stderr", f"conman: {text}\n".encode())

    def touch(self) -> None:
        """Make the file if need be, and say what was lost."""
        self.write("stderr", b"")

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _marker(self, at: int) -> bytes:
        if not self.lost:
            return b""
        text = f"conman: {self.lost} bytes of output were lost here: {self._reason}\n"
        return records("stderr", text.encode(), at)

    def _append(self, data: bytes) -> None:
        size = self._open()
        view = memoryview(b"\n" + data if self._torn else data)
        try:
            while view:
                view = view[os.write(self._fd, view) :]
        except OSError:
            self._cut_back(size)
            raise
        self._torn = False

    def _open(self) -> int:
        """Open the file if it is not, and tell its size."""
        if self._fd < 0:
            self._fd = os.open(self._path, _FLAGS, 0o640)
            size = os.fstat(self._fd).st_size
            # An earlier writer may have died in the middle of a line.
            self._torn = size > 0 and os.pread(self._fd, 1, size - 1) != b"\n"
        return os.fstat(self._fd).st_size

    def _cut_back(self, size: int) -> None:
        try:
            os.ftruncate(self._fd, size)
        except OSError:
            self._torn = True
