"""The name of a run's own directory is not made durable when its bundle is prepared.

`PrepareBundle` syncs the container's directory, but no longer `runs`, in which it has just made
`runs/<n>`. The shim later syncs the exit record and the directory it lies in, as it should; the name of
that directory was never anybody's business again.

A user suffers: a program ended with 3 while conmand was being upgraded; the shim has the record on disk.
The power fails an hour later, and the container is EXITED 255 `Unknown`: the record is gone with `runs/1`.

Expected: I11 or I9. Guessed story: one where a program ends by itself, with a power cut while no daemon
lives. Not sure at all: the oracle takes a power cut for an excuse for `Unknown`.
"""

from conman.core.effects import vocabulary as v
from conman.primitives import steps as s
from scenarios.museum.exhibit import Recipe, without

PATCHES = (Recipe(v.PrepareBundle, without(s.SyncDirectory, "/runs")),)
