"""Performs exec: another process in a running container, in the foreground or left to itself.

It must never execute a file of the rootfs: what it starts is a stand-in, as init is.
"""

import errno
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from fakerunc import forwarding, pid_file, process, process_spec, signals
from fakerunc.bundle import config_here
from fakerunc.commands import Failed, perform_all
from fakerunc.decoding import Unreadable, load
from fakerunc.faults import ordered
from fakerunc.flavour import RUNC, Flavour
from fakerunc.inherited import inherited
from fakerunc.log import go_error, rename_error
from fakerunc.model import Answer, Exec, Record, Step, StepKind
from fakerunc.options import Invocation
from fakerunc.place import Refused, directory_of, root_of
from fakerunc.process_spec import ProcessSpec
from fakerunc.rootfs import home_of, inside
from fakerunc.state import StateDirectory

if TYPE_CHECKING:
    from fakerunc.console import Terminal


Complaint = Callable[[Invocation, ProcessSpec, Record], str]


def execute(call: Invocation) -> Answer:
    """`exec`, as runc."""
    try:
        return execute_as(call, RUNC, _complaint)
    except Refused as refusal:
        return RUNC.failure("exec", str(refusal))


def execute_as(call: Invocation, flavour: Flavour, complaint: Complaint) -> Answer:
    """`complaint`: what the flavour finds wrong with a process, or nothing."""
    root = root_of(call.options)
    faults = ordered(call.command, root, flavour)
    to = pid_file.absolute(call.flags)
    directory = directory_of(call.arguments[0], root, flavour)
    view, record = directory.look()
    asked, defect = _asked(call, record, complaint) if record else (None, "")
    command = Exec(
        directory.id,
        detach=call.on("detach"),
        pid_file=bool(to),
        ignore_paused=call.on("ignore-paused"),
        defect=defect,
    )
    execution = Execution(directory, record, asked, to, call)
    if not command.detach:
        forwarding.hold_signals()
    try:
        decided = flavour.plan(command, view, directory.path)
        answer = perform_all(decided, execution.perform, faults, execution.refusing)
    except Failed as end:
        return end.answer
    return replace(answer, code=execution.code) if execution.code else answer


def _asked(
    call: Invocation, record: Record, complaint: Complaint
) -> tuple[ProcessSpec | None, str]:
    """The process, and what is wrong with it."""
    if not call.flags.get("process") and len(call.arguments) == 1:
        return None, "process args cannot be empty"
    try:
        asked = process_spec.checked(_specified(call, record))
    except Unreadable as problem:
        return None, str(problem)
    except OSError as failure:
        return None, go_error("open", str(failure.filename), failure)
    return asked, complaint(call, asked, record)


def _specified(call: Invocation, record: Record) -> ProcessSpec:
    """--process says all of it; otherwise it is the container's own, with other args."""
    if path := call.flags.get("process"):
        return process_spec.of(load(path, "specs.Process"))
    try:
        os.chdir(record.bundle)
    except OSError as failure:
        raise Unreadable(go_error("chdir", record.bundle, failure)) from failure
    own = process_spec.within(config_here()) or ProcessSpec((), (), "/")
    return replace(
        own,
        args=tuple(call.arguments[1:]),
        env=(*own.env, *call.many("env")),
        cwd=call.flags.get("cwd") or own.cwd,
        terminal=call.on("tty"),
        user=_user(call) or own.user,
        groups=(*own.groups, *map(int, call.many("additional-gids"))),
    )


def _user(call: Invocation) -> str:
    user = call.flags.get("user", "")
    uid, colon, gid = user.partition(":")
    # runc reads the group first.
    for kind, part in [("gid", gid)] * bool(colon) + [("uid", uid)] * bool(user):
        if not part.removeprefix("-").isdecimal():
            why = f'strconv.Atoi: parsing "{part}": invalid syntax'
            raise Unreadable(f"parsing {part} as int for {kind} failed: {why}")
    for gid in call.many("additional-gids"):
        if int(gid) < 0:
            raise Unreadable(f"additional-gids must be a positive number {gid}")
    return user


def _complaint(call: Invocation, asked: ProcessSpec, record: Record) -> str:
    """In runc's order: what it sees itself, then what the process fails by inside."""
    words = process_spec.complaint_about_terminal(
        asked, detach=call.on("detach"), socket_path=call.flags.get("console-socket", "")
    )
    words = words or process_spec.complaint_about_rlimits(asked)
    if words := words or inherited(call.flags).complaint:
        return words
    words = process_spec.complaint_about_env(asked.env) or _complaint_about_cwd(asked, record)
    words = words or process_spec.complaint_about_program(asked, record.rootfs)
    return f"unable to start container process: {words}" if words else ""


def _complaint_about_cwd(asked: ProcessSpec, record: Record) -> str:
    """What a mount brings is not in the rootfs: a directory below one is believed in."""
    cwd = os.path.normpath(asked.cwd)
    if any(cwd == folder or cwd.startswith(f"{folder}/") for folder in record.mounted):
        return ""
    try:
        path = inside(record.rootfs, cwd)
        failure = 0 if stat.S_ISDIR(os.stat(path).st_mode) else errno.ENOTDIR
    except OSError as problem:
        failure = problem.errno or errno.EIO
    words = f'chdir to cwd ("{asked.cwd}") set in config.json failed'
    return f"{words}: {os.strerror(failure).lower()}" if failure else ""


class Execution:
    """One exec under way; `code` is its process's exit code once that has ended in the foreground."""

    def __init__(
        self,
        directory: StateDirectory,
        record: Record | None,
        asked: ProcessSpec | None,
        to: str,
        call: Invocation,
    ) -> None:
        """Nothing is made yet."""
        self.flavour = directory.flavour
        self.place = directory.path
        self.record = record
        self.asked = asked
        self.to = to
        self.socket = call.flags.get("console-socket", "")
        self.given = inherited(call.flags)
        self.terminal: Terminal | None = None
        self.pid = 0
        self.start = 0
        self.code = 0

    def perform(self, step: Step) -> None:
        try:
            self._perform(step)
        except OSError as failure:
            self._end()
            raise self._failed(_words(step, failure)) from failure

    def refusing(self, _step: Step, words: str) -> Exception:
        self._end()
        return self._failed(words)

    def _failed(self, words: str) -> Failed:
        return Failed(self.flavour.failure("exec", words))

    def _perform(self, step: Step) -> None:
        match step.kind, self.record, self.asked:
            case StepKind.SPAWN_PROCESS, Record() as record, ProcessSpec() as asked:
                self._spawn(record, asked)
            case StepKind.WRITE_PID_FILE, _, _ if self.flavour.files.pid_in_place:
                pid_file.write_in_place(self.to, self.pid)
            case StepKind.WRITE_PID_FILE, _, _:
                pid_file.write(self.to, self.pid)
            case StepKind.RENAME_PID_FILE, _, _:
                pid_file.publish(self.to)
            case StepKind.AWAIT_PROCESS, _, _:
                self.code = forwarding.await_end(self.pid, self.start, self.terminal)
            case _:
                raise AssertionError(f"{step.name} is no step of exec")

    def _spawn(self, record: Record, asked: ProcessSpec) -> None:
        env = process_spec.variables((*asked.env, *self.given.env))
        env.setdefault("HOME", home_of(record.rootfs, asked.uid))
        env |= asked.told(record.rootfs)
        env[process.MARKER] = self.place
        init = 0 if record.shared_pids else record.pid
        if asked.terminal:
            self.terminal = self._terminal(asked)
        slave = self.terminal.slave if self.terminal else -1
        given = process.Descriptors(slave, self.given.count)
        self.pid, self.start = process.spawn_beside(init, asked.args, env, given)
        if self.terminal:
            self.terminal.hand_over()
        if not process.alive(record.pid, record.start):
            raise ChildProcessError("unable to start container process: init is dead by now")

    def _terminal(self, asked: ProcessSpec) -> "Terminal":
        # Only here, as in creation.py.
        from fakerunc.console import NoTerminal, Terminal  # noqa: PLC0415

        try:
            return Terminal(self.socket, asked.size)
        except NoTerminal as problem:
            raise self._failed(str(problem)) from problem

    def _end(self) -> None:
        """What was begun is undone: nobody was told of it."""
        if self.pid:
            process.send(self.pid, self.start, signals.KILL)
            # Somebody may have reaped it: only its end matters.
            with suppress(ChildProcessError):
                os.waitpid(self.pid, 0)


def _words(step: Step, failure: OSError) -> str:
    match step.kind:
        case StepKind.SPAWN_PROCESS:
            return str(failure)
        case StepKind.RENAME_PID_FILE:
            return rename_error(failure)
        case _:
            return go_error("open", str(failure.filename), failure)
