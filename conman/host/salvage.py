"""What `conmand repair` puts aside: one file a record, with exactly what the store held of it.

The file is durable before the record goes, and made for a person to mend: JSON, with each text as a text.
It must never hold less than the store did.
"""

import base64
import json
import os
from typing import Any, cast

from conman.core.effects import recipes_boot
from conman.errors import Code, Refusal, StoreError
from conman.host.rows import Raw
from conman.primitives.perform import perform
from conman.primitives.steps import Failed

_VERSION = 1


def save(data: str, raw: Raw, why: str, at: int) -> str:
    """Below `data`; the file's path. Raises StoreError: then nothing may be removed."""
    name = f"{raw.id}-{at}.json"
    content = {
        "version": _VERSION,
        "id": raw.id,
        "name": raw.name,
        "why": why,
        "container": _plain(raw.container),
        "intent": _plain(raw.intent),
    }
    text = json.dumps(content, indent=2) + "\n"
    path = f"{recipes_boot.salvaged(data)}/{name}"
    for step in recipes_boot.put_aside(data, name, text.encode()):
        if isinstance(result := perform(step), Failed):
            raise _unusable(path, result.text)
    return path


def load(path: str) -> Raw:
    """What `save` wrote, perhaps mended since. Raises StoreError."""
    try:
        with open(path, encoding="utf-8") as file:
            found = cast("dict[str, Any]", json.load(file))
        return _parsed(found)
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _unusable(path, f"it is no saved record: {error!r}") from error


def _parsed(found: dict[str, Any]) -> Raw:
    if found["version"] != _VERSION:
        raise ValueError(f"version {found['version']}")
    name = found["name"]
    return Raw(
        str(found["id"]),
        None if name is None else str(name),
        _raw(found["container"]),
        _raw(found["intent"]),
    )


def _plain(value: object) -> object:
    """What JSON cannot say is said in base64."""
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return {"base64": base64.b64encode(value).decode()}
    return value


def _raw(value: object) -> object:
    match value:
        case str():
            return value.encode()
        case {"base64": str(text)}:
            return base64.b64decode(text, validate=True)
        case None | int() | float():
            return value
        case _:
            raise ValueError(f"{value!r} is no text")


def _unusable(path: str, why: str) -> StoreError:
    return StoreError(
        Refusal(
            Code.FAILED_PRECONDITION,
            "SalvageFailed",
            f"the file {os.path.abspath(path)} cannot be used: {why}",
            "nothing was changed",
        )
    )
