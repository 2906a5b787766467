"""What is held of a run in the daemon is not let go when the run is over.

The last step of `EndShim` is left out: the pidfds of init and shim and the reading ends of the FIFOs
stay open in conmand.

A user suffers: after some thousand runs conmand has no descriptor left, and every operation fails until
it is started anew.

Expected: I7, whose descriptors are said not to be counted yet. Guessed story: any in which a run ends.
"""

from conman.core.effects import vocabulary as v
from conman.primitives import steps as s
from scenarios.museum.exhibit import Recipe, without

PATCHES = (Recipe(v.EndShim, without(s.Release)),)
