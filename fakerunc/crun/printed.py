"""What crun prints: a state, a list, pids, its version. Pure, but for whose name owns a container.

It must never decide a status: that is plans.py's, whose word is given in.
"""

import json

from fakerunc.record import Record

VERSION = "1.8.1"  # of the crun that all of this was measured on
_OCI_VERSION = "1.0.0"
_BUILT_WITH = "+SYSTEMD +SELINUX +APPARMOR +CAP +SECCOMP +EBPF +YAJL"

Row = tuple[Record, str, str]  # a container, its status, its owner


def version(root: str) -> str:
    commit = "commit: stand-ins, no containers"
    return (
        f"crun version {VERSION}\n{commit}\nrundir: {root}\nspec: {_OCI_VERSION}\n{_BUILT_WITH}\n"
    )


def state(record: Record, status: str, owner: str) -> str:
    """It ends with an empty line."""
    shown: dict[str, object] = {
        "ociVersion": _OCI_VERSION,
        "id": record.id,
        "pid": _pid(record, status),
        "status": status,
        "bundle": record.bundle,
        "rootfs": record.asked_rootfs,
        "created": record.created,
        "systemd-scope": "",
        "owner": owner,
    }
    annotations = {"annotations": dict(record.annotations)} if record.annotations else {}
    return _json(shown | annotations) + "\n\n"


def table(rows: list[Row]) -> str:
    width = max(len("NAME"), *(len(record.id) for record, _, _ in rows), 0)
    header = ("NAME", "PID", "STATUS", "BUNDLE PATH", "CREATED", "OWNER")
    return "".join(_line(width, cells) for cells in (header, *(_cells(row) for row in rows)))


def _line(width: int, cells: tuple[str, ...]) -> str:
    name, pid, status, bundle, created, owner = cells
    return f"{name:<{width}} {pid:<9} {status:<8} {bundle:<39} {created:<30} {owner}\n"


def _cells(row: Row) -> tuple[str, ...]:
    record, status, owner = row
    pid = str(_pid(record, status))
    return (record.id, pid, status, record.bundle, record.created, owner)


def listed(rows: list[Row]) -> str:
    """`list --format json`."""
    shown = [
        {
            "id": record.id,
            "pid": _pid(record, status),
            "status": status,
            "bundle": record.bundle,
            "created": record.created,
            "owner": owner,
        }
        for record, status, owner in rows
    ]
    return (_json(shown) if shown else "[\n\n]") + "\n"


def pids(found: list[int], form: str) -> str:
    if form == "json":
        return "[\n" + ",\n".join(f"  {pid}" for pid in found) + "\n]\n"
    return "PID\n" + "".join(f"{pid}\n" for pid in found)


def _pid(record: Record, status: str) -> int:
    return 0 if status == "stopped" else record.pid


def _json(value: object) -> str:
    return json.dumps(value, indent=4, ensure_ascii=False)
