"""runc's own tests, out of Debian's source package of the runc that is installed here, fetched when they run.

apt does it in a directory of its own, with the machine's own sources asked for source packages. It must
never change what the machine's apt knows, and nothing of what it fetches belongs to this tree.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

from runc_suite.refusal import Refusal

_SOURCES = Path("/etc/apt")
_DEB822 = re.compile(r"^Types:.*$", re.MULTILINE | re.IGNORECASE)
_ONE_LINE = re.compile(r"^deb(-src)?(?=\s)", re.MULTILINE)


def version() -> str:
    """Debian's version of the source that the installed runc was built from, such as 1.1.5+ds1-1."""
    asked = ("dpkg-query", "--show", "--showformat", "${source:Version}", "runc")
    said = subprocess.run(asked, capture_output=True, text=True, check=False)
    if said.returncode or not said.stdout:
        raise Refusal(
            "runc is not installed as Debian's package, whose source has the tests: apt-get install runc"
        )
    return said.stdout


def fetched(place: Path) -> Path:
    """The unpacked source in this directory; what an earlier run fetched is used again."""
    tree = place / f"runc-{version()}"
    if not tree.exists():
        part = place / "fetching"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        _download(part)
        (description,) = part.glob("*.dsc")
        # apt has checked its sum against the signed list.
        _told(
            ("dpkg-source", "--no-check", "--extract", str(description), str(part / "tree")), part
        )
        os.rename(part / "tree", tree)
        shutil.rmtree(part)
    return tree


def _download(part: Path) -> None:
    if not write_lists(_SOURCES, part / "sources"):
        raise Refusal(
            f"{_SOURCES} names no Debian archive, so runc's source cannot be asked for: add one"
        )
    (part / "lists/partial").mkdir(parents=True)
    options = (
        "Dir::Etc::SourceList=/dev/null",
        f"Dir::Etc::SourceParts={part}/sources",
        f"Dir::State::Lists={part}/lists",
        f"Dir::Cache={part}",
        "APT::Get::List-Cleanup=false",
        "APT::Sandbox::User=root",
        "APT::Update::Error-Mode=any",
    )
    apt = ("apt-get", "-qq", *(word for option in options for word in ("--option", option)))
    _told((*apt, "update"), part)
    _told((*apt, "source", "--download-only", f"runc={version()}"), part)


def write_lists(machine: Path, into: Path) -> int:
    """The machine's own sources (its /etc/apt), for source packages; how many files that makes."""
    into.mkdir(parents=True)
    parts = machine / "sources.list.d"
    found = [*parts.glob("*.sources"), *parts.glob("*.list"), machine / "sources.list"]
    for file in filter(Path.exists, found):
        rule, word = (
            (_DEB822, "Types: deb-src") if file.suffix == ".sources" else (_ONE_LINE, "deb-src")
        )
        text, count = rule.subn(word, file.read_text())
        if count:
            (into / file.name).write_text(text)
    return len(list(into.iterdir()))


def _told(words: tuple[str, ...], directory: Path) -> None:
    """One command; where it fails its last line is the reason."""
    said = subprocess.run(
        words,
        cwd=directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if said.returncode:
        last = (said.stdout.strip().splitlines() or ["no reason given"])[-1]
        raise Refusal(
            f"runc's source could not be fetched ({words[0]}: {last}): is there a network?"
        )
