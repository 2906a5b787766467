"""The state directory of one container, with the names, modes and order of runc's.

    <root>/                 0700, made by whatever command comes first
      <id>/                 0711
        exec.fifo           0622, there until the program is started
        state-NNN           what becomes state.json by rename, never synced: as in runc
        state.json          runc's keys

It must never decide anything: it gathers the View from which the model does.
"""

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

from fakerunc import cgroups, process
from fakerunc.model import NOTHING_THERE, InitState, Record, StateFile, View
from fakerunc.trees import remove_tree


@dataclass(frozen=True, slots=True)
class StateDirectory:
    """Paths below `root`; nothing is looked at before a method asks."""

    root: str
    id: str

    @property
    def path(self) -> str:
        return os.path.join(self.root, self.id)

    @property
    def fifo(self) -> str:
        return os.path.join(self.path, "exec.fifo")

    @property
    def _file(self) -> str:
        return os.path.join(self.path, "state.json")

    def look(self) -> tuple[View, Record | None]:
        """What is there now; without state.json nobody knows of an init."""
        if not os.path.lexists(self.path):
            return NOTHING_THERE, None
        state, record = self._load()
        alive = record is not None and process.alive(record.pid, record.start)
        view = View(
            directory=True,
            fifo=os.path.lexists(self.fifo),
            state=state,
            init=InitState.ALIVE if alive else InitState.GONE,
            frozen=record is not None and cgroups.frozen(self.root, record.cgroup),
            shared_pids=record is not None and record.shared_pids,
            poststop=record is not None and bool(record.poststop),
        )
        return view, record

    def _load(self) -> tuple[StateFile, Record | None]:
        try:
            with open(self._file, encoding="utf-8", errors="surrogateescape") as file:
                text = file.read()
        except FileNotFoundError:
            return StateFile.ABSENT, None
        if not text.strip():
            return StateFile.EMPTY, None
        if text.startswith("\0"):
            return StateFile.ZEROS, None
        try:
            return StateFile.VALID, _record(json.loads(text))
        except (ValueError, LookupError, TypeError):
            return StateFile.TORN, None

    def make(self) -> None:
        # Two creates at once both succeed here, as in runc: the second fails at the fifo.
        os.makedirs(self.path, mode=0o711, exist_ok=True)

    def make_fifo(self) -> None:
        mask = os.umask(0)
        try:
            os.mkfifo(self.fifo, 0o622)
        finally:
            os.umask(mask)

    def unlink_fifo(self) -> None:
        with suppress(FileNotFoundError):
            os.unlink(self.fifo)

    def rewrite_state(self, limits: dict[str, object]) -> None:
        """As it is but for its limits, which are only those that were asked last; as write_state."""
        with open(self._file, encoding="utf-8", errors="surrogateescape") as file:
            state = json.load(file)
        own = state["config"]["cgroups"]
        state["config"]["cgroups"] = {"path": own["path"]} | limits
        self._write(state)

    def write_state(self, record: Record, *, hierarchies: int) -> None:
        """Under a temporary name."""
        self._write(_state(self.root, record, hierarchies))

    def _write(self, state: dict[str, object]) -> None:
        fd = os.open(self._temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(fd, "w", encoding="utf-8", errors="surrogateescape") as file:
            json.dump(state, file, ensure_ascii=False)

    def rename_state(self) -> None:
        os.rename(self._temporary, self._file)

    @property
    def _temporary(self) -> str:
        return os.path.join(self.path, f"state-{os.getpid()}")

    def remove(self) -> None:
        remove_tree(self.path)


def _state(root: str, record: Record, hierarchies: int) -> dict[str, object]:
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


def _record(content: object) -> Record:
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
