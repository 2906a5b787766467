"""What runs inside: a handful of programs built in, and for all others a stand-in that waits.

    sleep TIME          100, 0.5, 2m, infinity
    true, false, env, echo [-n] WORDS, cat [FILES], yes [WORD]
    pwd, id, ls, stty   what there is to see: looking.py
    sh [-c SCRIPT]      a small grammar: shell.py
    grep, mkdir, ...    others that end by themselves are not played: exit 127 (_UNPLAYED)
    anything else       lives until TERM, INT or QUIT, then exits with 0, as servers do

The last part of args[0] chooses. A file of the rootfs is never executed. From signals that it has no
handler for a program is safe, if it is the first of its pid namespace.
"""

import os
import signal
import time
from collections.abc import Callable
from typing import NoReturn

_OURS = "FAKERUNC_"  # what a container's environment has that is not its own
_LOOKING = frozenset({"id", "ls", "pwd", "stty"})
# Whoever runs one of them waits for its end: it would be a bad server.
_UNPLAYED = (
    " awk basename chmod chown cp cut date dd df dirname du expr fdisk file find free grep head "
    "hostname ip ln mkdir mknod mktemp mount mv nproc od printf ps readlink realpath rm rmdir sed "
    "seq sort stat sync tar tee test touch tr tty umask umount uname uniq unshare wc which whoami "
    "xargs "
)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def run(args: list[str], *, first_of_its_pids: bool) -> NoReturn:
    """Becomes the program, and ends with its exit code."""
    name = os.path.basename(args[0])
    with open("/proc/self/comm", "w", encoding="utf-8", errors="surrogateescape") as comm:
        comm.write(name)
    if not first_of_its_pids:
        _forget_python()
    if ordered := os.environ.get("FAKERUNC_EXIT"):
        # Only here: few are told how to end.
        from fakerunc.exit_script import OOM_FILE, parse, play  # noqa: PLC0415

        play(parse(ordered), os.environ[OOM_FILE])
    if name in {"sh", "ash", "dash", "bash"}:
        # Only here: the shell's imports cost more than all other programs together.
        from fakerunc.shell import shell  # noqa: PLC0415

        os._exit(shell(args, first_of_its_pids=first_of_its_pids))
    os._exit((named(name) or _serve)(args))


def named(name: str) -> "Callable[[list[str]], int] | None":
    """The program of that name, if it is one that ends by itself; a shell is none of them."""
    if name in _LOOKING:
        # Only here: most programs see nothing.
        from fakerunc.looking import PROGRAMS as LOOKING  # noqa: PLC0415

        return LOOKING[name]
    return PROGRAMS.get(name) or (_unplayed if f" {name} " in _UNPLAYED else None)


def _forget_python() -> None:
    """The interpreter ignores these two and handles the third; a program in C does not."""
    for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)


def write(fd: int, data: bytes) -> bool:
    """All of it; False when nobody reads any more."""
    try:
        while data:
            data = data[os.write(fd, data) :]
    except OSError:
        return False
    return True


def complain(words: str) -> int:
    write(2, f"{words}\n".encode("utf-8", "surrogateescape"))
    return 1


def _sleep(args: list[str]) -> int:
    if len(args) < 2:
        return complain("sleep: missing operand")
    if args[1] in {"infinity", "inf"}:
        while True:
            signal.pause()
    unit = _UNITS.get(args[1][-1:])
    try:
        seconds = float(args[1][:-1] if unit else args[1]) * (unit or 1)
    except ValueError:
        return complain(f"sleep: invalid number '{args[1]}'")
    # Signals that are handled do not shorten it: a shell's trap waits for its foreground command.
    time.sleep(seconds)
    return 0


def _true(_args: list[str]) -> int:
    return 0


def _false(_args: list[str]) -> int:
    return 1


def _echo(args: list[str]) -> int:
    words = args[1:]
    end = "\n"
    if words[:1] == ["-n"]:
        words, end = words[1:], ""
    written = write(1, (" ".join(words) + end).encode("utf-8", "surrogateescape"))
    return 0 if written else complain("echo: write error")


def _cat(args: list[str]) -> int:
    if args[1:] not in ([], ["-"]):
        from fakerunc import looking  # noqa: PLC0415 - as above

        return looking.cat(args)
    while data := os.read(0, 65536):
        if not write(1, data):
            return complain("cat: write error")
    return 0


def _yes(args: list[str]) -> int:
    line = " ".join(args[1:] or ["y"]) + "\n"
    block = line.encode("utf-8", "surrogateescape") * 512
    while write(1, block):
        pass
    return complain("yes: write error")


def _env(_args: list[str]) -> int:
    """Without what is not the container's."""
    own = (f"{name}={text}\n" for name, text in os.environ.items() if not name.startswith(_OURS))
    return 0 if write(1, "".join(own).encode("utf-8", "surrogateescape")) else 1


def _unplayed(args: list[str]) -> int:
    complain(f"{args[0]}: not one of the programs that fakerunc plays")
    return 127


def _serve(_args: list[str]) -> int:
    """As any server would: asked to end, it ends well."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, _leave)
    while True:
        signal.pause()


def _leave(_number: int, _frame: object) -> None:
    os._exit(0)


PROGRAMS: dict[str, Callable[[list[str]], int]] = {
    "cat": _cat,
    "echo": _echo,
    "env": _env,
    "false": _false,
    "sleep": _sleep,
    "true": _true,
    "yes": _yes,
}
