"""fakerunc's entry: reads the command line, has the command carried out, prints its answer.

Everything that anybody sees of fakerunc leaves through here, and the exit code is decided here. It
must never use runc's own state: without --root it keeps its state beside it, or refuses.
"""

import os
import sys
from collections.abc import Callable

from fakerunc import faults, stdio
from fakerunc.commands import Say, carry_out, kill_asked
from fakerunc.fault_terms import UnknownFault, terms
from fakerunc.flavour import chosen
from fakerunc.log import Log, complaint_about, go_error
from fakerunc.model import (
    Answer,
    Checkpoint,
    Command,
    Delete,
    Pause,
    Resume,
    Start,
    State,
    render_state,
    status,
)
from fakerunc.options import COMMANDS, Invocation, UsageError, read
from fakerunc.place import Refused, directory_of, made, root_of
from fakerunc.record import VERSION
from fakerunc.settings import BadSetting, settings


def main() -> int:
    stdio.complete()
    try:
        flavour = chosen(sys.argv[1:])
        # Whatever is asked: what says nothing is told before anything is done.
        list(terms(settings().faults))
    except (BadSetting, UnknownFault) as problem:
        Log().error(str(problem))
        return 1
    if flavour == "crun":
        # Only here: who is runc needs none of it.
        from fakerunc.crun.main import main as crun  # noqa: PLC0415

        return crun(sys.argv[1:])
    return _as_runc()


def _as_runc() -> int:
    try:
        call = read(sys.argv[1:], sys.argv[0] if _name() == "runc" else "runc")
    except UsageError as problem:
        stdio.write(1, f"{problem.headline}\n\n{_help(problem.command)}")
        _log(problem.options).error(problem.words)
        return 1
    log = _log(call.options)
    if complaint := complaint_about(log):
        Log(form=log.form, debug=log.debug).error(complaint)
        return 1
    answer = _printed(call, _answer(call))
    if answer.stderr:
        (log.error if answer.code or answer.error else log.warning)(answer.stderr)
    return answer.code


def _log(options: dict[str, str]) -> Log:
    path = options.get("log", "")
    form = options.get("log-format", "text")
    path = "" if path == "/dev/stderr" else path
    return Log(path, form, debug="debug" in options, folder=_here())


def _here() -> str:
    """The caller's directory; empty where that is gone, and with it whatever begins there."""
    try:
        return os.getcwd()
    except FileNotFoundError:
        return ""


def _printed(call: Invocation, answer: Answer) -> Answer:
    """The same, unless its output was lost to a command that looks whether it is."""
    failure = stdio.write(1, answer.stdout)
    if failure is None or not _heeds_its_output(call):
        return answer
    code = 0 if call.command == "events" else 1
    return Answer(code, "", go_error("write", "/dev/stdout", failure), error=True)


def _heeds_its_output(call: Invocation) -> bool:
    if "help" in call.flags or call.options.keys() & {"help", "version"}:
        return False
    match call.command:
        case "list":
            return not call.on("quiet")
        case "ps":
            return call.flags.get("format") == "json"
        case _:
            return call.command in {"events", "features"}


def _answer(call: Invocation) -> Answer:
    if "version" in call.options:
        return Answer(0, _version(), "")
    if "help" in call.options or not call.command:
        return Answer(0, _help(), "")
    if call.command in _HELP and call.arguments[:1] in ([], ["help"], ["h"]):
        return Answer(0, _help(), "")
    topic = call.arguments[0] if call.command in _HELP else call.command
    if topic not in COMMANDS:
        return Answer(3, "", f"No help topic for '{topic}'\n")
    if call.command in _HELP:
        return Answer(0, _help(topic), "")
    if "help" in call.flags:
        return Answer(0, _help(call.command), "")
    try:
        return _COMMANDS[call.command](call)
    except (UnknownFault, BadSetting) as problem:
        return _refusal(str(problem))
    except faults.Ended as end:
        return end.answer
    except OSError as failure:
        return _refusal(go_error(call.command, str(failure.filename), failure))
    except Refused as refusal:
        return _refusal(str(refusal))


_HELP = ("help", "h")


def _version() -> str:
    """Callers read the first line."""
    return f"{_name()} version {VERSION}\ncommit: stand-ins, no containers\nspec: 1.0.2-dev\n"


def _help(command: str = "") -> str:
    # Only here: few ask.
    from fakerunc.help import text  # noqa: PLC0415

    return text(_name(), command)


def _name() -> str:
    """Under the name runc it goes by that."""
    return "runc" if os.path.basename(sys.argv[0]) == "runc" else "fakerunc"


def _refusal(words: str) -> Answer:
    return Answer(1, "", words)


def _on_one(make: Callable[[Invocation], Command]) -> Callable[[Invocation], Answer]:
    def run(call: Invocation) -> Answer:
        directory = directory_of(call.arguments[0], root_of(call.options))
        say = _SAY.get(call.command)
        return carry_out(make(call), directory, faults.ordered(call.command, directory.root), say)

    return run


_SAY: dict[str, Say] = {"state": lambda record, view: render_state(record, status(view).value)}


def _list(call: Invocation) -> Answer:
    # Only here: reading the user database costs every other command its import.
    from fakerunc.listing import print_list  # noqa: PLC0415

    root = root_of(call.options)
    told = faults.ordered(call.command, root)
    try:
        text = print_list(
            made(root),
            call.flags.get("format", "table"),
            only_ids=call.on("quiet"),
        )
    except ValueError as problem:
        raise Refused(str(problem)) from problem
    answer = Answer(0, text, "")
    told.pass_answer(answer)
    return answer


def _create(call: Invocation) -> Answer:
    # Only here: the other commands read no bundles.
    from fakerunc.creation import create  # noqa: PLC0415

    return create(call)


def _exec(call: Invocation) -> Answer:
    # Only here, as for create.
    from fakerunc.execution import execute  # noqa: PLC0415

    return execute(call)


def _looks(name: str) -> Callable[[Invocation], Answer]:
    """A command of inquiries.py; its imports are not everybody's."""

    def run(call: Invocation) -> Answer:
        from fakerunc import inquiries  # noqa: PLC0415 - see above

        inquiry: Callable[[Invocation], Answer] = getattr(inquiries, name)
        return inquiry(call)

    return run


_COMMANDS: dict[str, Callable[[Invocation], Answer]] = {
    "create": _create,
    "delete": _on_one(lambda call: Delete(call.arguments[0], force=call.on("force"))),
    "exec": _exec,
    "kill": _on_one(kill_asked),
    "list": _list,
    "pause": _on_one(lambda call: Pause(call.arguments[0])),
    "checkpoint": _on_one(lambda call: Checkpoint(call.arguments[0])),
    "events": _looks("events"),
    "features": _looks("features"),
    "ps": _looks("ps"),
    "restore": _looks("restore"),
    "spec": _looks("spec"),
    "update": _looks("update"),
    "run": _create,
    "resume": _on_one(lambda call: Resume(call.arguments[0])),
    "start": _on_one(lambda call: Start(call.arguments[0])),
    "state": _on_one(lambda call: State(call.arguments[0])),
}
