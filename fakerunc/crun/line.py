"""crun's command line, read by the rules of the C library's argp.

It must never act on what it reads, nor say what runc would.
"""

import re
import sys
from dataclasses import replace

from fakerunc.options import COMMANDS as RUNC
from fakerunc.options import GLOBAL, Invocation, Syntax, flags, reordered

_UNKNOWN = "flag provided but not defined: -"
_BAD = "bad flag syntax: -"
_BARE = "flag needs an argument: -"
USAGE = 64

_MORE = {"cgroup-manager"}
_GLOBAL = replace(
    GLOBAL,
    values=(*(name for name in GLOBAL.values if name != "criu"), *_MORE),
    aliases={"v": "version", "V": "version", "?": "help"},
)
_MAKING = ("config",)


def _making(name: str) -> Syntax:
    found = _loose(RUNC[name])
    kept = tuple(switch for switch in found.switches if switch != "keep")
    return replace(
        found,
        values=(*found.values, *_MAKING),
        switches=tuple(dict.fromkeys((*kept, "no-subreaper"))),
        aliases=found.aliases | {"f": "config"},
    )


def _loose(found: Syntax) -> Syntax:
    """Its numbers are read by strtol: none is refused."""
    return replace(found, values=(*found.values, *found.numbers), numbers=())


COMMANDS = {
    "create": _making("create"),
    "delete": replace(
        RUNC["delete"], switches=("force", "regex"), aliases={"f": "force", "r": "regex"}
    ),
    "exec": replace(
        _loose(RUNC["exec"]),
        switches=tuple(name for name in RUNC["exec"].switches if name != "ignore-paused"),
        arguments=(2, sys.maxsize),
    ),
    "kill": replace(RUNC["kill"], switches=("all", "regex"), aliases={"a": "all", "r": "regex"}),
    "list": RUNC["list"],
    "pause": RUNC["pause"],
    "ps": replace(RUNC["ps"], arguments=(1, 1), reorders=True),
    "resume": RUNC["resume"],
    "run": _making("run"),
    "spec": RUNC["spec"],
    "start": RUNC["start"],
    "state": RUNC["state"],
    "update": RUNC["update"],
}


class Misused(Exception):
    """A line that cannot be read: str() is what goes to stderr, `code` how crun leaves."""

    def __init__(self, words: str, code: int = 1) -> None:
        """The words stand for themselves: they are not logged."""
        super().__init__(words)
        self.code = code


def read(argv: list[str]) -> Invocation:
    """Splits a command line, the program's name not in it."""
    options, rest = _read("crun", _GLOBAL, argv)
    if not rest:
        if options.keys() & {"version", "help"}:
            return Invocation(options, "", {}, [])
        raise Misused("please specify a command")
    command, *rest = rest
    if command not in COMMANDS:
        raise Misused(f"unknown command {command}")
    syntax = COMMANDS[command]
    given, arguments = _read(command, syntax, reordered(syntax, rest) if syntax.reorders else rest)
    _count(command, syntax, arguments, by_file="process" in given)
    if "preserve-fds" in given:
        given["preserve-fds"] = (
            re.sub("[^0-9].*", "", given["preserve-fds"], flags=re.DOTALL) or "0"
        )
    if "user" in given:
        given["user"] = _user(given["user"])
    return Invocation(options, command, given, arguments)


def _user(text: str) -> str:
    match = re.fullmatch("(-?[0-9]+)(?::(-?[0-9]*))?", text)
    if match is None:
        raise Misused("invalid USERSPEC specified")
    return f"{match[1]}:{match[2] or 0}"


def _read(who: str, syntax: Syntax, argv: list[str]) -> tuple[dict[str, str], list[str]]:
    try:
        found, rest, _ = flags(syntax, argv)
    except ValueError as problem:
        raise Misused(_argp(who, str(problem)), USAGE) from problem
    return found, rest


def _argp(who: str, problem: str) -> str:
    """The same trouble, in argp's words."""
    if problem.startswith(_BAD):
        bare = problem.removeprefix(_BAD)
        return _argp(who, _UNKNOWN + ("=" if bare.startswith("=") else bare.removeprefix("-")))
    name = problem.partition(": -")[2]
    dashes = f"--{name}" if len(name) > 1 else name
    if problem.startswith(_UNKNOWN):
        words = (
            f"unrecognized option '{dashes}'" if len(name) > 1 else f"invalid option -- '{name}'"
        )
    elif problem.startswith(_BARE):
        long = len(name) > 1
        words = f"option {dashes!r} requires an argument"
        words = words if long else f"option requires an argument -- '{name}'"
    else:
        words = problem
    return f"{who}: {words}\nTry `{who} --help' or `{who} --usage' for more information."


def _count(command: str, syntax: Syntax, arguments: list[str], *, by_file: bool) -> None:
    least, most = syntax.arguments
    least = 1 if by_file else least
    if least and not arguments:
        raise Misused("please specify a ID for the container")
    if len(arguments) < least:
        raise Misused(f"crun: `{command}` requires a minimum of {least} arguments")
    if len(arguments) > most:
        raise Misused(f"crun: `{command}` requires a maximum of {most} arguments")
