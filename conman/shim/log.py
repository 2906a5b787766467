"""A container's log, in the CRI's format: `<time> stdout|stderr F|P <text>`; P: the line goes on.

The container must never wait for a disk that is full or fails, and the shim must never die of it: what cannot be
written is dropped, counted, and said in the log once it can be written again. For one that is slow both wait, in a
write, and in the syncs before a rotation and before a log that was moved away is left. A line is whole or not there.
Of what could be written it never takes anything back but half a line: somebody may have read it.
"""

import os
import time

from conman.shim import recipes
from conman.shim.complaint import complain
from conman.shim.rotation import Do, Rotation

_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW


def records(stream: str, data: bytes, at: int) -> bytes:
    """The log lines for what was read of a stream at one moment (ns since the epoch)."""
    *lines, rest = data.split(b"\n")
    head = f"{_time(at)} {stream} ".encode()
    whole = [b"%sF %s\n" % (head, line) for line in lines]
    return b"".join([*whole, b"%sP %s\n" % (head, rest)] if rest else whole)


def _output_in(whole: bytes) -> int:
    """How many bytes of output these lines hold."""
    texts = (line.split(b" ", 3) for line in whole.split(b"\n")[:-1])
    return sum(len(text) + (tag == b"F") for _, _, tag, text in texts)


def _has_name(path: str, descriptor: int) -> bool:
    """Whether that open file is what the path names."""
    try:
        return os.path.samestat(os.lstat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _time(at: int) -> str:
    """RFC3339Nano."""
    seconds, rest = divmod(at, 1_000_000_000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{rest:09}Z"


class Log:
    """One log, only ever appended to. `lost`: bytes of output dropped since the last success."""

    __slots__ = ("_fd", "_path", "_reason", "_rotation", "_torn", "lost")

    def __init__(self, path: str, rotation: Rotation | None = None) -> None:
        self._path = path
        self._rotation = rotation
        self._fd = -1
        self._torn = False
        self._reason = ""
        self.lost = 0

    def write(self, stream: str, data: bytes) -> None:
        """Append what a container wrote, or count it as lost."""
        at = time.time_ns()
        marker, whole = self._marker(at), records(stream, data, at)
        try:
            written = self._append(marker + whole)
        except OSError as error:
            self._reason, written = error.strerror or str(error), 0
        if written == len(marker) + len(whole):
            self.lost = 0
        else:
            kept = _output_in(whole[: max(written - len(marker), 0)])
            self.lost = (0 if written else self.lost) + len(data) - kept

    def say(self, text: str) -> None:
        """A line of conman's own."""
        self.write("stderr", f"conman: {text}\n".encode())

    def touch(self) -> None:
        """Make the file if need be, and say what was lost."""
        self.write("stderr", b"")

    def reopen(self, do: Do) -> None:
        """Write on in the file that has the log's name, where that of before was moved away.

        A log that nothing was written to yet is made, and not held: it may be moved away again.
        `do`: performs what makes what was written durable, for nobody finds it again. Raises OSError: it
        writes on where it did.
        """
        moved = self._fd
        if moved >= 0 and _has_name(self._path, moved):
            return
        if moved >= 0:
            steps = recipes.keep_moved_log(moved)
            if do(steps) < len(steps):
                raise OSError("what was written to the file that was moved away cannot be synced")
        self._fd = -1
        try:
            self._open()
        except OSError:
            self._fd = moved
            raise
        if self._rotation is not None:
            self._rotation.begins()
        if moved >= 0:
            os.close(moved)
        else:
            self.close()

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _marker(self, at: int) -> bytes:
        if not self.lost:
            return b""
        text = f"conman: {self.lost} bytes of output were lost here: {self._reason}\n"
        return records("stderr", text.encode(), at)

    def _append(self, data: bytes) -> int:
        """How much of it is there now: all, or so many whole lines. Raises OSError: nothing."""
        size = self._open()
        if self._rotation is not None and self._rotation.is_due(size, len(data)):
            size = self._rotate(self._rotation)
        view = memoryview(b"\n" + data if self._torn else data)
        before, done = int(self._torn), 0
        try:
            while done < len(view):
                done += os.write(self._fd, view[done:])
        except OSError as error:
            whole = data.rfind(b"\n", 0, max(done - before, 0)) + 1
            self._reason = error.strerror or str(error)
            self._torn = self._torn and not whole
            self._cut_back(size + (before + whole if whole else 0))
            return whole
        self._torn = False
        return len(data)

    def _rotate(self, rotation: Rotation) -> int:
        """Put the file aside, and begin another, of which it gives the size; or else it grows."""
        try:
            # What has the name is somebody else's, then; and nobody else would sync what was written to ours.
            if not _has_name(self._path, self._fd):
                self.reopen(rotation.do)
            elif rotation.turn():
                self.close()
        except OSError as error:
            complain(f"the log is written to as before: {error}")
            rotation.failed()
        return self._open()

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
