"""What a host does not permit is left out of a config.json, and told: one sentence for each kind.

It works on the finished config, so that it makes no difference whether a wish came as a field or in a
patch. It must never leave out anything silently, nor anything that the host would have given.
"""

from collections.abc import Iterator
from typing import cast

from conman.core.permits import UNLIMITED, Permits
from conman.oci import runtime_spec as oci

_SETS = ("bounding", "effective", "inheritable", "permitted", "ambient")


def concede(spec: oci.Spec, permits: Permits) -> tuple[oci.Spec, tuple[str, ...]]:
    """The config without what cannot be had, and the warnings."""
    process, linux = spec["process"].copy(), spec["linux"].copy()
    warnings = (*_capabilities(process, permits), *_rlimits(process, permits))
    warnings = (*warnings, *_oom_score(process, permits))
    if "resources" in linux:
        linux["resources"], without = concede_limits(linux["resources"], permits)
        warnings = (*warnings, *without)
    return {**spec, "process": process, "linux": linux}, warnings


def concede_limits(
    resources: oci.Resources, permits: Permits
) -> tuple[oci.Resources, tuple[str, ...]]:
    """The limits without those that no control group of this host knows, and the warnings."""
    kept, warnings = resources.copy(), list[str]()
    for name in ("memory", "pids"):
        if name in kept and name not in permits.limits:
            del kept[name]
            warnings.append(_no_controller(name))
    if "memory" in kept and "swap" in kept["memory"] and "swap" not in permits.limits:
        kept["memory"] = cast(
            "oci.Memory", {key: value for key, value in kept["memory"].items() if key != "swap"}
        )
        warnings.append(
            "swap is not limited: this kernel does not account for it (boot with swapaccount=1)"
        )
    if "cpu" in kept:
        kept["cpu"], without = _cpu(kept["cpu"], permits)
        warnings += without
    return kept, tuple(warnings)


def _cpu(cpu: oci.Cpu, permits: Permits) -> tuple[oci.Cpu, list[str]]:
    kept, warnings = dict(cpu), list[str]()
    sets = [key for key in kept if key in ("cpus", "mems")]
    shares = [key for key in kept if key not in sets]
    for name, keys in (("cpuset", sets), ("cpu", shares)):
        if keys and name not in permits.limits:
            kept = {key: value for key, value in kept.items() if key not in keys}
            warnings.append(_no_controller(name))
    return cast("oci.Cpu", kept), warnings


def _no_controller(name: str) -> str:
    return (
        f"the {name} limits are left out: "
        f"containers have no control group with the {name} controller here"
    )


def _capabilities(process: oci.Process, permits: Permits) -> Iterator[str]:
    sets = process.get("capabilities")
    if sets is None:
        return
    asked = [name for kind in _SETS for name in sets.get(kind) or ()]
    missing = sorted({name for name in asked if name not in permits.capabilities})
    if not missing:
        return
    kept = {
        kind: [name for name in sets.get(kind) or () if name not in missing]
        for kind in _SETS
        if kind in sets
    }
    process["capabilities"] = cast("oci.Capabilities", kept)
    names = ", ".join(missing)
    yield f"left out of the capabilities: {names}; conmand itself does not have what it would give"


def _rlimits(process: oci.Process, permits: Permits) -> Iterator[str]:
    """Lowered to the highest that can be had."""
    highest = dict(permits.hard_limits)
    lowered: list[oci.Rlimit] = []
    for each in process.get("rlimits") or ():
        most = highest.get(each["type"], UNLIMITED)
        limit: oci.Rlimit = {
            "type": each["type"],
            "soft": min(each["soft"], most),
            "hard": min(each["hard"], most),
        }
        lowered.append(limit)
        if limit != each:
            yield (
                f"the ulimit {each['type'].removeprefix('RLIMIT_').lower()} is {most}: "
                "conmand cannot raise its own without CAP_SYS_RESOURCE"
            )
    if lowered:
        process["rlimits"] = lowered


def _oom_score(process: oci.Process, permits: Permits) -> Iterator[str]:
    score = process.get("oomScoreAdj")
    if score is not None and score < permits.lowest_oom_score_adj:
        del process["oomScoreAdj"]
        yield (
            f"the oomScoreAdj of {score} is left out: "
            f"conmand may go down to {permits.lowest_oom_score_adj} without CAP_SYS_RESOURCE"
        )
