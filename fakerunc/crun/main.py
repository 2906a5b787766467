"""crun's entry: as fakerunc's own, with crun's commands, words and exit codes.

It must never say runc's words: what crun has not said here is told as the C library says it.
"""

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress

from fakerunc import faults, process, resources, stdio
from fakerunc.commands import Say, carry_out, kill_asked
from fakerunc.crun import line, plans, printed
from fakerunc.crun.files import CRUN
from fakerunc.crun.line import Misused
from fakerunc.decoding import Unreadable
from fakerunc.fault_terms import UnknownFault
from fakerunc.log import rfc3339
from fakerunc.model import Answer, Command, Delete, Pause, Ps, Resume, Start, State, Update
from fakerunc.options import Invocation
from fakerunc.place import Refused, directory_of, root_of
from fakerunc.settings import BadSetting


def main(argv: list[str]) -> int:
    try:
        call = line.read(argv)
        log = _log_of(call)
        answer = _answer(call, log)
    except Misused as problem:
        stdio.write(2, f"{problem}\n")
        return problem.code
    stdio.write(1, answer.stdout)
    if answer.stderr:
        _log(log, call.options.get("log-format", "text"), answer)
        stdio.write(2, f"{answer.stderr}\n")
    return answer.code


def _log_of(call: Invocation) -> str:
    """Its absolute path, or nothing. create and run open it in the bundle, and none without a bundle."""
    path = call.options.get("log", "")
    making = call.command in {"create", "run"}
    folder = call.flags.get("bundle", "") if making else ""
    kept = path and os.path.isdir(folder or ".")
    return os.path.abspath(os.path.join(folder, path)) if kept else ""


def _log(path: str, form: str, answer: Answer) -> None:
    """Besides what stderr gets; what cannot be written is lost."""
    if not path or answer.unlogged:
        return
    text = answer.stderr
    if form == "json":
        at = time.time_ns() // 1000
        told = {"msg": text, "level": "error", "time": f"{rfc3339(at * 1000)}"}
        text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    with suppress(OSError), open(path, "a", encoding="utf-8", errors="surrogateescape") as file:
        file.write(f"{text}\n")


def _prepare(options: dict[str, str], log: str) -> None:
    form = options.get("log-format", "text")
    if form not in {"text", "json"}:
        raise Misused(f"unknown log format type {form}")
    if log:
        try:
            os.close(os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o700))
        except OSError as failure:
            said = os.strerror(failure.errno or 0)
            raise Misused(f"open log file {options['log']}\n: {said}") from failure


def _answer(call: Invocation, log: str) -> Answer:
    if call.on("version"):
        return Answer(0, printed.version(root_of(call.options)), "")
    if call.on("help"):
        return Answer(0, _HELP, "")
    _prepare(call.options, log)
    try:
        return _COMMANDS[call.command](call)
    except faults.Ended as end:
        return end.answer
    except (UnknownFault, BadSetting, Refused, Unreadable) as problem:
        return Answer(1, "", str(problem))
    except OSError as failure:
        said = os.strerror(failure.errno or 0)
        return Answer(1, "", f"error opening file `{failure.filename}`: {said}")


_HELP = "Usage: crun [OPTION...] COMMAND [OPTION...]\n\nfakerunc as crun: see docs/fakerunc.md\n"


def _on_one(make: Callable[[Invocation], Command]) -> Callable[[Invocation], Answer]:
    def run(call: Invocation) -> Answer:
        directory = directory_of(call.arguments[0], root_of(call.options), CRUN)
        told = faults.ordered(call.command, directory.root, CRUN)
        return carry_out(make(call), directory, told, _SAY.get(call.command))

    return run


_SAY: dict[str, Say] = {
    "state": lambda record, view: printed.state(record, plans.status(view).value, record.owner)
}


def _list(call: Invocation) -> Answer:
    # Only here, as for runc's.
    from fakerunc.crun import listing  # noqa: PLC0415

    root = root_of(call.options)
    told = faults.ordered(call.command, root, CRUN)
    answer = listing.shown(root, call.flags.get("format", "table"), only_ids=call.on("quiet"))
    told.pass_answer(answer)
    return answer


def _ps(call: Invocation) -> Answer:
    form = call.flags.get("format", "table")
    if form not in {"table", "json"}:
        raise Misused(f"crun: invalid format `{form}`")
    name = call.arguments[0]
    directory = directory_of(name, root_of(call.options), CRUN)

    def say(_record: object, _view: object) -> str:
        return printed.pids(sorted(pid for pid, _ in process.members(directory.path)), form)

    return carry_out(Ps(name), directory, faults.ordered(call.command, directory.root, CRUN), say)


def _update(call: Invocation) -> Answer:
    directory = directory_of(call.arguments[0], root_of(call.options), CRUN)
    limits: resources.Limits = {}
    defect = ""
    if directory.look()[1]:
        try:
            limits = resources.asked(call.flags)
        except Unreadable as problem:
            defect = f"cannot parse the data: `{problem}`"
    command = Update(directory.id, defect)
    told = faults.ordered(call.command, directory.root, CRUN)
    return carry_out(command, directory, told, limits=limits)


def _create(call: Invocation) -> Answer:
    # Only here: the other commands read no bundles.
    from fakerunc.creation import create_as  # noqa: PLC0415
    from fakerunc.crun.bundle import READING  # noqa: PLC0415

    return create_as(call, READING)


def _exec(call: Invocation) -> Answer:
    # Only here, as for create.
    from fakerunc.crun.bundle import complaint_about_exec  # noqa: PLC0415
    from fakerunc.execution import execute_as  # noqa: PLC0415

    path = call.flags.get("process")
    if path and directory_of(call.arguments[0], root_of(call.options), CRUN).look()[1]:
        # Of a container that is there, whether its file is matters before anything else.
        os.close(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
    return execute_as(call, CRUN, complaint_about_exec)


def _spec(call: Invocation) -> Answer:
    # Only here: it is long.
    from fakerunc import templates  # noqa: PLC0415

    templates.write_spec(call.flags.get("bundle", ""), rootless=call.on("rootless"))
    return Answer(0, "", "")


_COMMANDS: dict[str, Callable[[Invocation], Answer]] = {
    "create": _create,
    "delete": _on_one(lambda call: Delete(call.arguments[0], force=call.on("force"))),
    "exec": _exec,
    "kill": _on_one(kill_asked),
    "list": _list,
    "pause": _on_one(lambda call: Pause(call.arguments[0])),
    "ps": _ps,
    "resume": _on_one(lambda call: Resume(call.arguments[0])),
    "run": _create,
    "spec": _spec,
    "start": _on_one(lambda call: Start(call.arguments[0])),
    "state": _on_one(lambda call: State(call.arguments[0])),
    "update": _update,
}
