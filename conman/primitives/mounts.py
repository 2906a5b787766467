"""What is mounted where, as /proc/self/mountinfo has it (proc(5)); read each time, never remembered.

Of a path the kernel escapes space, tab, newline and backslash, and nothing else: a line ends and is divided by
these alone. A line that is not understood is an OSError, for what it hides may be in the way.
"""

import errno
from _collections_abc import Iterator

from conman.frozen import frozen


@frozen
class Mount:
    """One line. `options`: the super block's, which for cgroup v1 name the controllers."""

    point: str
    kind: str
    options: tuple[str, ...]
    writable: bool


def mounts() -> Iterator[Mount]:
    return map(_parsed, _lines())


def points() -> Iterator[str]:
    """Where something is mounted, in order: of a thousand containers' mounts little else is asked."""
    return map(_point, _lines())


def on_top(point: str) -> Mount | None:
    """What is seen at this path, which has no links in it."""
    return next((_parsed(line) for line in reversed(_lines()) if _point(line) == point), None)


def cgroup_mounts() -> Iterator[Mount]:
    """Every hierarchy of control groups: v1's, and v2's one."""
    # Only those that may be one are taken apart: a mount for each container is there, too.
    found = (_parsed(line) for line in _lines() if b" - cgroup" in line)
    return (mount for mount in found if mount.kind in ("cgroup", "cgroup2"))


def _lines() -> list[bytes]:
    return _read().split(b"\n")[:-1]


def _read() -> bytes:
    with open("/proc/self/mountinfo", "rb", buffering=0) as file:
        return file.read()


def _point(line: bytes) -> str:
    try:
        return _text(line.split(b" ", 5)[4])
    except (IndexError, ValueError) as error:
        raise _odd(line) from error


def _parsed(line: bytes) -> Mount:
    try:
        before, _, after = line.partition(b" - ")
        kind, _, options = after.split(b" ", 2)
        fields = before.split(b" ")
        return Mount(
            point=_text(fields[4]),
            kind=_text(kind),
            options=tuple(_text(options).split(",")),
            writable=b"rw" in fields[5].split(b","),
        )
    except (IndexError, ValueError) as error:
        raise _odd(line) from error


def _odd(line: bytes) -> OSError:
    return OSError(errno.EBADMSG, "not understood", f"/proc/self/mountinfo: {line!r}")


def _text(field: bytes) -> str:
    """Space, tab, newline, backslash, and what separates options are a backslash and three octal digits."""
    if b"\\" not in field:
        return field.decode(errors="surrogateescape")
    head, *escaped = field.split(b"\\")
    rest = (bytes([int(part[:3], 8)]) + part[3:] for part in escaped)
    return b"".join((head, *rest)).decode(errors="surrogateescape")
