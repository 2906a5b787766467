"""crun's state directory: `status`, and beside it the config.json that it was made of.

What runc's state.json says crun reads from that copy again. It must never be missed: who has a status
file without it is not loaded.
"""

import json
import os
import pwd
from typing import Any, cast

from fakerunc import hooks
from fakerunc.bundle import mounted, own_namespaces
from fakerunc.crun import plans
from fakerunc.decoding import Object, object_at, text_at
from fakerunc.flavour import Files, Flavour
from fakerunc.record import Record


def encoded(_root: str, record: Record, _hierarchies: int) -> dict[str, object]:
    """A status file's keys; config.json lies in the working directory."""
    return {
        "pid": record.pid,
        "process-start-time": record.start,
        "cgroup-path": f"/{record.cgroup}",
        "scope": "",
        "rootfs": text_at(_config(".", "root"), "path"),
        "systemd-cgroup": False,
        "bundle": record.bundle,
        "created": _microseconds(record.created),
        "owner": _owner(),
        "detached": True,
        "external_descriptors": json.dumps([_target(fd) for fd in range(3)]),
    }


def decoded(place: str, content: object) -> Record:
    status = cast("dict[str, Any]", content)
    with open(os.path.join(place, "config.json"), encoding="utf-8") as file:
        config = cast("Object", json.load(file))
    asked = str(status["rootfs"])
    bundle = str(status["bundle"])
    annotations = object_at(config, "annotations") or {}
    stage = hooks.of(object_at(config, "hooks") or {})["poststop"]
    return Record(
        id=os.path.basename(place),
        pid=int(status["pid"]),
        start=int(status["process-start-time"]),
        bundle=bundle,
        rootfs=os.path.normpath(os.path.join(bundle, asked)),
        asked_rootfs=asked,
        owner=str(status["owner"]),
        created=str(status["created"]),
        annotations=tuple(sorted((key, str(text)) for key, text in annotations.items())),
        shared_pids="pid" not in own_namespaces(object_at(config, "linux") or {}),
        cgroup=str(status["cgroup-path"]).strip("/"),
        poststop=json.dumps({"poststop": hooks.written(stage)}) if stage else "",
        mounted=mounted(config),
    )


def _config(folder: str, key: str) -> Object:
    with open(os.path.join(folder, "config.json"), encoding="utf-8") as file:
        return object_at(cast("Object", json.load(file)), key) or {}


def _microseconds(created: str) -> str:
    """Six digits, always; a Record has up to nine, without the zeros at the end."""
    whole, _, fraction = created.removesuffix("Z").partition(".")
    return f"{whole}.{fraction[:6]:0<6}Z"


def _owner() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def _target(fd: int) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{fd}")
    except OSError:
        return ""


CRUN = Flavour(
    "crun",
    Files(
        "status",
        encoded,
        decoded,
        temporary="status.tmp",
        directory_mode=0o700,
        fifo_mode=0o600,
        state_mode=0o700,
        indent=4,
        pid_in_place=True,
        keeps_config=True,
    ),
    plans.plan,
    plans.undo,
    plans.failure,
)
