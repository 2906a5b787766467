"""Moving a process into a cgroup, in every hierarchy at once; whatever is missing on the way is made.

Daemon and zygote both do it: a shim is to be outside of the daemon's cgroup from its first moment. It must
never remove anything, and never leave a v1 cpuset that allows nothing.
"""

import os

from conman.primitives.mounts import Mount, cgroup_mounts


def enter(path: str, pid: int) -> None:
    """`path`: below each hierarchy's root. Raises OSError."""
    for mount in cgroup_mounts():
        if mount.writable:
            _make(mount, path)
            _write(f"{mount.point}{path}/cgroup.procs", str(pid).encode())


def _make(mount: Mount, path: str) -> None:
    here = mount.point
    for name in path.strip("/").split("/"):
        above, here = here, f"{here}/{name}"
        try:  # noqa: SIM105 - contextlib would be loaded for a shim's zygote alone
            os.mkdir(here, 0o755)
        except FileExistsError:
            pass
        if "cpuset" in mount.options:
            # On v1 a new cpuset allows nothing, and a process cannot be moved there.
            _inherit(above, here, "cpuset.cpus")
            _inherit(above, here, "cpuset.mems")


def _inherit(above: str, here: str, name: str) -> None:
    with open(f"{here}/{name}", "rb", buffering=0) as file:
        if file.read().strip():
            return
    with open(f"{above}/{name}", "rb", buffering=0) as file:
        _write(f"{here}/{name}", file.read())


def _write(path: str, data: bytes) -> None:
    with open(path, "wb", buffering=0) as file:
        file.write(data)
