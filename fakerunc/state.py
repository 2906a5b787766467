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

from fakerunc import cgroups, process
from fakerunc.flavour import RUNC, Flavour
from fakerunc.model import NOTHING_THERE, InitState, Record, StateFile, View
from fakerunc.trees import remove_tree


@dataclass(frozen=True, slots=True)
class StateDirectory:
    """Paths below `root`; nothing is looked at before a method asks."""

    root: str
    id: str
    flavour: Flavour = RUNC

    @property
    def path(self) -> str:
        return os.path.join(self.root, self.id)

    @property
    def fifo(self) -> str:
        return os.path.join(self.path, "exec.fifo")

    @property
    def _file(self) -> str:
        return os.path.join(self.path, self.flavour.files.state)

    def look(self) -> tuple[View, Record | None]:
        """What is there now; without state.json nobody knows of an init."""
        if not os.path.lexists(self.path):
            return NOTHING_THERE, None
        state, record, text = self._load()
        alive = record is not None and process.alive(record.pid, record.start)
        view = View(
            directory=True,
            fifo=os.path.lexists(self.fifo),
            state=state,
            init=InitState.ALIVE if alive else InitState.GONE,
            frozen=record is not None and cgroups.frozen(self.root, record.cgroup),
            shared_pids=record is not None and record.shared_pids,
            poststop=record is not None and bool(record.poststop),
            torn=text if state is StateFile.TORN else "",
        )
        return view, record

    def _load(self) -> tuple[StateFile, Record | None, str]:
        try:
            with open(self._file, encoding="utf-8", errors="surrogateescape") as file:
                text = file.read()
        except FileNotFoundError:
            return StateFile.ABSENT, None, ""
        if not text.strip():
            return StateFile.EMPTY, None, text
        if text.startswith("\0"):
            return StateFile.ZEROS, None, text
        try:
            return StateFile.VALID, self.flavour.files.decoded(self.path, json.loads(text)), text
        except (ValueError, LookupError, TypeError):
            return StateFile.TORN, None, text

    def make(self) -> None:
        # Two creates at once both succeed here, as in runc: the second fails at the fifo.
        os.makedirs(self.path, mode=self.flavour.files.directory_mode, exist_ok=True)

    def make_fifo(self) -> None:
        mask = os.umask(0)
        try:
            os.mkfifo(self.fifo, self.flavour.files.fifo_mode)
        finally:
            os.umask(mask)
        if self.flavour.files.keeps_config:
            self._keep_config()

    def _keep_config(self) -> None:
        with open("config.json", "rb") as file:
            text = file.read()
        flags, mode = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, self.flavour.files.state_mode
        with open(os.open(os.path.join(self.path, "config.json"), flags, mode), "wb") as kept:
            kept.write(text)

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
        self._write(self.flavour.files.encoded(self.root, record, hierarchies))

    def _write(self, state: dict[str, object]) -> None:
        files = self.flavour.files
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        fd = os.open(self._temporary, flags, files.state_mode)
        with open(fd, "w", encoding="utf-8", errors="surrogateescape") as file:
            json.dump(state, file, ensure_ascii=False, indent=files.indent)

    def rename_state(self) -> None:
        os.rename(self._temporary, self._file)

    @property
    def _temporary(self) -> str:
        return os.path.join(self.path, self.flavour.files.temporary or f"state-{os.getpid()}")

    def remove(self) -> None:
        remove_tree(self.path)
