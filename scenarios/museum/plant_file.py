"""A plant file: anybody's Python file whose PATCHES are planted while a story is explored.

from conman.core.effects import vocabulary as v
from conman.primitives import steps as s
from scenarios.museum.exhibit import Recipe, without

PATCHES = (Recipe(v.PrepareBundle, without(s.SyncFile)),)
"""

import importlib.util
from typing import cast

from scenarios.museum.exhibit import SIMULATED, Patch, Recipe, Replaced, planted
from scenarios.usage import Usage


def patches_of(path: str, where: tuple[str, ...] = SIMULATED) -> tuple[Patch, ...]:
    """What the file plants, nowhere but there. Raises Usage, in one sentence, where it does not fit."""
    loaded = _loaded(path)
    if not isinstance(loaded, tuple) or not loaded:
        raise Usage(f"--plant {path}: it has no PATCHES, a tuple of Replaced and Recipe")
    patches: list[Patch] = []
    for patch in cast("tuple[object, ...]", loaded):
        if not isinstance(patch, Replaced | Recipe):
            raise Usage(f"--plant {path}: in PATCHES {patch!r} is neither Replaced nor Recipe")
        patches.append(patch)
    try:
        with planted(tuple(patches), where):
            return tuple(patches)
    except ValueError as error:
        raise Usage(f"--plant {path}: {error}") from None


def _loaded(path: str) -> object:
    spec = importlib.util.spec_from_file_location("planted_by_file", path)
    if spec is None or spec.loader is None:
        raise Usage(f"--plant {path}: it is no Python file (its name must end in .py)")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # noqa: BLE001 - whatever a stranger's file raises, it is told
        raise Usage(f"--plant {path}: {type(error).__name__}: {error}") from None
    return getattr(module, "PATCHES", None)
