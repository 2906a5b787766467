"""The name of a container's directory is not made durable."""

from conman.core.effects import vocabulary as v
from conman.primitives import steps as s
from scenarios.museum.exhibit import Recipe, without

PATCHES = (Recipe(v.PrepareBundle, without(s.SyncDirectory, "/containers")),)
