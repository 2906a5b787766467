"""conmand's beginning: one that just serves reads its flags by itself, for click takes an eighth of a start.

Read here is only what cannot be read in two ways. Whatever else there is, a command, --help, a flag that
is wrong, is click's (`commands`). It must never read a flag otherwise than click does.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from typing import NoReturn

from conman.daemon.config import configure
from conman.daemon.serving import end_with, serve
from conman.daemon.settings import SETTINGS

_FLAGS = frozenset(("--config", *(f"--{known.name}" for known in SETTINGS)))

#: With it a shell asks click for words to complete.
_COMPLETES = "_CONMAND_COMPLETE"


def main() -> NoReturn:
    """With the words of the command line."""
    flags = plain_flags(sys.argv[1:])
    if flags is None or _COMPLETES in os.environ:
        from conman.daemon.commands import main as commands  # noqa: PLC0415 - that is the point

        sys.exit(commands())
    end_with(lambda: _serve(flags))


def _serve(flags: Mapping[str, str]) -> int:
    given = {name: value for name, value in flags.items() if name != "config"}
    return serve(configure(given, flags.get("config"), os.environ, os.geteuid()))


def plain_flags(words: Sequence[str]) -> dict[str, str] | None:
    """By the settings' names, where each has a value that is no flag itself; None: it is click's to say."""
    found: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        flag, equals, value = word.partition("=")
        if not equals:
            value = next(rest, "-")
        if flag not in _FLAGS or (value.startswith("-") and not equals):
            return None
        found[flag.removeprefix("--")] = value
    return found


if __name__ == "__main__":
    main()
