"""The simulated programs as real ones: what a real stage runs in the place of each name of `scenarios.programs`.

They are scripts that both a busybox and fakerunc's stand-in shell understand. A container's one that ends by
itself waits for SIGUSR1, so that what a story is given cannot end before it matters. A program that is not here
cannot be played.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from signal import SIGTERM, SIGUSR1

from scenarios.control_groups import MEBI
from scenarios.rootfs import GROUP, PASSWD

_FILES = ("sh", "sleep", "echo", "cat", "true", "yes")
_FOR_EVER = "sleep 100000 & wait"
_EAT = "a=xxxxxxxx; while :; do a=$a$a; done"


@dataclass(frozen=True, slots=True)
class Program:
    """`waits_for`: it is ready once it handles this signal; 0: at once. `memory`: bytes at most, 0: any."""

    words: tuple[str, ...]
    waits_for: int = 0
    memory: int = 0

    @property
    def ends_by_itself(self) -> bool:
        return self.waits_for == SIGUSR1


def _shell(script: str, waits_for: int = 0, memory: int = 0) -> Program:
    return Program(("/bin/sh", "-c", script), waits_for, memory)


PROGRAMS = {
    "/bin/sleep": Program(("/bin/sleep", "100000")),
    "/bin/obey": _shell(f"trap 'exit 0' TERM; {_FOR_EVER}", SIGTERM),
    "/bin/exit7": _shell(f"trap 'exit 7' USR1; {_FOR_EVER}", SIGUSR1),
    "/bin/true": _shell(f"trap 'exit 0' USR1; {_FOR_EVER}", SIGUSR1),
    "/bin/missing": Program(("/bin/missing",)),
    "/bin/eats": _shell(f"trap '{_EAT}' USR1; {_FOR_EVER}", SIGUSR1, 32 * MEBI),
    "/bin/feeds": _shell(
        f"""trap 'sh -c "{_EAT.replace("$", chr(92) + "$")}"; exit 0' USR1; {_FOR_EVER}""",
        SIGUSR1,
        32 * MEBI,
    ),
}

#: The same as an exec, whose end is not its container's: whoever a script waits for would be left there. So one
#: that ends by itself does so in a while, also while no conmand lives; if it is killed, so does what it waits for.
EXECS = {
    **PROGRAMS,
    "/bin/exit7": _shell("sleep 0.1; exit 7"),
}


def ends_by_itself(command: str, args: Sequence[str]) -> bool:
    """Whether these are the words of a program that does."""
    words = (command, *args)
    return any(one.ends_by_itself and one.words == words for one in PROGRAMS.values())


def make_rootfs(rootfs: Path) -> None:
    """Programs for runc where there is a busybox; else files that fakerunc takes for programs."""
    (rootfs / "bin").mkdir(parents=True)
    (rootfs / "etc").mkdir()
    (rootfs / "etc/passwd").write_bytes(PASSWD)
    (rootfs / "etc/group").write_bytes(GROUP)
    busybox = shutil.which("busybox")
    if busybox is not None:
        shutil.copy(busybox, rootfs / "bin" / "busybox")
    for name in _FILES:
        if busybox is not None:
            (rootfs / "bin" / name).symlink_to("busybox")
        else:
            (rootfs / "bin" / name).touch(0o755)
