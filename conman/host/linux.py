"""The system calls that Python has no function for.

Every host module may use this one. It must never decide or retry anything, but for what openat2(2) leaves to its
caller: a call is one call, and what fails raises OSError with the kernel's errno and the path concerned.
"""

import ctypes
import os
import struct
from collections.abc import Iterator
from contextlib import suppress

MNT_DETACH = 2
UMOUNT_NOFOLLOW = 8

# The same number on every architecture.
_OPENAT2 = 437
_NO_MAGIC_LINKS, _RESOLVE_IN_ROOT = 0x02, 0x10
# Under two processes that did nothing but rename, 3 in a row were not seen in 95,000 calls.
_TRIES = 100

# fsopen, fsconfig, fsmount; Linux 5.2. The flags of close-on-exec are 1 for both.
_FSOPEN, _FSCONFIG, _FSMOUNT = 430, 431, 432
_CLOEXEC, _SET_STRING, _CMD_CREATE, _MOUNT_ATTR_RDONLY = 1, 1, 6, 1

#: Each of these would make the upper directory depend on this kernel or this mount of it.
PLAIN = {"index": "off", "metacopy": "off", "redirect_dir": "off", "xino": "off"}

_ONLYDIR = 0x0100_0000
# IN_MODIFY, IN_MOVED_TO, IN_CREATE.
CHANGES = 0x2 | 0x80 | 0x100
# IN_MOVED_FROM, IN_DELETE; IN_DELETE_SELF, IN_MOVE_SELF.
MOVE_SELF = 0x800
REMOVALS = 0x40 | 0x200 | 0x400 | MOVE_SELF
_EVENT = struct.Struct("iIII")
_OVERFLOW = 0x4000

# CDLL(None) and not "libc.so.6": so that a preloaded object sees these calls as well.
_libc = ctypes.CDLL(None, use_errno=True)
_libc.mount.argtypes = (
    ctypes.c_char_p,
    ctypes.c_char_p,
    ctypes.c_char_p,
    ctypes.c_ulong,
    ctypes.c_char_p,
)
_libc.umount2.argtypes = (ctypes.c_char_p, ctypes.c_int)


def mount(source: str, target: str, kind: str, options: str) -> None:
    """Attach a file system; no flags."""
    fields = (source, target, kind)
    encoded = [os.fsencode(field) for field in fields]
    if _libc.mount(*encoded, 0, os.fsencode(options)) != 0:
        raise _error(target)


def unmount(target: str, flags: int) -> None:
    """Detach what is topmost at the target."""
    if _libc.umount2(os.fsencode(target), flags) != 0:
        raise _error(target)


def open_in_root(root: str, path: str, flags: int) -> int:
    """openat2(2): `path` as if `root` were "/"; neither ".." nor a link leads out. Linux 5.6."""
    directory = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for _ in range(_TRIES):
            # Somebody renames or mounts something somewhere: then the kernel cannot vouch for "..".
            with suppress(BlockingIOError):
                return _openat2(directory, path, flags)
        return _openat2(directory, path, flags)
    finally:
        os.close(directory)


def _openat2(directory: int, path: str, flags: int) -> int:
    how = struct.pack("=QQQ", flags | os.O_CLOEXEC, 0, _RESOLVE_IN_ROOT | _NO_MAGIC_LINKS)
    handle = _libc.syscall(
        ctypes.c_long(_OPENAT2), ctypes.c_int(directory), os.fsencode(path), how, len(how)
    )
    if handle < 0:
        raise _error(path)
    return handle


def detached_overlay(upper: int, lower: int, work: int = -1) -> int:
    """An overlay of these directories that is mounted nowhere, and ends with its descriptor. Without `work` it is read-only."""
    is_read_only = work < 0
    # The kernel takes no longer text than 256 bytes here, whatever the directories are called.
    up, low = (f"/proc/self/fd/{each}" for each in (upper, lower))
    layers = {"lowerdir": f"{up}:{low}"}
    if not is_read_only:
        layers = {"lowerdir": low, "upperdir": up, "workdir": f"/proc/self/fd/{work}", **PLAIN}
    context = _call(_FSOPEN, b"overlay", _CLOEXEC)
    try:
        for name, value in layers.items():
            _call(_FSCONFIG, context, _SET_STRING, name.encode(), value.encode(), 0)
        _call(_FSCONFIG, context, _CMD_CREATE, None, None, 0)
        return _call(_FSMOUNT, context, _CLOEXEC, _MOUNT_ATTR_RDONLY if is_read_only else 0)
    finally:
        os.close(context)


def _call(number: int, *arguments: object) -> int:
    words = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    found = _libc.syscall(ctypes.c_long(number), *words)
    if found < 0:
        raise _error("overlay")
    return found


def inotify() -> int:
    """A descriptor for `watch`; reading it never blocks."""
    descriptor = _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    if descriptor < 0:
        raise _error("inotify")
    return descriptor


def watch(descriptor: int, directory: str, kinds: int) -> int:
    """inotify(7): what of these `kinds` befalls it, or what is in it. The same number each time."""
    number = _libc.inotify_add_watch(descriptor, os.fsencode(directory), kinds | _ONLYDIR)
    if number < 0:
        raise _error(directory)
    return number


def events(descriptor: int) -> Iterator[tuple[int | None, str]]:
    """What has come since: the number of a watch, and the name of what is in its directory, "": it itself.

    None: more came than the kernel keeps, and whatever is watched may have changed.
    """
    try:
        read = os.read(descriptor, 65536)
    except BlockingIOError:
        return
    at = 0
    while at < len(read):
        number, mask, _, length = _EVENT.unpack_from(read, at)
        at += _EVENT.size + length
        name = os.fsdecode(read[at - length : at].rstrip(b"\0"))
        yield (None if mask & _OVERFLOW else number), name


def unwatch(descriptor: int, number: int) -> None:
    """Of one that the kernel has dropped already, nothing is left to do."""
    _libc.inotify_rm_watch(descriptor, number)


def pid_namespace() -> int:
    """The inode that names our pid namespace."""
    return os.stat("/proc/self/ns/pid").st_ino


def _error(path: str) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number), path)
