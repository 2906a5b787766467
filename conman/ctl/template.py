"""`--format`: text with {{.Names}} in it, as docker's users write it; nothing else of Go's templates.

It must never guess: what it does not understand, and a name that nobody knows, is wrong usage, before conmand
is asked. What is known and not there is `<no value>`, as docker has it.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import cast

import click

_PLACE = re.compile(
    r"\{\{\s*(?P<json>json\s+)?(?:\.(?P<path>[\w.]*)"
    r'|index\s+\.(?P<map>[\w.]+)(?P<keys>(?:\s+(?:"[^"\\{}]*"|\d+))+))\s*\}\}'
)
_KEY = re.compile(r'"([^"]*)"|(\d+)')
_ESCAPES = {"\\t": "\t", "\\n": "\n"}
_NOTHING = "<no value>"


@dataclass(frozen=True, slots=True)
class Place:
    """What one {{...}} asks for. `path`: from the whole, which is ()."""

    path: tuple[str, ...]
    as_json: bool = False
    nothing: str = _NOTHING

    @property
    def name(self) -> str:
        return "." + ".".join(self.path)

    def told(self, tree: object) -> str:
        """What is no text is JSON."""
        found = tree
        for part in self.path:
            found = _in(found, part)
        if self.as_json:
            return json.dumps(found)
        if found is None:
            return self.nothing
        return found if isinstance(found, str) else json.dumps(found)


@dataclass(frozen=True, slots=True)
class Template:
    """A place, or the text between two."""

    parts: tuple[str | Place, ...]

    @property
    def places(self) -> tuple[Place, ...]:
        return tuple(part for part in self.parts if isinstance(part, Place))

    def filled(self, tree: object, shown: Callable[[str], str] = str) -> str:
        """`shown`: what becomes of each value."""
        return "".join(
            part if isinstance(part, str) else shown(part.told(tree)) for part in self.parts
        )


def understood(text: str) -> Template:
    """Raises click's UsageError."""
    parts: list[str | Place] = []
    spelled, end = _spelled(text), 0
    for found in _PLACE.finditer(spelled):
        parts += [spelled[end : found.start()], _place(found)]
        end = found.end()
    parts.append(spelled[end:])
    if any("{{" in part or "}}" in part for part in parts if isinstance(part, str)):
        raise click.UsageError(
            f"--format {text}: only {{{{.Name}}}}, {{{{json .Name}}}} and"
            ' {{index .Name "key"}} are understood'
        )
    return Template(tuple(parts))


def unknown(place: Place, names: Iterable[str]) -> click.UsageError:
    """`names`: what there is instead."""
    known = ", ".join(f".{each}" for each in names)
    instead = f"there are {known}" if known else 'a key is named as in {{index .map "key"}}'
    return click.UsageError(f"--format knows no {place.name}: {instead}")


def _spelled(text: str) -> str:
    for escape, character in _ESCAPES.items():
        text = text.replace(escape, character)
    return text


def _place(found: "re.Match[str]") -> Place:
    as_json = found["json"] is not None
    if found["map"] is None:
        return Place(_path(found["path"]), as_json)
    keys = tuple(text or number for text, number in _KEY.findall(found["keys"]))
    # As Go has it: `index` of what a map does not have is an empty text.
    return Place(_path(found["map"]) + keys, as_json, nothing="")


def _path(text: str) -> tuple[str, ...]:
    return tuple(filter(None, text.split(".")))


def _in(tree: object, part: str) -> object:
    if isinstance(tree, Mapping):
        return cast("Mapping[str, object]", tree).get(part)
    if isinstance(tree, list) and part.isdecimal():
        items = cast("list[object]", tree)
        return items[int(part)] if int(part) < len(items) else None
    return None
