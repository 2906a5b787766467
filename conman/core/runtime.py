"""A runtime's command line, and what its answers mean. The only place that knows either.

Sources: the OCI runtime command line as runc 1.1 has it (docs/runtime.md). Callers must never conclude
from words or an exit code that something is absent: words only choose the sentence a person reads.
"""

from conman.core.layout import Layout
from conman.core.spec import ContainerSpec
from conman.errors import Code, Refusal
from conman.primitives.steps import Failed, Result, RuntimeAnswer, TimedOut

#: The exit status that a shim reports when the runtime itself could not be executed (as sh(1)).
NO_SUCH_RUNTIME = 127

#: Their delete: cgroup, state directory, poststop hooks, resctrl groups; nothing else.
_DELETE_IS_OURS = ("runc", "crun")

_NOT_FOUND = ("executable file not found in", "no such file or directory", "not found in $PATH")
_NOT_ALLOWED = ("permission denied", "operation not permitted", "is a directory")


def create_argv(runtime: str, layout: Layout, container_id: str, run: int) -> tuple[str, ...]:
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
        layout.runtime_id(container_id, run),
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


def refusal_of(operation: str, runtime: str, answer: Result, command: str) -> Refusal:
    """What to tell when `runtime operation` did not do it; `command` is the user's program."""
    match answer:
        case RuntimeAnswer(stderr=stderr):
            return _refusal_of_words(operation, runtime, last_words(stderr), command)
        case TimedOut():
            return Refusal(
                Code.UNAVAILABLE,
                "RuntimeTimedOut",
                f"{runtime} {operation} did not end in time and was killed",
                "try again; if it persists, run it by hand to see where it hangs",
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
            return Refusal(Code.UNAVAILABLE, "RuntimeFailed", f"cannot run {runtime}: {text}")
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
    if "exec:" in words and any(sign in words for sign in _NOT_FOUND):
        return Refusal(
            Code.INVALID_ARGUMENT,
            "CommandNotFound",
            f"the command {command!r} is not in the root file system: {words}",
            "check its path inside the rootfs and the PATH in env",
            "command",
        )
    if "exec:" in words and any(sign in words for sign in _NOT_ALLOWED):
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
