"""runc's command line, read by its own rules: those of the urfave/cli library and of Go's flag package.

argparse would answer other words, allow other orders, and take longer to import than runc takes to
answer. It must never act on what it reads.
"""

import re
import sys
from dataclasses import dataclass, field
from typing import NamedTuple


class UsageError(Exception):
    """What cannot be read; `words` go to stderr, `headline` to stdout above the help."""

    def __init__(
        self, words: str, headline: str, options: dict[str, str] | None = None, command: str = ""
    ) -> None:
        """`options` are the global ones, as far as they could be read: the log's among them."""
        super().__init__(words)
        self.words = words
        self.headline = headline
        self.options = options or {}
        self.command = command


# Every command has it, and with it asks for no argument.
_HELP = ("help", "h")


@dataclass(frozen=True, slots=True)
class Syntax:
    """Flags by their names without dashes; `arguments` is the least and the most of them.

    `lists` may be given many times, of them `integers` are numbers. `reorders`: flags may follow
    arguments.
    """

    values: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    switches: tuple[str, ...] = ()
    durations: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    integers: tuple[str, ...] = ()
    arguments: tuple[int, int] = (1, 1)
    aliases: dict[str, str] = field(default_factory=dict[str, str])
    reorders: bool = True

    def names(self) -> frozenset[str]:
        return frozenset(
            (
                *self.values,
                *self.numbers,
                *self.durations,
                *self.switches,
                *self.lists,
                *self.aliases,
                *_HELP,
            )
        )


GLOBAL = Syntax(
    values=("root", "log", "log-format", "criu", "rootless", "flavour"),
    switches=("debug", "systemd-cgroup", "version"),
    aliases={"v": "version"},
)
COMMANDS = {
    "create": Syntax(
        values=("bundle", "console-socket", "pid-file"),
        numbers=("preserve-fds",),
        switches=("no-pivot", "no-new-keyring"),
        aliases={"b": "bundle"},
    ),
    "delete": Syntax(switches=("force",), aliases={"f": "force"}),
    "exec": Syntax(
        values=(
            "console-socket",
            "cwd",
            "user",
            "process",
            "pid-file",
            "process-label",
            "apparmor",
        ),
        numbers=("preserve-fds",),
        switches=("tty", "detach", "no-new-privs", "ignore-paused"),
        lists=("env", "additional-gids", "cap", "cgroup"),
        integers=("additional-gids",),
        aliases={
            "e": "env",
            "t": "tty",
            "u": "user",
            "g": "additional-gids",
            "p": "process",
            "d": "detach",
            "c": "cap",
        },
        arguments=(1, sys.maxsize),
        reorders=False,
    ),
    "checkpoint": Syntax(
        values=(
            "image-path",
            "work-path",
            "parent-path",
            "page-server",
            "manage-cgroups-mode",
            "empty-ns",
        ),
        numbers=("status-fd",),
        switches=(
            "leave-running",
            "tcp-established",
            "ext-unix-sk",
            "shell-job",
            "lazy-pages",
            "file-locks",
            "pre-dump",
            "auto-dedup",
        ),
    ),
    "events": Syntax(durations=("interval",), switches=("stats",)),
    "features": Syntax(arguments=(0, 0)),
    "kill": Syntax(switches=("all",), aliases={"a": "all"}, arguments=(1, 2)),
    "list": Syntax(
        values=("format",),
        switches=("quiet",),
        aliases={"f": "format", "q": "quiet"},
        arguments=(0, 0),
    ),
    "pause": Syntax(),
    "ps": Syntax(
        values=("format",), aliases={"f": "format"}, arguments=(1, sys.maxsize), reorders=False
    ),
    "resume": Syntax(),
    "restore": Syntax(
        values=(
            "console-socket",
            "image-path",
            "work-path",
            "manage-cgroups-mode",
            "bundle",
            "pid-file",
            "empty-ns",
            "lsm-profile",
            "lsm-mount-context",
        ),
        switches=(
            "tcp-established",
            "ext-unix-sk",
            "shell-job",
            "file-locks",
            "detach",
            "no-subreaper",
            "no-pivot",
            "auto-dedup",
            "lazy-pages",
        ),
        aliases={"b": "bundle", "d": "detach"},
    ),
    "run": Syntax(
        values=("bundle", "console-socket", "pid-file"),
        numbers=("preserve-fds",),
        switches=("detach", "keep", "no-subreaper", "no-pivot", "no-new-keyring"),
        aliases={"b": "bundle", "d": "detach"},
    ),
    "spec": Syntax(
        values=("bundle",), switches=("rootless",), aliases={"b": "bundle"}, arguments=(0, 0)
    ),
    "start": Syntax(),
    "state": Syntax(),
    "update": Syntax(
        values=(
            "resources",
            "cpu-period",
            "cpu-quota",
            "cpu-share",
            "cpu-rt-period",
            "cpu-rt-runtime",
            "cpuset-cpus",
            "cpuset-mems",
            "kernel-memory",
            "kernel-memory-tcp",
            "memory",
            "memory-reservation",
            "memory-swap",
            "l3-cache-schema",
            "mem-bw-schema",
        ),
        numbers=("blkio-weight", "pids-limit"),
        aliases={"r": "resources"},
    ),
}


@dataclass(frozen=True, slots=True)
class Invocation:
    """One call: `options` and `flags` hold what was given before and after the command's name."""

    options: dict[str, str]
    command: str
    flags: dict[str, str]
    arguments: list[str]

    def on(self, switch: str) -> bool:
        return switch in self.flags or switch in self.options

    def many(self, name: str) -> tuple[str, ...]:
        """The values of a flag that may be given many times."""
        return tuple(self.flags[name].split("\0")) if name in self.flags else ()


class Read(NamedTuple):
    """Flags as they were given: `names` are those that were used, letters and all."""

    found: dict[str, str]
    rest: list[str]
    names: frozenset[str]


def read(argv: list[str], program: str = "runc") -> Invocation:
    """Splits a command line, the program's name not in it; `program` is what that is called."""
    try:
        options, rest = _one_form(GLOBAL, flags(GLOBAL, argv))
    except TwoForms as problem:
        raise UsageError(str(problem), str(problem)) from problem
    except ValueError as problem:
        raise UsageError(str(problem), f"Incorrect Usage. {problem}") from problem
    command, *rest = rest or [""]
    syntax = COMMANDS.get(command)
    if syntax is None or options.keys() & {"help", "version"}:
        return Invocation(options, command, {}, rest)
    try:
        ordered = reordered(syntax, rest) if syntax.reorders else rest
        given, arguments = _one_form(syntax, flags(syntax, ordered))
    except ValueError as problem:
        raise UsageError(str(problem), f"Incorrect Usage: {problem}", options, command) from problem
    complaint = "" if "help" in given else _miscounted(command, syntax, len(arguments))
    if complaint:
        raise UsageError(f"{program}: {complaint}", "Incorrect Usage.", options, command)
    return Invocation(options, command, given, arguments)


class TwoForms(ValueError):
    """A flag by its name and by its letter."""


def _one_form(syntax: Syntax, read: Read) -> tuple[dict[str, str], list[str]]:
    for letter, name in (*syntax.aliases.items(), ("h", "help")):
        if {letter, name} <= read.names:
            raise TwoForms(f"Cannot use two forms of the same flag: {letter} {name}")
    return read.found, read.rest


def _miscounted(command: str, syntax: Syntax, count: int) -> str:
    least, most = syntax.arguments
    if least <= count <= most:
        return ""
    if least == most:
        bound = f"exactly {least}"
    else:
        bound = f"a minimum of {least}" if count < least else f"a maximum of {most}"
    return f'"{command}" requires {bound} argument(s)'


def flags(syntax: Syntax, argv: list[str]) -> Read:
    """Flags up to the first word that is none, as Go's flag.Parse does; switches map to `true`."""
    found: dict[str, str] = {}
    names: set[str] = set()
    rest = list(argv)
    while rest and rest[0].startswith("-") and rest[0] != "-":
        word = rest.pop(0)
        if word == "--":
            break
        name, equals, value = _named(word)
        if name not in syntax.names():
            raise ValueError(f"flag provided but not defined: -{name}")
        names.add(name)
        full = "help" if name in _HELP else syntax.aliases.get(name, name)
        if full == "help" or full in syntax.switches:
            _switch(found, full, value if equals else "true")
            continue
        if not equals:
            if not rest:
                raise ValueError(f"flag needs an argument: -{name}")
            value = rest.pop(0)
        value = _checked(syntax, full, name, value)
        # No argument of a program can hold the character between them.
        listed = full in syntax.lists and full in found
        found[full] = f"{found[full]}\0{value}" if listed else value
    return Read(found, rest, frozenset(names))


def _named(word: str) -> tuple[str, str, str]:
    """What a word with dashes is, its `=`, and the value behind that."""
    bare = word.removeprefix("-").removeprefix("-")
    if bare.startswith(("-", "=")):
        raise ValueError(f"bad flag syntax: {word}")
    return bare.partition("=")


def _checked(syntax: Syntax, full: str, name: str, value: str) -> str:
    """The same value; a number in plain decimals."""
    why = ""
    if full in syntax.durations and seconds(value) is None:
        why = "parse error"
    if full in syntax.numbers:
        number = integer(value)
        why = _misfit(number, "parse error", "value out of range")
        value = value if number is None else str(number)
    if full in syntax.integers:
        number = int(value) if re.fullmatch("[+-]?[0-9]+", value) else None
        said = f'strconv.ParseInt: parsing "{value}": '
        why = _misfit(number, f"{said}invalid syntax", f"{said}value out of range")
    if why:
        raise ValueError(f'invalid value "{value}" for flag -{name}: {why}')
    return value


def _misfit(number: int | None, none: str, too_large: str) -> str:
    if number is None:
        return none
    return "" if -(2**63) <= number < 2**63 else too_large


_INTEGER = re.compile(
    "(0x(?:_?[0-9a-f])+|0b(?:_?[01])+|0o(?:_?[0-7])+|0(?:_?[0-7])*|[1-9](?:_?[0-9])*)",
    re.IGNORECASE | re.ASCII,
)


def integer(text: str) -> int | None:
    """A number by Go's own spelling, 0x10 and 1_000 among it; None where it is none."""
    bare = text[1:] if text[:1] in {"+", "-"} else text
    if not _INTEGER.fullmatch(bare):
        return None
    number = int(bare, 8 if re.match("0[0-7_]", bare) else 0)
    return -number if text.startswith("-") else number


def _switch(found: dict[str, str], name: str, value: str) -> None:
    if value in {"1", "t", "T", "true", "TRUE", "True"}:
        found[name] = "true"
    elif value in {"0", "f", "F", "false", "FALSE", "False"}:
        found.pop(name, None)
    else:
        raise ValueError(f'invalid boolean value "{value}" for -{name}: parse error')


def reordered(syntax: Syntax, argv: list[str]) -> list[str]:
    """What cli's reorderArgs makes of flags behind arguments, slips included: known ones first."""
    first: list[str] = []
    last: list[str] = []
    may_be_value = False
    for position, word in enumerate(argv):
        if may_be_value and not _known(syntax, word):
            may_be_value = False
            first.append(word)
        elif word == "--":
            return [*first, *last, *argv[position:]]
        elif _known(syntax, word):
            first.append(word)
            may_be_value = "=" not in word
        else:
            last.append(word)
    return [*first, *last]


def _known(syntax: Syntax, word: str) -> bool:
    if not word.startswith("-") or word in {"-", "--"}:
        return False
    return word.removeprefix("-").removeprefix("-").partition("=")[0] in syntax.names()


_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)")


def seconds(text: str) -> float | None:
    """A duration of Go's, such as 1m30s; None where it is none."""
    bare = text.removeprefix("-").removeprefix("+")
    if bare == "0":
        return 0.0
    parts = _PART.findall(bare)
    if not parts or "".join(number + unit for number, unit in parts) != bare:
        return None
    total = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if total * 1e9 >= 2**63:
        return None
    return -total if text.startswith("-") else total
