"""A disk in memory with little room: DATA on a tmpfs. Root only.

It must never mount or unmount anything but its own.
"""

import subprocess
from pathlib import Path

_SIZE = "16m"


class SmallDisk:
    """`place`: where it is mounted, below `top`."""

    def __init__(self, top: Path) -> None:
        self.place = top / "m"
        self.place.mkdir()
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "none", self.place], check=True
        )

    def close(self) -> None:
        subprocess.run(["umount", "--lazy", self.place], check=True)
