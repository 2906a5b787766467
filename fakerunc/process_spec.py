"""The process of a container or of an exec, as the OCI runtime specification has it (config.md, Process).

It must never execute what it names, nor look outside the rootfs for it.
"""

from dataclasses import dataclass

from fakerunc import rootfs
from fakerunc.decoding import (
    Object,
    Unreadable,
    flag_at,
    number_at,
    numbers_at,
    object_at,
    objects_at,
    text_at,
    texts_at,
)


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """What a stand-in needs of it; `env` holds entries as they were written."""

    args: tuple[str, ...]
    env: tuple[str, ...]
    cwd: str
    terminal: bool = False
    user: str = ""  # uid[:gid]
    groups: tuple[int, ...] = ()  # more of them
    size: tuple[int, int] | None = None  # of its terminal: rows, columns
    rlimits: tuple[str, ...] = ()  # their names

    @property
    def uid(self) -> int:
        return int(self.user.partition(":")[0] or 0)

    def told(self, root: str) -> dict[str, str]:
        """What looking.py knows of it."""
        ids = (str(self.uid), self.user.partition(":")[2] or "0", *map(str, self.groups))
        return {rootfs.PATH: root, rootfs.CWD: self.cwd, rootfs.USER: " ".join(ids)}


def within(config: Object) -> ProcessSpec | None:
    found = object_at(config, "process")
    return None if found is None else of(found)


def of(process: Object) -> ProcessSpec:
    user = object_at(process, "user") or {}
    size = object_at(process, "consoleSize")
    return ProcessSpec(
        args=texts_at(process, "args"),
        env=texts_at(process, "env"),
        cwd=text_at(process, "cwd"),
        terminal=flag_at(process, "terminal"),
        size=(number_at(size, "height"), number_at(size, "width")) if size else None,
        user=f"{number_at(user, 'uid', 'uint32')}:{number_at(user, 'gid', 'uint32')}",
        groups=numbers_at(user, "additionalGids"),
        rlimits=tuple(text_at(one, "type") for one in objects_at(process, "rlimits")),
    )


def checked(process: ProcessSpec | None) -> ProcessSpec:
    """The same; what runc asks of every process before it does anything raises Unreadable."""
    if process is None:
        raise Unreadable("process property must not be empty")
    if not process.cwd:
        raise Unreadable("Cwd property must not be empty")
    if not process.cwd.startswith("/"):
        raise Unreadable("Cwd must be an absolute path")
    if not process.args:
        raise Unreadable("args must not be empty")
    return process


def complaint_about_terminal(process: ProcessSpec, *, detach: bool, socket_path: str) -> str:
    """What runc finds senseless between a process and a command line, or nothing."""
    if detach and process.terminal and not socket_path:
        return "cannot allocate tty if runc will detach without setting console socket"
    if socket_path and not (detach and process.terminal):
        return "cannot use console socket if runc will not detach or allocate tty"
    return ""


_RLIMITS = frozenset(
    f"RLIMIT_{name}"
    for name in (
        "AS", "CORE", "CPU", "DATA", "FSIZE", "LOCKS", "MEMLOCK", "MSGQUEUE", "NICE", "NOFILE",
        "NPROC", "RSS", "RTPRIO", "RTTIME", "SIGPENDING", "STACK",
    )
)  # fmt: skip


def unknown_rlimit(process: ProcessSpec) -> str | None:
    """The name of the first that there is none of, perhaps empty; they limit nothing here."""
    return next((name for name in process.rlimits if name not in _RLIMITS), None)


def complaint_about_rlimits(process: ProcessSpec) -> str:
    unknown = unknown_rlimit(process)
    return "" if unknown is None else f"wrong rlimit value: {unknown}"


def complaint_about_program(process: ProcessSpec, root: str) -> str:
    """What is wrong with args[0], in Go's words, or nothing."""
    return rootfs.complaint_about_program(root, process.args[0], search_path(process))


def search_path(process: ProcessSpec) -> str:
    """The last PATH of its environment."""
    paths = [entry.removeprefix("PATH=") for entry in process.env if entry.startswith("PATH=")]
    return paths[-1] if paths else ""


def complaint_about_env(env: tuple[str, ...]) -> str:
    for entry in env:
        name, equals, _ = entry.partition("=")
        if not equals:
            return f'invalid environment variable: "{entry}"'
        if not name:
            return f'environment variable name can\'t be empty: "{entry}"'
        if "\0" in entry:
            part = "name" if "\0" in name else "value"
            shown = f'{part} can\'t contain null(\0): "{entry}"'.replace("\0", r"\x00")
            return f"environment variable {shown}"
    return ""


def variables(env: tuple[str, ...]) -> dict[str, str]:
    """Of two entries of one name the last counts, as for Go's Setenv."""
    entries = (entry.partition("=") for entry in env)
    # Even a process that is to fail by a nameless one has to come up first.
    return {name: value for name, _, value in entries if name}
