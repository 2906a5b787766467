"""Reads a bundle as runc's create does, and tells in runc's words what is wrong with it.

It must never change anything, neither in the bundle nor elsewhere.
"""

import json
import os
from dataclasses import dataclass
from typing import cast

from fakerunc.log import go_error
from fakerunc.model import Defect, Stage
from fakerunc.rootfs import complaint_about_program

_Object = dict[str, object]


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a stand-in needs of config.json; `cgroup` is a relative path, empty where none is asked."""

    path: str
    rootfs: str
    args: tuple[str, ...]
    env: tuple[str, ...]
    annotations: tuple[tuple[str, str], ...]
    cgroup: str
    shared_pids: bool
    shared_hostname: bool
    hostname: str
    terminal: bool
    hooks: bool


class Unreadable(Exception):
    """A bundle that runc gives up on before it looks at the id; str() is its complaint."""


def read(directory: str) -> Bundle:
    """The bundle in `directory`, which becomes the working directory, as for runc."""
    try:
        os.chdir(directory)
    except OSError as failure:
        raise Unreadable(go_error("chdir", directory, failure)) from failure
    config = _config()
    process = _object(config, "process")
    if process is None:
        raise Unreadable("process property must not be empty")
    _check_cwd(_text(process, "cwd"))
    if not _texts(process, "args"):
        raise Unreadable("args must not be empty")
    root = _object(config, "root")
    if root is None:
        raise Unreadable("root must be specified")
    return _bundle(os.getcwd(), config, process, _text(root, "path"))


def _bundle(path: str, config: _Object, process: _Object, root: str) -> Bundle:
    linux = _object(config, "linux") or {}
    own = _own_namespaces(linux)
    annotations = _object(config, "annotations") or {}
    return Bundle(
        path=path,
        rootfs=os.path.normpath(os.path.join(path, root)),
        args=_texts(process, "args"),
        env=_texts(process, "env"),
        annotations=tuple(sorted((key, str(text)) for key, text in annotations.items())),
        cgroup=os.path.normpath("/" + _text(linux, "cgroupsPath")).strip("/"),
        shared_pids="pid" not in own,
        shared_hostname="uts" not in own,
        hostname=_text(config, "hostname"),
        terminal=bool(process.get("terminal")),
        hooks=any((_object(config, "hooks") or {}).values()),
    )


def defect(bundle: Bundle) -> Defect | None:
    """The first thing that a readable bundle fails by, in the order in which runc finds out."""
    if words := _complaint_about_rootfs(bundle.rootfs):
        return Defect(Stage.CONFIG, words)
    if bundle.hostname and bundle.shared_hostname:
        return Defect(Stage.CONFIG, "unable to set hostname without a private UTS namespace")
    if bundle.terminal:
        words = "cannot allocate tty if runc will detach without setting console socket"
        return Defect(Stage.SPAWN, words)
    unable = "unable to start container process: "
    if not os.path.isdir(bundle.rootfs):
        words = "unable to start init: fork/exec /proc/self/exe: not a directory"
        return Defect(Stage.SPAWN, unable + words)
    words = _complaint_about_env(bundle.env) or _complaint_about_program(bundle)
    return Defect(Stage.INIT, unable + words) if words else None


def _complaint_about_rootfs(rootfs: str) -> str:
    try:
        os.stat(rootfs)
    except OSError as failure:
        return "invalid rootfs: " + go_error("stat", rootfs, failure)
    if os.path.realpath(rootfs) != rootfs:
        return "invalid rootfs: not an absolute path, or a symlink"
    return ""


def _complaint_about_env(env: tuple[str, ...]) -> str:
    for entry in env:
        name, equals, _ = entry.partition("=")
        if not equals:
            return f'error during container init: invalid environment variable: "{entry}"'
        if not name:
            words = "error during container init: environment variable name can't be empty"
            return f'{words}: "{entry}"'
    return ""


def _complaint_about_program(bundle: Bundle) -> str:
    paths = [entry.removeprefix("PATH=") for entry in bundle.env if entry.startswith("PATH=")]
    return complaint_about_program(bundle.rootfs, bundle.args[0], paths[-1] if paths else "")


def _check_cwd(cwd: str) -> None:
    if not cwd:
        raise Unreadable("Cwd property must not be empty")
    if not cwd.startswith("/"):
        raise Unreadable("Cwd must be an absolute path")


def _config() -> _Object:
    try:
        with open("config.json", encoding="utf-8", errors="surrogateescape") as file:
            text = file.read()
    except FileNotFoundError as missing:
        raise Unreadable("JSON specification file config.json not found") from missing
    except OSError as failure:
        raise Unreadable(go_error("read", "config.json", failure)) from failure
    if not text.strip():
        raise Unreadable("EOF")
    try:
        # Go decodes one value and leaves alone what follows.
        value: object = json.JSONDecoder().raw_decode(text.lstrip())[0]
    except json.JSONDecodeError as problem:
        raise Unreadable(_go_syntax_error(problem)) from problem
    if not isinstance(value, dict):
        raise Unreadable(f"json: cannot unmarshal {_kind(value)} into Go value of type specs.Spec")
    return cast("_Object", value)


def _go_syntax_error(problem: json.JSONDecodeError) -> str:
    """The words that Go would have; of rarer mistakes the character only."""
    inside_string = problem.msg == "Invalid control character at"
    if problem.msg.startswith("Unterminated") or not (
        inside_string or problem.doc[problem.pos :].strip()
    ):
        return "unexpected EOF"
    context = {
        "Expecting value": "looking for beginning of value",
        "Expecting property name enclosed in double quotes": (
            "looking for beginning of object key string"
        ),
        "Expecting ':' delimiter": "after object key",
        "Expecting ',' delimiter": "after object key:value pair",
        "Invalid control character at": "in string literal",
    }.get(problem.msg, "in JSON")
    return f"invalid character {problem.doc[problem.pos]!r} {context}"


def _kind(value: object) -> str:
    kinds: dict[type, str] = {list: "array", dict: "object", str: "string", bool: "bool"}
    return kinds.get(type(value), "number")


def _wrong(value: object, key: str, wanted: str) -> Unreadable:
    return Unreadable(f"json: cannot unmarshal {_kind(value)} into {key} of type {wanted}")


def _object(parent: _Object, key: str) -> _Object | None:
    value = parent.get(key)
    if value is None or isinstance(value, dict):
        return cast("_Object | None", value)
    raise _wrong(value, key, "object")


def _text(parent: _Object, key: str) -> str:
    value = parent.get(key)
    if value is None or isinstance(value, str):
        return value or ""
    raise _wrong(value, key, "string")


def _texts(parent: _Object, key: str) -> tuple[str, ...]:
    value = parent.get(key)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise _wrong(value, key, "[]string")
    texts = cast("list[object]", value)
    for text in texts:
        if not isinstance(text, str):
            raise _wrong(text, key, "string")
    return tuple(str(text) for text in texts)


def _own_namespaces(linux: _Object) -> frozenset[str]:
    """The kinds that the container has for itself: listed, and without a path to join."""
    listed = cast("list[_Object]", linux.get("namespaces") or [])
    return frozenset(str(n.get("type")) for n in listed if not n.get("path"))
