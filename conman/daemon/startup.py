"""From a configuration to a host that is ours: locks, store, places, performer. In this order.

Nothing of DATA or RUN is read before both are locked, and nothing is decided about what lies there: that
is recovery's. Whatever stands in the way is raised as one ConmanError.
"""

import os

from conman.core.admission import Setting
from conman.core.layout import Layout
from conman.core.model import RootfsMode
from conman.daemon.config import EMBEDDED, Config
from conman.engine.crash_points import crash_points
from conman.errors import Code, HostError, Refusal
from conman.frozen import frozen
from conman.host.cgroup_lock import CgroupLock
from conman.host.database import Store
from conman.host.instance import Claim, claim, probe_rootfs_mode, settle_run
from conman.host.performer import Performer
from conman.host.permits import probe_permits
from conman.host.shim_cgroup import ShimCgroup
from conman.host.shims import Shims
from conman.host.spawner import Spawner
from conman.host.zygote import Zygote
from conman.primitives.crash_points import CrashPoints
from conman.primitives.processes import boot_id


@frozen
class Host:
    """What a daemon holds while it lives. `notes` are for the log."""

    claim: Claim
    store: Store
    setting: Setting
    performer: Performer
    points: CrashPoints
    zygote: Zygote
    shim_cgroup: ShimCgroup | None
    cgroup_lock: CgroupLock | None
    notes: tuple[str, ...]


def take_over(config: Config, zygote: Zygote) -> Host:
    """Raises ConmanError; then nothing is held."""
    claimed = claim(config.data_dir, config.run_dir)
    try:
        points = crash_points(os.environ, config.run_dir)
        store = Store.open(f"{config.data_dir}/conman.db")
        try:
            return _settle(config, claimed, store, points, zygote)
        except BaseException:
            store.close()
            raise
    except BaseException:
        claimed.close()
        raise


def _settle(
    config: Config, claimed: Claim, store: Store, points: CrashPoints, zygote: Zygote
) -> Host:
    layout = Layout(config.data_dir, config.run_dir, store.instance, boot_id(), has_cgroups(config))
    layout = settle_run(layout, lambda: _knows_runs(store, layout.boot_id))
    cgroup = ShimCgroup(f"/conman-{layout.instance}/shims") if layout.has_cgroups else None
    if cgroup is not None:
        zygote.enter(cgroup.path)
    performer = Performer(layout, Shims(Spawner(zygote, cgroup.place if cgroup else None)))
    mode, notes = _rootfs_mode(config, performer)
    permits = probe_permits(has_cgroups=layout.has_cgroups)
    setting = Setting(layout, config.runtime, mode, permits, runtime_ms=config.runtime_timeout_ms)
    notes = (*notes, *_about_mounts(mode), *_about_run(layout))
    lock = CgroupLock() if layout.has_cgroups else None
    return Host(claimed, store, setting, performer, points, zygote, cgroup, lock, notes)


def _knows_runs(store: Store, boot_id: str) -> bool:
    """Whether anything of this boot may be alive, by what the store says or can no longer say."""
    stored = store.read()
    begun = any(intent.boot_id == boot_id for intent in stored.intents)
    return (
        bool(stored.quarantined) or begun or any(c.is_prepared(boot_id) for c in stored.containers)
    )


def has_cgroups(config: Config) -> bool:
    """Whether a run's members are told by a cgroup: what fakerunc acts out has none, as root too."""
    return config.is_root and os.path.basename(config.runtime) != EMBEDDED


def _rootfs_mode(config: Config, performer: Performer) -> tuple[RootfsMode, tuple[str, ...]]:
    if config.rootfs_mode == "copy":
        return RootfsMode.COPY, ()
    mode, why = probe_rootfs_mode(config.data_dir, performer.perform)
    if mode is RootfsMode.OVERLAY:
        untried = f"whether overlays can be mounted could not be tried ({why}): it is believed"
        return mode, (untried,) if why else ()
    if config.rootfs_mode == "overlay":
        raise HostError(
            Refusal(
                Code.FAILED_PRECONDITION,
                "NoOverlay",
                f"no overlay can be mounted on {config.data_dir}: {why}",
                "take --rootfs-mode copy, or a --data-dir on another file system",
                "rootfs-mode",
            )
        )
    return mode, (f"no overlay can be mounted ({why}): root file systems are copied",)


def _about_run(layout: Layout) -> tuple[str, ...]:
    if not layout.has_lost_run:
        return ()
    words = (
        f"the run directory {layout.run} was removed while containers ran: those go on (ShimLost), "
        "and what they write may be lost until they are started again"
    )
    return (words,)


def _about_mounts(mode: RootfsMode) -> tuple[str, ...]:
    """A mount namespace of its own hides this daemon's overlays from the next one."""
    try:
        ours, first = (os.stat(f"/proc/{pid}/ns/mnt").st_ino for pid in ("self", "1"))
    except PermissionError:
        return ()  # then it cannot be known
    if ours == first or mode is not RootfsMode.OVERLAY:
        return ()
    words = (
        "conmand is in a mount namespace of its own: after its end the next one will not see the "
        "root file systems that it mounted; remove PrivateTmp, ProtectSystem and the like"
    )
    return (words,)
