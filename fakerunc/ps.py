"""What `ps` prints: the pids of a container, or the host's own ps with only their lines.

It must never signal or change anything.
"""

import os
import subprocess

from fakerunc.record import go_json

_STAND_IN = "standin.py"


class NoListing(Exception):
    """ps did not answer; str() is runc's complaint."""


def shown(pids: list[int], form: str, arguments: list[str]) -> str:
    """What goes to stdout; `form` is json or table."""
    match form:
        case "json":
            return go_json(pids or None) + "\n"
        case _:
            return _table(pids, arguments or ["-ef"])


def _table(pids: list[int], arguments: list[str]) -> str:
    header, *lines = _asked(arguments).split("\n")
    titles = header.split()
    if "PID" not in titles:
        raise NoListing("couldn't find PID field in ps output")
    column = titles.index("PID")
    wanted = {str(pid): _disguise(pid) for pid in pids}
    rows = [header]
    for line in filter(None, lines):
        pid = line.split()[column]
        if pid in wanted:
            rows.append(line.replace(*wanted[pid]))
    return "".join(f"{row}\n" for row in rows)


def _asked(arguments: list[str]) -> str:
    try:
        done = subprocess.run(
            ["ps", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="surrogateescape",
            check=False,
            # A stand-in's command line is longer than the one that it stands in for: whole, or not known.
            env={name: text for name, text in os.environ.items() if name != "COLUMNS"},
        )
    except FileNotFoundError as missing:
        raise NoListing('exec: "ps": executable file not found in $PATH') from missing
    if done.returncode:
        raise NoListing(f"exit status {done.returncode}: {done.stdout}")
    return done.stdout


def _disguise(pid: int) -> tuple[str, str]:
    """A stand-in's own command line, and the one that it stands in for."""
    try:
        with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="surrogateescape") as file:
            words = file.read().split("\0")[:-1]
    except OSError:
        words = []
    places = [k for k, word in enumerate(words) if os.path.basename(word) == _STAND_IN]
    if not places:
        return "", ""
    match words[places[0] + 1 :]:
        case ["run", _, *args]:
            meant = " ".join(args)
        case ["exec", _, _, *args]:
            meant = " ".join(args)
        case _:
            meant = "runc init"
    return " ".join(words), meant
