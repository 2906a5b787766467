"""conmand's configuration, made of flags, environment, file and defaults, in that order of strength.

Pure but for the look for a runtime beside the interpreter. It must never make a directory, and never
leave a setting undecided: what cannot be decided is a ConfigError with one clear sentence.
"""

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from conman.daemon.endpoint import parse_endpoint
from conman.daemon.settings import (
    SETTINGS,
    bad,
    from_environment,
    from_file,
    from_flags,
    milliseconds,
    strange_variables,
)

#: What runs without root, and never runs a program of the user's.
EMBEDDED = "fakerunc"

#: Conmand's exit code for a bug of its own (EX_SOFTWARE); 1 is what a person can mend.
BROKEN = 70

# sockaddr_un.sun_path holds 108 bytes, the last one is NUL.
_PATH_BYTES = 107
_SOCKET = "conmand.sock"


@dataclass(frozen=True, slots=True)
class Config:
    """All decided. `runtime_shown` is the name of `runtime`, which may be its path.

    `sources`: where each setting that is no default comes from, in words.
    """

    data_dir: str
    run_dir: str
    socket: str
    runtime: str
    runtime_shown: str
    runtime_timeout_ms: int
    rootfs_mode: str
    log_level: str
    log_format: str
    metrics_address: str
    record: str
    is_root: bool
    notes: tuple[str, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict[str, str], compare=False)

    @property
    def target(self) -> str:
        """What a gRPC client dials."""
        return f"unix://{quote(self.socket, safe='/-_.~+=@,')}"


def configure(
    flags: Mapping[str, str | None], config: str | None, environ: Mapping[str, str], uid: int
) -> Config:
    """Raises ConfigError. `config` is the file named by --config."""
    file = config or environ.get("CONMAN_CONFIG", "")
    layers = (_of_file(file), from_environment(environ), from_flags(flags))
    given = {name: value for layer in layers for name, value in layer.items()}
    run_dir = given["run-dir"] if "run-dir" in given else _default_run_dir(environ, uid)
    data_dir = given["data-dir"] if "data-dir" in given else _default_data_dir(environ, uid)
    shown = given.get("runtime", "runc" if uid == 0 else EMBEDDED)
    runtime, notes = _runtime(shown, environ.get("PATH", os.defpath))
    if uid != 0 and "runtime" not in given:
        notes = (f"not root: containers run on {EMBEDDED}, which acts them out", *notes)
    return Config(
        data_dir=os.path.abspath(data_dir),
        run_dir=os.path.abspath(run_dir),
        socket=_socket(given.get("address", f"{os.path.abspath(run_dir)}/{_SOCKET}")),
        runtime=runtime,
        runtime_shown=shown,
        runtime_timeout_ms=milliseconds("", "runtime-timeout", given.get("runtime-timeout", "60")),
        rootfs_mode=given.get("rootfs-mode", "auto"),
        log_level=given.get("log-level", "info"),
        log_format=given.get("log-format", "text"),
        metrics_address=_endpoint(given.get("metrics-address", "")),
        record=os.path.abspath(given["record"]) if "record" in given else "",
        is_root=uid == 0,
        notes=(*notes, *strange_variables(environ)),
        sources=_sources(file, *layers),
    )


def _sources(
    path: str,
    file: Mapping[str, str],
    environment: Mapping[str, str],
    flags: Mapping[str, str],
) -> dict[str, str]:
    variables = {known.name: known.variable for known in SETTINGS}
    return {
        **dict.fromkeys(file, f"file {path}"),
        **{name: f"environment {variables[name]}" for name in environment},
        **{name: f"flag --{name}" for name in flags},
    }


def _endpoint(address: str) -> str:
    return str(parse_endpoint(address)) if address else ""


def _of_file(path: str) -> dict[str, str]:
    if not path:
        return {}
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        bad(f"the configuration file {path} cannot be read: {why}", "name another", "config")
    return from_file(path, text)


def _default_data_dir(environ: Mapping[str, str], uid: int) -> str:
    if uid == 0:
        return "/var/lib/conman"
    home = environ.get("HOME", "")
    base = environ.get("XDG_DATA_HOME") or (home and f"{home}/.local/share")
    if not base:
        bad("neither XDG_DATA_HOME nor HOME is set", "set one, or give --data-dir", "data-dir")
    return f"{base}/conman"


def _default_run_dir(environ: Mapping[str, str], uid: int) -> str:
    if uid == 0:
        return "/run/conman"
    base = environ.get("XDG_RUNTIME_DIR")
    if not base:
        bad(
            "XDG_RUNTIME_DIR is not set, and without root conmand keeps its sockets and locks there",
            "set it (a login session does), or give --run-dir",
            "run-dir",
        )
    return f"{base}/conman"


def _runtime(name: str, path: str) -> tuple[str, tuple[str, ...]]:
    """What is executed for a name, and what there is to say about it.

    A name is looked up each time it is used, so that a runtime may be installed later; but conman's
    own need not be on PATH.
    """
    beside = os.path.join(os.path.dirname(sys.executable), EMBEDDED)
    if name == EMBEDDED and os.access(beside, os.X_OK):
        return beside, ()
    if "/" in name:
        name = os.path.abspath(name)
    if shutil.which(name, path=path) is None:
        return name, (f"the runtime {name} is not there: no container can be created before it is",)
    return name, ()


def _socket(address: str) -> str:
    path = _unescaped(address)
    if not path or path.endswith("/"):
        bad(f"the address {address!r} names no socket", "give a path, or unix:PATH", "address")
    path = os.path.abspath(path)
    length = len(os.fsencode(path))
    if length > _PATH_BYTES:
        bad(
            f"the socket path {path} has {length} bytes, and no unix socket's path may have more "
            f"than {_PATH_BYTES}",
            "give a shorter --run-dir or --address",
            "address",
        )
    return path


def _unescaped(address: str) -> str:
    """The path of a target or of a bare path."""
    if address.startswith("unix:"):
        return unquote(address.removeprefix("unix:").removeprefix("//"))
    if ":" in address and "/" not in address.partition(":")[0]:
        what = f"the address {address!r} is no unix socket, and conmand serves on nothing else"
        bad(what, "give a path, or unix:PATH", "address")
    return address
