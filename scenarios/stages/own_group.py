"""A control group for one daemon, as a service manager would make it: whoever is in it dies at once. Root only.

It lies in the unified hierarchy, whose groups can be killed as one. It must never kill any group but its own.
"""

import os
import select
from pathlib import Path

from scenarios.stages.daemon import PATIENCE_S

_PLACES = (Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup"))


class OwnGroup:
    """`name`: of a directory that nobody else has."""

    def __init__(self, name: str) -> None:
        self._path = next(place for place in _PLACES if _is_unified(place)) / name
        self._path.mkdir()

    @property
    def enter(self) -> tuple[str, ...]:
        """Words before a command: it begins as a member."""
        return ("/bin/sh", "-c", f'echo $$ >{self._path}/cgroup.procs && exec "$@"', "sh")

    def members(self) -> set[int]:
        return {*map(int, (self._path / "cgroup.procs").read_text().split())}

    def kill(self) -> None:
        """All of it, and wait for its end."""
        (self._path / "cgroup.kill").write_text("1")
        with (self._path / "cgroup.events").open() as events:
            changes = select.poll()
            changes.register(events, select.POLLPRI)
            while "populated 1" in events.read():
                assert changes.poll(PATIENCE_S * 1000), f"{self._path} does not die"
                events.seek(0)

    def close(self) -> None:
        self.kill()
        self._path.rmdir()


def _is_unified(place: Path) -> bool:
    return (place / "cgroup.procs").exists()


def missing() -> str:
    """Why there cannot be one, and what to do; "": there can."""
    if os.geteuid() != 0:
        return "making a control group needs root: run it by sudo"
    has_one = any(map(_is_unified, _PLACES))
    return (
        ""
        if has_one
        else "mount the unified hierarchy: mount -t cgroup2 none /sys/fs/cgroup/unified"
    )
