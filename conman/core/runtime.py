"""A runtime's command line, and what its answers mean. The only place that knows either.

Sources: the OCI runtime command line as runc 1.1 has it (docs/runtime.md). Callers must never conclude
from words or an exit code that something is absent: words only choose the sentence a person reads.
"""

from conman.core.execs import Exec
from conman.core.layout import Layout
from conman.core.spec import ContainerSpec
from conman.errors import Code, Refusal
from conman.primitives.steps import Failed, Result, RuntimeAnswer, TimedOut

#: The exit status that a shim reports when the runtime itself could not be executed (as sh(1)).
NO_SUCH_RUNTIME = 127

#: What a shim begins with when it could not execute it, and says when it had to end it.
_CANNOT_RUN = "cannot run "
_TIMED_OUT = "timed out"

#: Their delete: cgroup, state directory, poststop hooks, resctrl groups; nothing else.
_DELETE_IS_OURS = ("runc", "crun")

_NOT_FOUND = ("executable file not found in", "no such file or directory", "not found in $path")
_NOT_ALLOWED = ("permission denied", "operation not permitted", "is a directory")


def create_argv(
    runtime: str, layout: Layout, container_id: str, run: int, *, tty: bool = False
) -> tuple[str, ...]:
    return (
        runtime,
        "--root",
        layout.runtime_root(),
        # Its stderr is the container's already: what it has to say itself, it says here.
        "--log",
        f"{layout.shim(container_id, run)}/create.log",
        "--log-format",
        "json",
        "create",
        "--bundle",
        layout.bundle(container_id),
        "--pid-file",
        layout.init_pid(container_id, run),
        *(("--console-socket", layout.console_socket(container_id, run)) if tty else ()),
        layout.runtime_id(container_id, run),
    )


def exec_argv(runtime: str, layout: Layout, one: Exec, container_id: str) -> tuple[str, ...]:
    place, console = (
        layout.exec(container_id, one.run, one.id),
        layout.console_socket(container_id, one.run),
    )
    return (
        runtime,
        "--root",
        layout.runtime_root(),
        # As of create: its stderr is the program's already.
        "--log",
        f"{place}/exec.log",
        "--log-format",
        "json",
        "exec",
        "--process",
        f"{place}/process.json",
        "--detach",
        "--pid-file",
        f"{place}/pid",
        # The run's own: its shim makes one call at a time.
        *(("--console-socket", console) if one.spec.tty else ()),
        layout.runtime_id(container_id, one.run),
    )


def start_argv(runtime: str, layout: Layout, container_id: str, run: int) -> tuple[str, ...]:
    root, runtime_id = layout.runtime_root(), layout.runtime_id(container_id, run)
    return (runtime, "--root", root, "start", runtime_id)


def delete_argv(runtime: str, layout: Layout, container_id: str, run: int) -> tuple[str, ...]:
    root, runtime_id = layout.runtime_root(), layout.runtime_id(container_id, run)
    return (runtime, "--root", root, "delete", "--force", runtime_id)


def needs_delete(runtime: str, spec: ContainerSpec) -> bool:
    """Whether an ended run may have left more than the members, mounts, state and cgroup that we remove.

    Not with runc and crun, whose delete removes no more than these, unless the user's patch of
    config.json has given it more to do (a poststop hook, say). Of other runtimes it is not known.
    """
    known = runtime.rpartition("/")[2] in _DELETE_IS_OURS
    return not known or spec.runtime_spec_patch != ""


def failure_of(answer: RuntimeAnswer) -> RuntimeAnswer | TimedOut | Failed:
    """What a shim's answer amounts to: it has one shape for all, as a shell has."""
    if answer.stderr == _TIMED_OUT:
        return TimedOut()
    if answer.code == NO_SUCH_RUNTIME and answer.stderr.startswith(_CANNOT_RUN):
        return Failed("ENOENT", answer.stderr)
    return answer


def refusal_of(operation: str, runtime: str, answer: Result, command: str) -> Refusal:
    """What to tell when `runtime operation` did not do it; `command` is the user's program."""
    match answer:
        case RuntimeAnswer(code=0, stderr=stderr):
            but = "started nothing" if operation == "start" else "left no container"
            return Refusal(
                Code.FAILED_PRECONDITION,
                "RuntimeFailed",
                f"{runtime} {operation} answered 0 but {but}: {last_words(stderr)}",
                "it is broken, or no OCI runtime: run it by hand, or name another with --runtime",
            )
        case RuntimeAnswer(stderr=stderr):
            return _refusal_of_words(operation, runtime, last_words(stderr), command)
        case TimedOut():
            # Not UNAVAILABLE: clients would repeat that until their own time is over.
            return Refusal(
                Code.DEADLINE_EXCEEDED,
                "RuntimeTimedOut",
                f"{runtime} {operation} did not end in time and was killed",
                "try again; if it persists, run it by hand to see where it hangs, or give it more "
                "time with conmand's --runtime-timeout",
            )
        case Failed(error="ENOENT"):
            return Refusal(
                Code.FAILED_PRECONDITION,
                "RuntimeMissing",
                f"the runtime {runtime} is not installed",
                f"install it (Debian: apt-get install {_package(runtime)}), "
                "or name another with --runtime",
                "runtime",
            )
        case Failed(text=text):
            return Refusal(
                Code.FAILED_PRECONDITION,
                "RuntimeFailed",
                f"cannot run {runtime}: {text}",
                "name an OCI runtime that can be executed",
            )
        case _:
            return Refusal(Code.INTERNAL, "RuntimeFailed", f"{runtime} {operation}: {answer}")


def last_words(stderr: str) -> str:
    """The last message of a runtime's stderr, without logrus' decoration."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    if not lines:
        return "no message"
    _, found, quoted = lines[-1].partition('level=error msg="')
    return quoted.rstrip('"').replace('\\"', '"') if found else lines[-1]


def _refusal_of_words(operation: str, runtime: str, words: str, command: str) -> Refusal:
    text = f"{runtime} {operation} failed: {words}"
    # runc's begin with `exec:`, crun's name the executable; they differ in capitals.
    lowered = words.lower()
    is_about_it = "exec:" in lowered or "executable" in lowered
    if is_about_it and any(sign in lowered for sign in _NOT_FOUND):
        return Refusal(
            Code.INVALID_ARGUMENT,
            "CommandNotFound",
            f"the command {command!r} is not in the root file system: {words}",
            "check its path inside the rootfs and the PATH in env",
            "command",
        )
    if is_about_it and any(sign in lowered for sign in _NOT_ALLOWED):
        return Refusal(
            Code.INVALID_ARGUMENT,
            "CommandNotExecutable",
            f"the command {command!r} cannot be executed: {words}",
            "name an executable file inside the rootfs",
            "command",
        )
    return Refusal(Code.FAILED_PRECONDITION, "RuntimeFailed", text)


def _package(runtime: str) -> str:
    return runtime.rpartition("/")[2] or "runc"
