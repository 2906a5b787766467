"""What can go wrong for a person who types a command, as sentences and exit codes.

It exists so that every failure ends as one line on stderr and never as a traceback.
It must never import grpc or conman.wire: it is loaded before anything is known to fail.
"""

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130
#: As SIGPIPE ends a program whose output nobody reads.
EXIT_UNREAD = 141


class CommandFailed(Exception):
    """One thing that was asked for did not happen; the next container is tried.

    The message is one sentence: what, why, and what to do next. `code`: gRPC's name of it, and `reason`
    conman's, if it has one.
    """

    exit_code = EXIT_FAILED

    def __init__(self, told: str, code: str = "", reason: str = "") -> None:
        super().__init__(told)
        self.code = code
        self.reason = reason


class Unreachable(CommandFailed):
    """Nobody answers for conmand: trying the other containers would be pointless."""


class WrongUsage(CommandFailed):
    """The command line or the environment makes no sense; conmand was not asked."""

    exit_code = EXIT_USAGE


def one_line(text: str) -> str:
    """Text that cannot break a line or drive a terminal, whatever a server put in it."""
    return "".join(_visible(character) for character in " ".join(text.split()))


def visible(text: str) -> str:
    """Text whose lines and tabs are its own, and that cannot drive a terminal otherwise."""
    return "".join(each if each in "\n\t" else _visible(each) for each in text)


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape", "backslashreplace").decode("ascii")
