"""runc's state.json: a container's record in runc's keys, and back.

It must never say more than runc does: what only fakerunc needs to know is not written there.
"""

import json
import os
from typing import Any, cast

from fakerunc import cgroups
from fakerunc.record import Record


def encoded(root: str, record: Record, hierarchies: int) -> dict[str, object]:
    """The keys of runc; of its `config` only what some command reads again."""
    labels = [f"bundle={record.bundle}", *(f"{key}={text}" for key, text in record.annotations)]
    cgroup = cgroups.path(root, record.cgroup)
    return {
        "id": record.id,
        "init_process_pid": record.pid,
        "init_process_start": record.start,
        "created": record.created,
        "config": {
            "rootfs": record.rootfs,
            "namespaces": [] if record.shared_pids else [{"type": "NEWPID", "path": ""}],
            "mounts": [{"destination": folder} for folder in record.mounted],
            "cgroups": {"path": f"/{record.cgroup}"},
            "labels": labels,
            "Hooks": json.loads(record.poststop) if record.poststop else {"poststop": []},
        },
        "rootless": os.geteuid() != 0,
        "cgroup_paths": {f"fake-{k}": f"{cgroup}/{k}" for k in range(1, hierarchies + 1)},
        "namespace_paths": {},
        "external_descriptors": [_target(fd) for fd in range(3)],
        "intel_rdt_path": "",
    }


def _target(fd: int) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{fd}")
    except OSError:
        return ""


def decoded(_place: str, content: object) -> Record:
    """A LookupError, TypeError or ValueError for what only looks like a state."""
    state = cast("dict[str, Any]", content)
    config = state["config"]
    pairs = [_pair(str(label)) for label in config["labels"]]
    return Record(
        id=str(state["id"]),
        pid=int(state["init_process_pid"]),
        start=int(state["init_process_start"]),
        bundle=dict(pairs)["bundle"],
        rootfs=str(config["rootfs"]),
        created=str(state["created"]),
        annotations=tuple(pair for pair in pairs if pair[0] != "bundle"),
        shared_pids=not config["namespaces"],
        cgroup=str(config["cgroups"]["path"]).strip("/"),
        poststop=json.dumps(config["Hooks"]) if config.get("Hooks", {}).get("poststop") else "",
        mounted=tuple(str(mount["destination"]) for mount in config.get("mounts", ())),
    )


def _pair(label: str) -> tuple[str, str]:
    key, _, text = label.partition("=")
    return key, text
