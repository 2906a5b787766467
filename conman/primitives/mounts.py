"""What is mounted where, as /proc/self/mountinfo has it (proc(5)); read each time, never remembered."""

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
    with open("/proc/self/mountinfo", "rb") as file:
        lines = file.read().splitlines()
    for line in lines:
        before, _, after = line.partition(b" - ")
        kind, _, options = after.split(b" ", 2)
        fields = before.split()
        yield Mount(
            point=_text(fields[4]),
            kind=_text(kind),
            options=tuple(_text(options).split(",")),
            writable=b"rw" in fields[5].split(b","),
        )


def cgroup_mounts() -> Iterator[Mount]:
    """Every hierarchy of control groups: v1's, and v2's one."""
    return (mount for mount in mounts() if mount.kind in ("cgroup", "cgroup2"))


def _text(field: bytes) -> str:
    """Space, tab, newline, backslash, and what separates options are a backslash and three octal digits."""
    head, *escaped = field.split(b"\\")
    rest = (bytes([int(part[:3], 8)]) + part[3:] for part in escaped)
    return b"".join((head, *rest)).decode(errors="surrogateescape")
