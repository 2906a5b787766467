"""Finds a container's program inside its root file system, without ever leaving or executing it.

runc looks the program up after it has changed its root; a stand-in never does, so links are followed
here by hand, with the rootfs as the root.
"""

import errno
import os
import stat

# The environment by which a stand-in that looks around knows where it is, and as whom.
PATH, CWD, USER = "FAKERUNC_ROOTFS", "FAKERUNC_CWD", "FAKERUNC_USER"
_LINKS = 40  # the kernel's own limit


def complaint_about_program(rootfs: str, name: str, search: str) -> str:
    """What Go's exec.LookPath would say about args[0], or nothing; `search` is the PATH."""
    if "/" in name:
        return _complaint_about_file(rootfs, name)
    for folder in search.split(":") if search else []:
        candidate = os.path.join(folder or ".", name)
        if name and not _failure(rootfs, candidate):
            relative = (
                f"exec: {_quoted(name)}: cannot run executable found relative to current directory"
            )
            return "" if candidate.startswith("/") else relative
    return f"exec: {_quoted(name)}: executable file not found in $PATH"


def _quoted(name: str) -> str:
    """As Go would, of what none of the file's name can be."""
    return '"' + name.replace("\0", r"\x00") + '"'


def failure_of_program(rootfs: str, name: str, search: str) -> int:
    """An errno for a program that cannot be executed, the first that is found on the way, or 0."""
    if "/" in name or not name:
        return _failure(rootfs, name)
    found = [_failure(rootfs, os.path.join(folder or ".", name)) for folder in search.split(":")]
    if 0 in found:
        return 0
    return next((code for code in found if code != errno.ENOENT), errno.ENOENT)


def _complaint_about_file(rootfs: str, name: str) -> str:
    failure = _failure(rootfs, name)
    if not failure:
        return ""
    words = os.strerror(failure).lower()
    return f"exec: {_quoted(name)}: " + (
        words if failure == errno.EACCES else f"stat {name}: {words}"
    )


def _failure(rootfs: str, path: str) -> int:
    """0 for an executable file, else an errno."""
    if "\0" in path:
        return errno.EINVAL
    try:
        mode = os.stat(inside(rootfs, path)).st_mode
    except OSError as failure:
        return failure.errno or errno.EIO
    return 0 if stat.S_ISREG(mode) and mode & 0o111 else errno.EACCES


def inside(rootfs: str, path: str) -> str:
    """The host's path of a container's path, all links resolved; what is missing stays as it is."""
    left = _parts(path)
    at: list[str] = []
    links = 0
    while left:
        part = left.pop(0)
        if part == "..":
            at = at[:-1]
            continue
        target = _link(os.path.join(rootfs, *at, part))
        if target is None:
            at.append(part)
            continue
        links += 1
        if links > _LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
        at = [] if target.startswith("/") else at
        left = _parts(target) + left
    return os.path.join(rootfs, *at)


def home_of(rootfs: str, uid: int) -> str:
    """The home directory that the container's own /etc/passwd gives to `uid`; `/` where it says none."""
    try:
        with open(inside(rootfs, "/etc/passwd"), encoding="utf-8", errors="replace") as file:
            entries = [line.rstrip("\n").split(":") for line in file]
    except OSError:
        return "/"
    homes = [entry[5] for entry in entries if len(entry) == 7 and entry[2] == str(uid)]
    return homes[0] if homes and homes[0] else "/"


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in {"", "."}]


def _link(path: str) -> str | None:
    try:
        return os.readlink(path)
    except (OSError, ValueError):
        # A null is in no name.
        return None
