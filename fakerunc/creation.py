"""Performs the steps of create, and undoes them when the host refuses one.

Everything before rename-state may be cut short by a SIGKILL and leaves exactly runc's half-states;
the waiting init dies with it. It must never record an init that does not wait yet.
"""

import os
import time
from dataclasses import dataclass

from fakerunc import cgroups, pid_file, process, signals
from fakerunc.bundle import Bundle, defect, read
from fakerunc.commands import perform_all
from fakerunc.decoding import Unreadable
from fakerunc.faults import Faults, ordered
from fakerunc.log import go_error, rename_error, rfc3339
from fakerunc.model import (
    Answer,
    Create,
    Defect,
    Record,
    Stage,
    Step,
    StepKind,
    plan,
    undo_of_create,
)
from fakerunc.options import Invocation
from fakerunc.place import Refused, directory_of, root_of
from fakerunc.process_spec import variables
from fakerunc.rootfs import home_of
from fakerunc.state import StateDirectory


@dataclass(frozen=True, slots=True)
class Order:
    """What a container is to be made of, beyond what the model must know."""

    bundle: Bundle
    pid_file: str
    hierarchies: int


class HostRefused(Exception):
    """A step that the host did not let happen; str() is why, as Go would put it."""

    def __init__(self, step: Step, words: str) -> None:
        """What was done before it has to be undone."""
        super().__init__(words)
        self.step = step


def create(call: Invocation) -> Answer:
    root = root_of(call.options)
    try:
        return _create(call, root)
    except (Refused, Unreadable) as problem:
        raise Refused(f"runc create failed: {problem}") from problem


def _create(call: Invocation, root: str) -> Answer:
    faults = ordered(call.command)
    # Before the bundle becomes the working directory.
    to = pid_file.absolute(call.flags)
    bundle = read(call.flags.get("bundle", "."))
    order = Order(bundle, to, _hierarchies())
    name = call.arguments[0]
    command = Create(
        name,
        hierarchies=order.hierarchies,
        pid_file=bool(to),
        defect=_unbuilt(call, bundle) or defect(bundle),
    )
    return _carried_out(command, directory_of(name, root), order, faults)


def _carried_out(
    command: Create, directory: StateDirectory, order: Order, faults: Faults
) -> Answer:
    view, _ = directory.look()
    creation = Creation(directory, order)
    try:
        return perform_all(plan(command, view), creation.perform, faults)
    except HostRefused as refusal:
        undo = undo_of_create(refusal.step, str(refusal))
        return perform_all(undo, creation.perform, faults)


def _unbuilt(call: Invocation, bundle: Bundle) -> Defect | None:
    """What runc would do and fakerunc cannot yet."""
    words = ""
    if bundle.hooks:
        words = "fakerunc has no hooks yet: take them out of config.json"
    elif call.flags.get("console-socket"):
        words = "fakerunc has no terminals yet: leave out --console-socket"
    elif call.flags.get("preserve-fds", "0") != "0":
        words = "fakerunc passes no descriptors on yet: leave out --preserve-fds"
    return Defect(Stage.BUNDLE, words) if words else None


def _hierarchies() -> int:
    text = os.environ.get("FAKERUNC_HIERARCHIES", "1")
    if not text.isdigit() or not int(text):
        raise Refused(f"FAKERUNC_HIERARCHIES: {text!r} is not a number of hierarchies")
    return int(text)


class Creation:
    """One create under way: what it has made so far, for the steps that follow."""

    def __init__(self, directory: StateDirectory, order: Order) -> None:
        """Nothing is made yet."""
        self.directory = directory
        self.order = order
        self.cgroup = order.bundle.cgroup or directory.id
        self.init: process.Spawned | None = None
        self.temporary = ""

    def perform(self, step: Step) -> None:
        try:
            self._perform(step)
        except OSError as failure:
            raise HostRefused(step, self._words(step, failure)) from failure

    def _perform(self, step: Step) -> None:
        match step.kind:
            case StepKind.MAKE_DIRECTORY:
                self.directory.make()
            case StepKind.MAKE_FIFO:
                self.directory.make_fifo()
            case StepKind.MAKE_CGROUP:
                cgroups.make(self.directory.root, self.cgroup, step.index)
            case StepKind.SPAWN_INIT:
                self._spawn_init()
            case StepKind.WRITE_STATE:
                record, count = self._record(), self.order.hierarchies
                self.temporary = self.directory.write_state(record, hierarchies=count)
            case StepKind.RENAME_STATE:
                self.directory.rename_state(self.temporary)
                self._init().settle()
            case StepKind.WRITE_PID_FILE:
                pid_file.write(self.order.pid_file, self._init().pid)
            case StepKind.RENAME_PID_FILE:
                pid_file.publish(self.order.pid_file)
            case StepKind.KILL_INIT:
                process.send(self._init().pid, self._init().start, signals.KILL)
                os.waitpid(self._init().pid, 0)
            case StepKind.REMOVE_CGROUPS:
                cgroups.remove(self.directory.root, self.cgroup)
            case StepKind.REMOVE_DIRECTORY:
                self.directory.remove()
            case _:
                raise AssertionError(f"{step.name} is no step of create")

    def _spawn_init(self) -> None:
        bundle = self.order.bundle
        env = variables(bundle.env)
        env.setdefault("HOME", home_of(bundle.rootfs, bundle.process.uid))
        env["_LIBCONTAINER_STATEDIR"] = env[process.MARKER] = self.directory.path
        self.init = process.spawn(
            self.directory.fifo, bundle.args, env, shared_pids=bundle.shared_pids
        )

    def _init(self) -> process.Spawned:
        if self.init is None:
            raise AssertionError("spawn-init comes first")
        return self.init

    def _record(self) -> Record:
        bundle = self.order.bundle
        return Record(
            id=self.directory.id,
            pid=self._init().pid,
            start=self._init().start,
            bundle=bundle.path,
            rootfs=bundle.rootfs,
            created=rfc3339(time.time_ns()),
            annotations=bundle.annotations,
            shared_pids=bundle.shared_pids,
            cgroup=self.cgroup,
            mounted=bundle.mounted,
        )

    def _words(self, step: Step, failure: OSError) -> str:
        match step.kind:
            case StepKind.MAKE_FIFO if isinstance(failure, FileExistsError):
                return f"exec fifo {self.directory.fifo} already exists"
            case StepKind.RENAME_STATE if isinstance(failure, BrokenPipeError):
                return "unable to start container process: init ended before its time"
            case StepKind.RENAME_STATE | StepKind.RENAME_PID_FILE:
                return rename_error(failure)
            case StepKind.MAKE_DIRECTORY | StepKind.MAKE_FIFO | StepKind.MAKE_CGROUP:
                return go_error("mkdir", str(failure.filename), failure)
            case StepKind.SPAWN_INIT:
                return f"unable to start container process: {failure}"
            case _:
                return go_error("open", str(failure.filename), failure)
