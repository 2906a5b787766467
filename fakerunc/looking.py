"""Programs that look around: what a container's process would see of itself and of the root file system.

    pwd    id [-u|-g|-G]    ls [-aAdln1] [PATHS]    cat FILES    stty size

They read the rootfs as it lies on the host: what mounts would bring is not there. Of /proc only
/proc/self is: it is their own. They must never write, and never look outside of the rootfs.
"""

import fcntl
import os
import stat
import struct
import termios
import time
from collections.abc import Callable

from fakerunc import rootfs
from fakerunc.programs import complain, write

_SELF = "/proc/self/"


def host_path(path: str) -> str:
    """Where on the host a path of the container is; OSError for a ring of links."""
    whole = os.path.normpath(os.path.join(os.environ[rootfs.CWD], path))
    return whole if whole.startswith(_SELF) else rootfs.inside(os.environ[rootfs.PATH], whole)


def pwd(_args: list[str]) -> int:
    return _said(os.environ[rootfs.CWD])


def id_(args: list[str]) -> int:
    uid, gid, *groups = os.environ[rootfs.USER].split()
    everyone = " ".join(dict.fromkeys((gid, *groups)))
    match args[1:]:
        case ["-u"]:
            return _said(uid)
        case ["-g"]:
            return _said(gid)
        case ["-G"]:
            return _said(everyone)
        case []:
            return _said(f"uid={uid} gid={gid} groups={everyone.replace(' ', ',')}")
        case _:
            return complain("id: this stand-in knows -u, -g and -G only")


def stty(args: list[str]) -> int:
    if args[1:] != ["size"]:
        return complain("stty: this stand-in knows size only")
    try:
        rows, columns, _, _ = struct.unpack("4H", fcntl.ioctl(0, termios.TIOCGWINSZ, bytes(8)))
    except OSError as failure:
        return complain(f"stty: standard input: {failure.strerror}")
    return _said(f"{rows} {columns}")


def cat(args: list[str]) -> int:
    """Of files; 1 if one of them cannot be read."""
    code = 0
    for path in args[1:]:
        try:
            with open(host_path(path), "rb") as file:
                while (data := file.read(65536)) and write(1, data):
                    pass
        except OSError as failure:
            code = complain(f"cat: {path}: {failure.strerror}")
    return code


def ls(args: list[str]) -> int:
    """1 if there is something that cannot be listed."""
    options = {letter for word in args[1:] if word.startswith("-") for letter in word[1:]}
    if strange := options - {*"aAdln1"}:
        return complain(f"ls: this stand-in does not know -{min(strange)}")
    code = 0
    for path in [word for word in args[1:] if not word.startswith("-")] or ["."]:
        try:
            _said(*_listed(path, options))
        except OSError as failure:
            code = complain(f"ls: {path}: {failure.strerror}")
    return code


def _listed(path: str, options: set[str]) -> list[str]:
    place = host_path(path)
    is_folder = stat.S_ISDIR(os.stat(place).st_mode) and "d" not in options
    found = {path: place}
    if is_folder:
        dots = [".", ".."] if "a" in options else []
        hidden = options & {"a", "A"}
        names = [name for name in os.listdir(place) if hidden or not name.startswith(".")]
        found = {name: os.path.join(place, name) for name in sorted((*dots, *names))}
    if not options & {"l", "n"}:
        return list(found)
    total = sum(os.lstat(at).st_blocks for at in found.values()) // 2
    return [f"total {total}"] * is_folder + [_line(name, at) for name, at in found.items()]


def _line(name: str, at: str) -> str:
    of = os.lstat(at)
    when = time.strftime("%b %e %H:%M", time.localtime(of.st_mtime))
    target = f" -> {os.readlink(at)}" if stat.S_ISLNK(of.st_mode) else ""
    mode, owner = stat.filemode(of.st_mode), f"{of.st_uid:<8} {of.st_gid:<8}"
    return f"{mode} {of.st_nlink:4} {owner} {of.st_size:9} {when} {name}{target}"


def _said(*lines: str) -> int:
    text = "".join(f"{line}\n" for line in lines)
    return 0 if write(1, text.encode("utf-8", "surrogateescape")) else 1


PROGRAMS: dict[str, Callable[[list[str]], int]] = {
    "id": id_,
    "ls": ls,
    "pwd": pwd,
    "stty": stty,
}
