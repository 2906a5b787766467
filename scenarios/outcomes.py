"""What a run came to, as a document: `--json` writes it, `merge` joins those of all its parts.

Joined, it is what one run of everything would have come to, but for the time. It must never join what does
not belong together: parts of other code, of another command, one twice, or not all of them.
"""

import argparse
import json
import sys
from collections.abc import Container, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

from scenarios.shards import Shard
from scenarios.usage import Usage

_ROOT = Path(__file__).resolve().parents[1]
#: What a run depends on.
_SOURCES = ("conman", "fakerunc", "scenarios")

Result = Mapping[str, Any]


@cache
def code() -> str:
    """Which code this is: a digest of its sources."""
    digest = sha256()
    for path in sorted(path for name in _SOURCES for path in (_ROOT / name).rglob("*.py")):
        text = path.read_bytes()
        digest.update(f"{path.relative_to(_ROOT)} {len(text)}\n".encode() + text)
    return digest.hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Outcome:
    """`terms`: what was asked for. `results`: one for each story, exhibit or lot of seeds, in any order."""

    command: str
    terms: Result
    shard: Shard
    results: Sequence[Result]
    seconds: float
    is_stopped: bool = False
    code: str = field(default_factory=code)


def add_option(one: argparse.ArgumentParser) -> None:
    one.add_argument("--json", default="", metavar="FILE", help="a report for merge; -: to stdout")


def write(outcome: Outcome, path: str) -> None:
    """To the file, or to stdout for "-", or nowhere for "". Raises Usage."""
    if path == "-":
        sys.stdout.write(_text(outcome))
    elif path:
        try:
            Path(path).write_text(_text(outcome), encoding="utf-8")
        except OSError as error:
            raise Usage(f"{path} cannot be written: {error.strerror}") from error


def check(path: str, option: str = "--json") -> None:
    """Before anything runs: whether there is where to write to. Raises Usage."""
    if path not in {"", "-"} and (Path(path).is_dir() or not Path(path).parent.is_dir()):
        raise Usage(f"{option} {path}: name a file in a directory that is there")
    # Of what is imported, whatever is edited meanwhile.
    code()


def _text(outcome: Outcome) -> str:
    return json.dumps(asdict(outcome), sort_keys=True, indent=1) + "\n"


def read(path: str) -> Outcome:
    """Raises Usage."""
    try:
        told = json.loads(Path(path).read_text(encoding="utf-8"))
        shard = Shard(**told["shard"])
        return replace(Outcome(**cast("dict[str, Any]", told)), shard=shard)
    except OSError as error:
        raise Usage(f"{path}: {error.strerror}") from error
    except (ValueError, TypeError, KeyError):
        raise Usage(f"{path} is no report: give files that --json has written") from None


def joined(parts: Sequence[tuple[str, Outcome]]) -> Outcome:
    """All parts, with the names of their files, as one run's. Raises Usage."""
    places: dict[int, tuple[str, Outcome]] = {}
    for name, part in parts:
        _belongs(name, part, *parts[0])
        if part.shard.index in places:
            raise Usage(f"{places[part.shard.index][0]} and {name} are both shard {part.shard}")
        places[part.shard.index] = name, part
    one = parts[0][1]
    _none_is_missing(one.shard.count, places)
    in_order = [places[index][1] for index in sorted(places)]
    return replace(
        one,
        shard=Shard(),
        results=[result for part in in_order for result in part.results],
        seconds=max(part.seconds for part in in_order),
        is_stopped=any(part.is_stopped for part in in_order),
    )


def _belongs(name: str, part: Outcome, first: str, one: Outcome) -> None:
    if part.code != one.code:
        raise Usage(f"{name} is of other code than {first}: run all parts with one version")
    if _asked(part) != _asked(one):
        raise Usage(f"{name} is of another run than {first}: {_asked(part)}; not {_asked(one)}")


def _none_is_missing(count: int, places: Container[int]) -> None:
    missing = [f"{index}/{count}" for index in range(1, count + 1) if index not in places]
    if missing:
        raise Usage(f"shard {', '.join(missing)} is missing: give the reports of all {count}")


def _asked(outcome: Outcome) -> str:
    terms = ", ".join(f"{name} {value}" for name, value in sorted(outcome.terms.items()))
    return f"{outcome.command} in {outcome.shard.count}, {terms}"
