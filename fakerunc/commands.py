"""Performs the model's plans for all commands but create on this host, step by step.

It must never decide whether a command may do something: it looks, asks the model, and does the steps
in the model's order.
"""

import json
import os
import select
from collections.abc import Callable
from dataclasses import dataclass, replace

from fakerunc import cgroups, process, signals
from fakerunc.faults import Faults, Injected
from fakerunc.model import (
    ALREADY_RUNNING,
    Answer,
    Command,
    Kill,
    Plan,
    Record,
    Step,
    StepKind,
    View,
    stuck,
)
from fakerunc.options import Invocation
from fakerunc.state import StateDirectory


class Failed(Exception):
    """A step that ends its command with an answer of its own."""

    def __init__(self, answer: Answer) -> None:
        """The rest of the plan is not done."""
        super().__init__(answer.stderr)
        self.answer = answer


Refusing = Callable[[Step, str], Exception]


def _refusing(_step: Step, words: str) -> Exception:
    return Failed(Answer(1, "", words))


def perform_all(
    decided: Plan,
    perform: Callable[[Step], None],
    faults: Faults,
    refusing: Refusing = _refusing,
) -> Answer:
    """`refusing`: what a step that a fault lets fail raises, as if the host had refused it."""
    for step in decided.steps:
        perform_one(step, perform, faults, refusing)
    faults.pass_answer(decided.answer)
    return decided.answer


def perform_one(
    step: Step, perform: Callable[[Step], None], faults: Faults, refusing: Refusing = _refusing
) -> None:
    try:
        faults.pass_by(step.name)
    except Injected as failure:
        raise refusing(step, str(failure)) from failure
    perform(step)


Say = Callable[[Record, View], str]


def carry_out(
    command: Command,
    directory: StateDirectory,
    faults: Faults,
    say: Say | None = None,
    limits: dict[str, object] | None = None,
) -> Answer:
    """`say`: what a command that succeeds prints of the container; `limits`: update's."""
    view, record = directory.look()
    decided = directory.flavour.plan(command, view, directory.path)
    container = Container(
        directory, record, init_takes_all=not view.shared_pids, limits=limits or {}
    )
    try:
        answer = perform_all(decided, container.perform, faults)
    except Failed as end:
        return end.answer
    if say and record and not decided.refused:
        return replace(answer, stdout=say(record, view))
    return answer


@dataclass(frozen=True, slots=True)
class Container:
    """What the steps are done to; `record` is None where runc cannot load any.

    `init_takes_all`: the end of init is to be the end of every process, as in its own pid namespace.
    """

    directory: StateDirectory
    record: Record | None
    init_takes_all: bool
    limits: dict[str, object]

    def perform(self, step: Step) -> None:
        match step.kind, self.record:
            case StepKind.REMOVE_DIRECTORY, _:
                self.directory.remove()
            case StepKind.RELEASE_INIT, Record(pid=pid, start=start):
                release(self.directory.fifo, pid, start, step)
            case StepKind.UNLINK_FIFO, _:
                os.unlink(self.directory.fifo)
            case StepKind.SIGNAL_INIT, Record() as record:
                if not self._signal_init(record, step.signal):
                    raise Failed(Answer(1, "", "unable to signal init: no such process"))
            case StepKind.SIGNAL_MEMBERS, _:
                self._signal_members(step.signal)
            case StepKind.KILL_INIT, Record(pid=pid, start=start):
                self._kill_init(pid, start, step)
            case StepKind.SET_RESOURCES, Record(cgroup=cgroup):
                cgroups.limit(self.directory.root, cgroup, self.limits)
            case StepKind.WRITE_STATE, _:
                self.directory.rewrite_state(self.limits)
            case StepKind.RENAME_STATE, _:
                self.directory.rename_state()
            case StepKind.POSTSTOP_HOOKS, Record() as record:
                _poststop(record)
            case StepKind.FREEZE, Record(cgroup=cgroup):
                # The word first: a process that is made meanwhile is found by who looks again.
                cgroups.freeze(self.directory.root, cgroup)
                process.suspend_members(self.directory.path)
            case StepKind.THAW, Record(cgroup=cgroup):
                cgroups.freeze(self.directory.root, cgroup, thaw=True)
                process.resume_members(self.directory.path)
            case StepKind.REMOVE_CGROUPS, Record(cgroup=cgroup):
                cgroups.remove(self.directory.root, cgroup)
            case _:
                raise AssertionError(f"{step.name} is no step of this command")

    def _signal_init(self, record: Record, number: int) -> bool:
        """Whether there is one. Who stands still because it is frozen is not moved by CONT."""
        if number == signals.CONT and cgroups.frozen(self.directory.root, record.cgroup):
            number = 0
        return process.send(record.pid, record.start, number)

    def _signal_members(self, number: int) -> None:
        if number == signals.KILL:
            process.end_members(self.directory.path)
            return
        for pid, start in process.members(self.directory.path):
            process.send(pid, start, number)

    def _kill_init(self, pid: int, start: int, step: Step) -> None:
        process.send(pid, start, signals.KILL)
        gone = process.ended(pid, start, within_s=process.PATIENCE_S)
        if gone and self.init_takes_all:
            gone = process.members_ended(self.directory.path, within_s=process.PATIENCE_S)
        if not gone:
            raise Failed(stuck(step))


def _poststop(record: Record) -> None:
    """Their failure is told, and changes nothing: the container is gone."""
    # Only here: few containers have hooks.
    from fakerunc import hooks  # noqa: PLC0415

    told = hooks.state(record.id, "stopped", 0, record.bundle, record.annotations)
    try:
        hooks.run(hooks.of(json.loads(record.poststop))["poststop"], told, os.getcwd())
    except hooks.HookFailed as failure:
        raise Failed(Answer(0, "", str(failure), error=True)) from failure


def release(fifo: str, pid: int, start: int, step: Step) -> None:
    """Opens exec.fifo, which is what init waits for, and reads what it writes just before its exec.

    Where the program runs already nobody opens the other end: this waits until it ends, as runc's
    start does.
    """
    # Before the fifo: once that is open, a short program may be over at any moment.
    init = process.open_pidfd(pid, start)
    if init is None:
        raise Failed(stuck(step))
    reading = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    heard = b""
    while True:
        # With O_NONBLOCK a fifo is silent until its first writer has come, and hung up after.
        ready = select.select([reading, init], [], [])[0]
        if reading not in ready:
            raise Failed(stuck(step))
        word = _read(reading)
        if word == b"":
            break
        heard += word or b""
    os.close(init)
    os.close(reading)
    if not heard:
        raise Failed(ALREADY_RUNNING)


def _read(fd: int) -> bytes | None:
    """None where there is nothing yet, empty at the end."""
    try:
        return os.read(fd, 16)
    except BlockingIOError:
        return None


def kill_asked(call: Invocation) -> Kill:
    """A `kill`, of any flavour; a signal that is unknown stays a text, for the model to refuse."""
    text = call.arguments[1] if len(call.arguments) > 1 else ""
    number = signals.parse(text)
    return Kill(call.arguments[0], text if number is None else number, all=call.on("all"))
