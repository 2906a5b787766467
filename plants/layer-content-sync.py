"""The content of a config.json is not made durable before it gets its name."""

from conman.core.effects import vocabulary as v
from conman.primitives import steps as s
from scenarios.museum.exhibit import Recipe, without

PATCHES = (Recipe(v.PrepareBundle, without(s.SyncFile)),)
