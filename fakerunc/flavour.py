"""Whose behaviour a call has: runc's, unless --flavour, the environment or the settings say crun's.

A flavour is a table of plans and the form of its files; the steps are the same, and who performs them. It
must never be guessed: a name that is none ends the call before anything is done.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from fakerunc import options, runc_files
from fakerunc.model import (
    Answer,
    Command,
    Create,
    Plan,
    Record,
    Step,
    View,
    failure,
    plan,
    undo_of_create,
)
from fakerunc.settings import flavour as known
from fakerunc.settings import settings


@dataclass(frozen=True, slots=True)
class Files:
    """What lies in a state directory. `temporary`: empty where its name holds a pid.

    `encoded` takes the root, the record, the number of hierarchies; `decoded` the state directory, and
    what the file holds: a LookupError, TypeError or ValueError for what only looks like a state.
    """

    state: str
    encoded: Callable[[str, Record, int], dict[str, object]]
    decoded: Callable[[str, object], Record]
    temporary: str = ""
    directory_mode: int = 0o711
    fifo_mode: int = 0o622
    state_mode: int = 0o600
    indent: int | None = None
    pid_in_place: bool = False  # not renamed into it
    keeps_config: bool = False  # a copy of config.json, made with the fifo


@dataclass(frozen=True, slots=True)
class Flavour:
    """`plan` also takes the state directory's path, for words in which it occurs.

    `failure` takes a command's name, and why it failed.
    """

    name: str
    files: Files
    plan: Callable[[Command, View, str], Plan]
    undo: Callable[[Create, Step, str], Plan]
    failure: Callable[[str, str], Answer]


RUNC = Flavour(
    "runc",
    Files("state.json", runc_files.encoded, runc_files.decoded),
    lambda command, view, _place: plan(command, view),
    undo_of_create,
    failure,
)


def chosen(argv: list[str]) -> str:
    """The flavour's name for this command line, the program's name not in it; BadSetting for none."""
    told = settings().flavour
    for asked in _asked(argv):
        told = known("--flavour", asked)
    return told


def _asked(argv: list[str]) -> Iterator[str]:
    """What --flavour says before the command. Whoever reads the line next says what is wrong with it."""
    words = iter(argv)
    for word in words:
        if not word.startswith("-") or word in {"-", "--"}:
            return
        name, equals, value = word.removeprefix("-").removeprefix("-").partition("=")
        if name == "flavour":
            yield from [value] if equals else islice(words, 1)
        elif name in _VALUED and not equals:
            next(words, None)


_VALUED = frozenset({*options.GLOBAL.values, "cgroup-manager"})
