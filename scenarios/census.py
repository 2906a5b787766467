"""What is of conman's on the simulated host, and what its records own of that, in the same words.

The oracle compares the two. Nothing here may judge, nor know of a thing's owner more than its name says.
"""

from conman.core.model import Container, RootfsMode
from scenarios import exec_oracle
from scenarios.performing import names_in
from scenarios.world import World


def owned(world: World, row: Container) -> list[str]:
    """The things that a row in its state owns, as the census names them."""
    lost, directory = world.kept.has_lost_run, world.layout().shim(row.id, row.run)
    lost = lost and world.disk.find(directory) is None
    shim_lives = directory in world.shims
    return owned_by(row, world.boot_id, has_lost_run=lost, shim_lives=shim_lives)


def owned_by(
    row: Container, boot_id: str, *, has_lost_run: bool, shim_lives: bool = True
) -> list[str]:
    """As `owned`. `has_lost_run`: somebody removed what this run had in RUN.

    Its shim goes on then, out of reach, to the end of the run; where it has died no other follows: `shim_lives`.
    """
    things, run = [f"directory {row.id}"], f"{row.id}-{row.run}"
    if not row.is_prepared(boot_id):
        return things
    if row.rootfs_mode is RootfsMode.OVERLAY:
        things.append(f"mount {row.id}")
    things += [f"cgroup {run}", f"init {run}", *exec_oracle.owned("exec", row)]
    if has_lost_run:
        return [*things, f"shim {run}"] if shim_lives else things
    things += exec_oracle.owned("exec directory", row)
    return [*things, f"runtime {run}", f"shim directory {run}", f"shim {run}"]


def found(world: World) -> list[str]:
    """Everything of conman's on the host, by kind and owner."""
    disk = world.disk
    things = [f"directory {name}" for name in names_in(world, "/data/containers")]
    things += [f"trash {name}" for name in names_in(world, "/data/trash")]
    things += [f"mount {mount.split('/')[3]}" for mount in world.mounts]
    things += [f"cgroup {cgroup.rpartition('/')[2]}" for cgroup in world.cgroups]
    things += [f"runtime {name}" for name in names_in(world, "/run/runtime")]
    things += [f"shim directory {name}" for name in names_in(world, "/run/shims")]
    things += [f"shim {d.rpartition('/')[2]}" for d in world.shims]
    things += exec_oracle.census(world)
    things += [f"runtime call {call.state_directory}" for call in world.calls.values()]
    things += [f"temporary file {path}" for path in disk.tree("/data") if path.endswith(".tmp")]
    for process in world.processes.values():
        if process.alive and process.kind == "init":
            things.append(f"init {process.cgroup.rpartition('/')[2]}")
    for row in world.storage.containers.values():
        # The end of an earlier run is in the row by then, and there may be thousands.
        records = names_in(world, f"/data/containers/{row.id}/runs")
        things += [f"run record {row.id}-{run}" for run in records if run != str(row.run)]
    prepared = {
        f"{r.id}-{r.run}" for r in world.storage.containers.values() if r.is_prepared(world.boot_id)
    }
    locks = (name.rpartition(".")[0] for name in names_in(world, "/run/calls"))
    things += [f"call lock of {run}" for run in locks if run not in prepared]
    return things
