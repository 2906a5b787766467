"""`--format`: text with {{.Names}} in it, as docker's users write it; nothing else of Go's templates.

It must never guess: a name that is not known is wrong usage, and says which there are.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import cast

import click

_PLACE = re.compile(r"\{\{\s*(json )?\s*\.([\w.]*)\s*\}\}")
_ESCAPES = {"\\t": "\t", "\\n": "\n"}


def placed(template: str, values: Mapping[str, str], names: Sequence[str]) -> str:
    """The template with values in its places. Raises click's UsageError."""
    return _filled(template, lambda name: _value(name, values, names))


def looked_up(template: str, tree: object) -> str:
    """As `placed`, of a tree of JSON: {{.status.pid}}; what is no text is written as JSON."""
    return _filled(template, lambda name: _at(name, tree))


def _filled(template: str, value: Callable[[str], str]) -> str:
    text = template
    for escape, character in _ESCAPES.items():
        text = text.replace(escape, character)
    rest = _PLACE.sub("", text)
    if "{{" in rest or "}}" in rest:
        raise click.UsageError(f"--format {template}: only {{{{.Name}}}} is understood")
    return _PLACE.sub(lambda found: value(found[2]), text)


def _value(name: str, values: Mapping[str, str], names: Sequence[str]) -> str:
    if name not in names:
        known = ", ".join(f".{each}" for each in names)
        raise click.UsageError(f"--format knows no .{name}: there are {known}")
    return values[name]


def _at(path: str, tree: object) -> str:
    import json

    found = tree
    for part in filter(None, path.split(".")):
        parts = cast("dict[str, object]", found) if isinstance(found, dict) else {}
        if part not in parts:
            known = ", ".join(f".{each}" for each in parts)
            raise click.UsageError(f"--format finds no .{path}: there are {known or 'none'}")
        found = parts[part]
    return found if isinstance(found, str) else json.dumps(found)
