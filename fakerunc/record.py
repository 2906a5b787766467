"""What state.json remembers of a container, and how `state` and `list` print it, byte for byte.

Pure. It must never decide a status: that is the model's, whose word is given in.
"""

import json
from dataclasses import dataclass

VERSION = "1.1.5"  # of the runc that all of this was measured on
OCI_VERSION = "1.0.2-dev"  # the specification that runc 1.1.5 was built with, not the bundle's


@dataclass(frozen=True, slots=True)
class Record:
    """One container; `created` is RFC 3339 with nanoseconds, annotations are sorted by key.

    `pid` and `start` (clock ticks since boot) are the identity of its init; `cgroup` is relative,
    `mounted` are the directories that are not the rootfs's own, its process's cwd among them.
    """

    id: str
    pid: int
    start: int
    bundle: str
    rootfs: str
    created: str
    annotations: tuple[tuple[str, str], ...] = ()
    shared_pids: bool = False
    cgroup: str = ""
    mounted: tuple[str, ...] = ()
    asked_rootfs: str = ""  # root.path as config.json has it, where a flavour tells that
    owner: str = ""  # as the state file says, where it does
    poststop: str = ""  # its hooks for the end, as JSON, if it has any


def render_state(record: Record, status: str) -> str:
    """The output of `state`, which ends without a newline."""
    return go_json(_shown(record, status, owner=""), indent=2)


def render_list(rows: list[tuple[Record, str, str]]) -> str:
    """The output of `list --format json`, of (record, status, owner); this one ends with a newline."""
    shown = [_shown(record, status, owner) for record, status, owner in rows]
    return go_json(shown or None) + "\n"


def _shown(record: Record, status: str, owner: str) -> dict[str, object]:
    annotations = {"annotations": dict(record.annotations)} if record.annotations else {}
    return {
        "ociVersion": OCI_VERSION,
        "id": record.id,
        "pid": 0 if status == "stopped" else record.pid,
        "status": status,
        "bundle": record.bundle,
        "rootfs": record.rootfs,
        "created": record.created,
        **annotations,
        "owner": owner,
    }


def go_json(value: object, indent: int | str | None = None) -> str:
    """JSON as Go's encoder writes it: safe inside HTML, all else beyond ASCII as it is."""
    separators = (",", ": ") if indent else (",", ":")
    text = json.dumps(value, indent=indent, separators=separators, ensure_ascii=False)
    # Outside of strings JSON has none of these, so they need no look at where they stand.
    return text.translate(_UNSAFE)


_UNSAFE = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}
