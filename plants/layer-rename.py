"""A config.json is written where it is to lie, and not beside it first."""

from conman.core.effects import vocabulary as v
from conman.primitives import steps as s
from scenarios.museum.exhibit import Recipe, Steps


def in_place(steps: Steps) -> Steps:
    config = next(one.target for one in steps if isinstance(one, s.Rename))
    kept = (one for one in steps if not isinstance(one, s.Rename))
    return tuple(_there(one, config) for one in kept)


def _there(step: s.Step, config: str) -> s.Step:
    match step:
        case s.WriteFile(_, data, mode):
            return s.WriteFile(config, data, mode)
        case s.SyncFile():
            return s.SyncFile(config)
        case _:
            return step


PATCHES = (Recipe(v.PrepareBundle, in_place),)
