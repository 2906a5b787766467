"""A dead daemon's runtime call is not fenced: it goes on beside the next daemon."""

from conman.core.effects import vocabulary as v
from conman.primitives import steps as s
from scenarios.museum.exhibit import Recipe, without

PATCHES = (Recipe(v.FenceCall, without(s.Fence)),)
