"""Performs the steps of create, and undoes them when the host refuses one.

Everything before rename-state may be cut short by a SIGKILL and leaves exactly runc's half-states;
the waiting init dies with it. It must never record an init that does not wait yet.
"""

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fakerunc import cgroups, exit_script, forwarding, hooks, pid_file, process, signals
from fakerunc.bundle import Bundle, defect, read
from fakerunc.commands import Failed, perform_all, perform_one, release
from fakerunc.decoding import Unreadable
from fakerunc.faults import Faults, ordered
from fakerunc.flavour import RUNC, Flavour
from fakerunc.inherited import Inherited, inherited
from fakerunc.log import go_error, rename_error, rfc3339
from fakerunc.model import (
    Answer,
    Create,
    Defect,
    Plan,
    Record,
    Run,
    Stage,
    Step,
    StepKind,
)
from fakerunc.options import Invocation
from fakerunc.place import Refused, directory_of, root_of
from fakerunc.process_spec import (
    ProcessSpec,
    complaint_about_rlimits,
    complaint_about_terminal,
    variables,
)
from fakerunc.rootfs import home_of
from fakerunc.settings import settings
from fakerunc.state import StateDirectory

if TYPE_CHECKING:
    from fakerunc.console import Terminal


@dataclass(frozen=True, slots=True)
class Order:
    """What a container is to be made of, beyond what the model must know."""

    bundle: Bundle
    pid_file: str
    hierarchies: int
    console_socket: str
    inherited: Inherited
    reading: "Reading"


class HostRefused(Exception):
    """A step that the host did not let happen; str() is why, as Go would put it."""

    def __init__(self, step: Step, words: str) -> None:
        """What was done before it has to be undone."""
        super().__init__(words)
        self.step = step


@dataclass(frozen=True, slots=True)
class Reading:
    """How a flavour takes a bundle, and what it says of it.

    `unfit` gets a process, whether the call is detached, its console socket; `defect` also the number
    of hierarchies. `words` are those for a step that the host refused.
    """

    flavour: Flavour
    read: Callable[[str], Bundle]
    unfit: Callable[[ProcessSpec, bool, str], str]
    defect: Callable[[Bundle, str, int], Defect | None]
    words: Callable[["Creation", Step, OSError], str]


def create(call: Invocation) -> Answer:
    """`create`, and `run`, as runc."""
    try:
        return create_as(call, READING)
    except (Refused, Unreadable) as problem:
        raise Refused(f"runc {call.command} failed: {problem}") from problem


def _unfit(process_: ProcessSpec, detach: bool, socket: str) -> str:  # noqa: FBT001 - as it is called
    words = complaint_about_terminal(process_, detach=detach, socket_path=socket)
    return words or complaint_about_rlimits(process_)


def create_as(call: Invocation, reading: Reading) -> Answer:
    """Raises Refused and Unreadable with the bare complaint."""
    root = root_of(call.options)
    faults = ordered(call.command, root, reading.flavour)
    # Before the bundle becomes the working directory.
    to = pid_file.absolute(call.flags)
    hierarchies = settings().hierarchies
    bundle = reading.read(call.flags.get("bundle", "."))
    order = Order(
        bundle,
        to,
        hierarchies,
        call.flags.get("console-socket", ""),
        inherited(call.flags),
        reading,
    )
    directory = directory_of(call.arguments[0], root, reading.flavour)
    return _carried_out(_command(call, order), directory, order, faults)


def _command(call: Invocation, order: Order) -> Create:
    bundle = order.bundle
    detach = call.command == "create" or call.on("detach")
    unfit = order.reading.unfit(bundle.process, detach, order.console_socket)
    made = Create(
        call.arguments[0],
        hierarchies=order.hierarchies,
        pid_file=bool(order.pid_file),
        defect=_bad_script(bundle)
        or order.reading.defect(bundle, unfit or order.inherited.complaint, order.hierarchies),
        hooks=tuple(stage for stage, listed in bundle.hooks.items() if listed),
    )
    if call.command == "create":
        return made
    return Run(
        made.id,
        made.hierarchies,
        made.pid_file,
        made.defect,
        made.hooks,
        detach=detach,
        keep=call.on("keep"),
        shared_pids=bundle.shared_pids,
    )


def _carried_out(
    command: Create, directory: StateDirectory, order: Order, faults: Faults
) -> Answer:
    view, _ = directory.look()
    creation = Creation(directory, order)
    if isinstance(command, Run) and not command.detach:
        forwarding.hold_signals()
    decided = directory.flavour.plan(command, view, directory.path)
    try:
        answer = perform_all(decided, creation.perform, faults, HostRefused)
    except Failed as end:
        return end.answer
    except HostRefused as refusal:
        undo = directory.flavour.undo(command, refusal.step, str(refusal))
        # What was refused already has its words.
        said = decided.answer if decided.refused else undo.answer
        return _undone(Plan(undo.steps, said), creation, faults)
    return replace(answer, code=creation.code) if creation.code else answer


def _undone(undo: Plan, creation: "Creation", faults: Faults) -> Answer:
    """As far as the host lets it: told is only why it had to be."""
    for step in undo.steps:
        # As in runc: what one of them is refused does not keep the next one.
        with suppress(HostRefused, Failed):
            perform_one(step, creation.perform, faults, HostRefused)
    faults.pass_answer(undo.answer)
    return undo.answer


def _bad_script(bundle: Bundle) -> Defect | None:
    """What only fakerunc is told, and does not understand."""
    try:
        exit_script.parse(dict(bundle.annotations).get(exit_script.ANNOTATION, "after:0"))
    except exit_script.BadScript as problem:
        return Defect(Stage.BUNDLE, str(problem))
    return None


class Creation:
    """One create under way: what it has made so far, for the steps that follow.

    `code` is the program's exit code once a run has seen its end.
    """

    def __init__(self, directory: StateDirectory, order: Order) -> None:
        """Nothing is made yet."""
        self.directory = directory
        self.order = order
        self.cgroup = order.bundle.cgroup or directory.id
        self.init: process.Spawned | None = None
        self.terminal: Terminal | None = None
        self.code = 0

    def perform(self, step: Step) -> None:
        try:
            self._perform(step)
        except OSError as failure:
            raise HostRefused(step, self.order.reading.words(self, step, failure)) from failure

    def _perform(self, step: Step) -> None:
        match step.kind:
            case StepKind.MAKE_DIRECTORY:
                self.directory.make()
            case StepKind.MAKE_FIFO:
                self.directory.make_fifo()
            case StepKind.MAKE_CGROUP:
                cgroups.make(self.directory.root, self.cgroup, step.index)
                if step.index == 1 and self.order.bundle.limits:
                    cgroups.limit(self.directory.root, self.cgroup, self.order.bundle.limits)
            case StepKind.SPAWN_INIT:
                self._spawn_init(step)
            case StepKind.WRITE_STATE:
                record, count = self._record(), self.order.hierarchies
                self.directory.write_state(record, hierarchies=count)
            case StepKind.RENAME_STATE:
                self.directory.rename_state()
                self._init().settle()
            case StepKind.WRITE_PID_FILE if self.directory.flavour.files.pid_in_place:
                pid_file.write_in_place(self.order.pid_file, self._init().pid)
            case StepKind.WRITE_PID_FILE:
                pid_file.write(self.order.pid_file, self._init().pid)
            case StepKind.RENAME_PID_FILE:
                pid_file.publish(self.order.pid_file)
            case StepKind.KILL_INIT:
                process.send(self._init().pid, self._init().start, signals.KILL)
                os.waitpid(self._init().pid, 0)
            case StepKind.RELEASE_INIT:
                release(self.directory.fifo, self._init().pid, self._init().start, step)
            case StepKind.UNLINK_FIFO:
                self.directory.unlink_fifo()
            case StepKind.AWAIT_INIT:
                self.code = forwarding.await_end(
                    self._init().pid, self._init().start, self.terminal
                )
            case StepKind.SIGNAL_MEMBERS:
                process.end_members(self.directory.path)
            case StepKind.CREATE_HOOKS:
                self._create_hooks(step)
            case StepKind.POSTSTART_HOOKS:
                self._hooks(step, "poststart", "created", self._init().pid, self.order.bundle.path)
            case StepKind.POSTSTOP_HOOKS:
                with suppress(HostRefused):
                    self._hooks(step, "poststop", "stopped", 0, self.order.bundle.path)
            case StepKind.REMOVE_CGROUPS:
                cgroups.remove(self.directory.root, self.cgroup)
            case StepKind.REMOVE_DIRECTORY:
                self.directory.remove()
            case _:
                raise AssertionError(f"{step.name} is no step of create")

    def _spawn_init(self, step: Step) -> None:
        bundle, given = self.order.bundle, self.order.inherited
        env = variables((*bundle.env, *given.env))
        env.setdefault("HOME", home_of(bundle.rootfs, bundle.process.uid))
        env |= bundle.process.told(bundle.rootfs)
        env["_LIBCONTAINER_STATEDIR"] = env[process.MARKER] = self.directory.path
        if script := dict(bundle.annotations).get(exit_script.ANNOTATION):
            env[exit_script.VARIABLE] = script
            env[exit_script.OOM_FILE] = cgroups.oom_file(self.directory.root, self.cgroup)
        if bundle.process.terminal:
            self.terminal = _terminal(self.order, step)
        slave = self.terminal.slave if self.terminal else -1
        self.init = process.spawn(
            self.directory.fifo,
            bundle.args,
            env,
            process.Descriptors(slave, given.count),
            shared_pids=bundle.shared_pids,
            kind=self.directory.flavour.name,
        )
        if self.terminal:
            self.terminal.hand_over()

    def _create_hooks(self, step: Step) -> None:
        bundle, pid = self.order.bundle, self._init().pid
        self._hooks(step, "prestart", "creating", pid, bundle.path)
        self._hooks(step, "createRuntime", "creating", pid, bundle.path)
        # In runc this one is run by init, which is the first of its own pids.
        self._hooks(step, "createContainer", "creating", 1, bundle.rootfs)

    def _hooks(self, step: Step, stage: str, status: str, pid: int, cwd: str) -> None:
        bundle = self.order.bundle
        told = hooks.state(self.directory.id, status, pid, bundle.path, bundle.annotations)
        try:
            hooks.run(bundle.hooks[stage], told, cwd)
        except hooks.HookFailed as failure:
            early = "unable to start container process: error during container init: "
            words = early if step.kind is StepKind.CREATE_HOOKS else ""
            raise HostRefused(step, f"{words}{failure}") from failure

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
            poststop=_for_the_end(bundle),
        )

    def go_words(self, step: Step, failure: OSError) -> str:
        """A step that the host refused, as Go tells of it."""
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


def _terminal(order: Order, step: Step) -> "Terminal":
    # Only here: few containers have one, and its imports are slow.
    from fakerunc.console import NoTerminal, Terminal  # noqa: PLC0415

    try:
        return Terminal(order.console_socket, order.bundle.process.size)
    except NoTerminal as problem:
        raise HostRefused(step, str(problem)) from problem


def _for_the_end(bundle: Bundle) -> str:
    stage = bundle.hooks["poststop"]
    return json.dumps({"poststop": hooks.written(stage)}) if stage else ""


#: runc's own.
READING = Reading(RUNC, read, _unfit, defect, Creation.go_words)
