"""A bundle as crun takes it, and what it says of one that it cannot use; of an exec's process, too.

It must never change anything, neither in the bundle nor elsewhere.
"""

import errno
import os

from fakerunc import process_spec
from fakerunc.bundle import NAMESPACES, Bundle, config_here, failure_of_source, interpreted
from fakerunc.creation import Creation, Reading
from fakerunc.crun.files import CRUN
from fakerunc.crun.line import Misused
from fakerunc.decoding import Object, Unreadable, object_at, objects_at, text_at
from fakerunc.model import Defect, Record, Stage, Step, StepKind
from fakerunc.options import Invocation
from fakerunc.process_spec import ProcessSpec
from fakerunc.rootfs import failure_of_program, inside

_VERSIONS = ("1.",)  # those that it knows


def read(directory: str) -> Bundle:
    """The bundle in `directory`, which becomes the working directory."""
    try:
        os.chdir(directory)
    except OSError as failure:
        said = os.strerror(failure.errno or 0)
        raise Misused(f"chdir `{directory}` failed: {said}") from failure
    try:
        config = config_here()
    except Unreadable as problem:
        raise Unreadable("error loading config.json") from problem
    _check(config)
    process = process_spec.within(config)
    if process is None:
        raise Unreadable("internal error: max number of capabilities not initialized")
    root = text_at(object_at(config, "root") or {}, "path")
    return interpreted(os.getcwd(), config, process, root)


def _check(config: Object) -> None:
    if not text_at(config, "ociVersion"):
        raise Unreadable("error loading config.json")
    if not text_at(config, "ociVersion").startswith(_VERSIONS):
        raise Unreadable("unknown version specified")
    for block in ("linux", "root"):
        if object_at(config, block) is None:
            raise Unreadable(f"invalid config file, no '{block}' block specified")
    for one in objects_at(object_at(config, "linux") or {}, "namespaces"):
        if (kind := text_at(one, "type")) not in NAMESPACES:
            raise Unreadable(f"invalid namespace type: `{kind}`")


def unfit(process: ProcessSpec, detach: bool, socket: str) -> str:  # noqa: FBT001 - as it is called
    if detach and process.terminal and not socket:
        return "use --console-socket with create when a terminal is used"
    return ""


def defect(bundle: Bundle, unfit_by: str, _hierarchies: int) -> Defect | None:
    """The first thing that a readable bundle fails by; `unfit_by`: what unfit says of it."""
    if unfit_by:
        return Defect(Stage.BUNDLE, unfit_by)
    if not os.path.isdir(bundle.rootfs):
        asked = os.path.relpath(bundle.rootfs, bundle.path)
        return Defect(Stage.SPAWN, f"make `{asked}` private: No such file or directory")
    words = _complaint_about_sources(bundle) or _complaint_about_rlimits(bundle.process)
    words = words or complaint_about(bundle.process, bundle.rootfs, made=bundle.mounted)
    return Defect(Stage.INIT, words) if words else None


def _complaint_about_sources(bundle: Bundle) -> str:
    for asked, _ in bundle.bound:
        if failure := failure_of_source(os.path.join(bundle.path, asked)):
            return f"error stat'ing file `{asked}`: {os.strerror(failure.errno or 0)}"
    return ""


def _complaint_about_rlimits(process: ProcessSpec) -> str:
    unknown = process_spec.unknown_rlimit(process)
    return "" if unknown is None else f"invalid rlimit `{unknown}`"


def complaint_about(process: ProcessSpec, rootfs: str, made: tuple[str, ...]) -> str:
    """What is wrong with a process, or nothing; `made`: directories that need not be in the rootfs."""
    if not process.cwd:
        return "chdir ``: No such file or directory"
    if words := _complaint_about_cwd(process.cwd, rootfs, made):
        return words
    if not process.args:
        return "open executable: Invalid argument"
    return _complaint_about_program(process, rootfs)


def _complaint_about_cwd(cwd: str, rootfs: str, made: tuple[str, ...]) -> str:
    host = inside(rootfs, os.path.normpath(f"/{cwd}"))
    if os.path.isdir(host):
        return ""
    if not os.path.lexists(host):
        plain = os.path.normpath(cwd)
        if any(plain == folder or plain.startswith(f"{folder}/") for folder in made):
            return ""
        return f"chdir `{cwd}`: No such file or directory"
    return f"chdir `{cwd}`: Not a directory"


def _complaint_about_program(process: ProcessSpec, rootfs: str) -> str:
    name = process.args[0]
    code = failure_of_program(rootfs, name, process_spec.search_path(process))
    if not code:
        return ""
    if code == errno.ENOENT:
        return f"executable file `{name}` not found in $PATH: No such file or directory"
    # A directory, or no name at all, is none that it may execute.
    folder = os.path.isdir(inside(rootfs, name))
    return f"open executable: {os.strerror(errno.EPERM if folder else code)}"


def complaint_about_exec(call: Invocation, asked: ProcessSpec, record: Record) -> str:
    if words := unfit(asked, call.on("detach"), call.flags.get("console-socket", "")):
        return words
    return complaint_about(asked, record.rootfs, record.mounted)


def words_of(_creation: Creation, step: Step, failure: OSError) -> str:
    """A step that the host refused."""
    said = os.strerror(failure.errno or 0)
    if step.kind is StepKind.WRITE_PID_FILE:
        return f"opening file `{failure.filename}` for writing: {said}"
    return f"{step.name} `{failure.filename}`: {said}" if failure.errno else str(failure)


READING = Reading(CRUN, read, unfit, defect, words_of)
