"""What conmand can be told, in one table: names, kinds, allowed words. Flags, environment, file share it.

    --data-dir PATH    CONMAN_DATA_DIR=PATH    data-dir = "PATH"

A setting must never be known to one of the three only, nor a value be taken that is not of its kind.
"""

from collections.abc import Mapping, Sequence
from typing import NoReturn

from conman.errors import Code, ConfigError, Refusal
from conman.frozen import frozen


@frozen
class Known:
    """One setting; `words` are all that it may be, where that is limited; `default`: in words.

    `seconds`: it is a time; the file may say it as a number.
    """

    name: str
    metavar: str
    text: str
    default: str
    words: tuple[str, ...] = ()
    seconds: bool = False

    @property
    def variable(self) -> str:
        return f"CONMAN_{self.name.replace('-', '_').upper()}"


SETTINGS = (
    Known(
        "data-dir",
        "DIR",
        "What outlives a reboot: the store, containers, their logs.",
        "/var/lib/conman; without root $XDG_DATA_HOME/conman, else ~/.local/share/conman",
    ),
    Known(
        "run-dir",
        "DIR",
        "What does not: locks, sockets, the runtime's state.",
        "/run/conman; without root $XDG_RUNTIME_DIR/conman",
    ),
    Known(
        "address",
        "ADDRESS",
        "The socket to serve on: a path or unix:PATH.",
        "conmand.sock in the run directory",
    ),
    Known(
        "runtime",
        "runc|crun|fakerunc|PATH",
        "The runtime of containers that name none.",
        "runc; without root fakerunc",
    ),
    Known(
        "runtime-timeout",
        "SECONDS",
        "How long one call of a runtime may take before it is killed.",
        "60",
        seconds=True,
    ),
    Known(
        "rootfs-mode",
        "auto|overlay|copy",
        "How a container gets its root file system; auto tries an overlay once.",
        "auto",
        ("auto", "overlay", "copy"),
    ),
    Known("log-level", "LEVEL", "How much to say.", "info", ("debug", "info", "warning", "error")),
    Known("log-format", "text|json", "How to say it, on stderr.", "text", ("text", "json")),
    Known(
        "metrics-address",
        "unix:PATH|127.0.0.1:PORT",
        "Serve Prometheus metrics there: on a unix socket, or on a loopback address.",
        "none: there are no metrics",
    ),
    Known("record", "FILE", "Append the machine's inputs and outputs to FILE.", "none"),
)
_BY_NAME = {known.name: known for known in SETTINGS}

#: Variables of conman's that are no settings of conmand's.
_OTHER_VARIABLES = (
    "CONMAN_BOOT_ID_FILE",
    "CONMAN_CONFIG",
    "CONMAN_CRASH_AT",
    "CONMAN_CRASH_DISARM",
    "CONMAN_SHIM_CRASH_AT",
)


def bad(what: str, hint: str, field: str) -> NoReturn:
    raise ConfigError(Refusal(Code.INVALID_ARGUMENT, "BadConfig", what, hint, field))


def from_flags(flags: Mapping[str, str | None]) -> dict[str, str]:
    """`flags` by click's names; None is a flag that was not given."""
    given = {name.replace("_", "-"): value for name, value in flags.items() if value is not None}
    return {name: _checked(f"--{name}", _BY_NAME[name], value) for name, value in given.items()}


def from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """An empty variable is one that is not set."""
    return {
        known.name: _checked(known.variable, known, environ[known.variable])
        for known in SETTINGS
        if environ.get(known.variable)
    }


def strange_variables(environ: Mapping[str, str]) -> list[str]:
    """A sentence for each CONMAN_ variable that means nothing to anybody."""
    known = [*(setting.variable for setting in SETTINGS), *_OTHER_VARIABLES]
    strange = sorted(key for key in environ if key.startswith("CONMAN_") and key not in known)
    return [
        f"the environment's {key} means nothing to conmand{_nearest(key, known)}" for key in strange
    ]


def from_file(path: str, text: str) -> dict[str, str]:
    """The settings of a TOML file. Raises ConfigError, naming the file and the key."""
    import tomllib  # noqa: PLC0415 - few have a file

    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        bad(f"the configuration file {path} is not TOML: {error}", "mend it", "config")
    return {name: _from_file(path, name, value) for name, value in raw.items()}


def _from_file(path: str, name: str, value: object) -> str:
    known = _BY_NAME.get(name)
    if known is None:
        names = [*_BY_NAME]
        what = f"the configuration file {path} has an unknown key {name!r}{_nearest(name, names)}"
        bad(what, f"the keys are {', '.join(names)}", name)
    if known.seconds and isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        what = f"the configuration file {path} has {name} = {value!r}, a {_kind(value)}"
        bad(what, "it must be a string", name)
    return _checked(f"{path}: {name}", known, value)


def _checked(where: str, known: Known, value: str) -> str:
    if not value or "\0" in value:
        bad(f"{where} is empty or holds a NUL", f"give {known.metavar}", known.name)
    if known.words and value not in known.words:
        what = f"{where} is {value!r}{_nearest(value, known.words)}"
        bad(what, f"it must be one of {', '.join(known.words)}", known.name)
    if known.seconds:
        _ = milliseconds(where, known.name, value)
    return value


def milliseconds(where: str, field: str, value: str) -> int:
    """Of a number of seconds: a tenth of one to an hour."""
    try:
        found = int(float(value) * 1000)
    except (ValueError, OverflowError):  # no number; infinite
        found = 0
    if not 100 <= found <= 3_600_000:
        bad(f"{where} is {value!r}", "it must be a number of seconds from 0.1 to 3600", field)
    return found


def _nearest(word: str, known: Sequence[str]) -> str:
    import difflib  # noqa: PLC0415 - for those who mistype

    nearest = difflib.get_close_matches(word, known, n=1, cutoff=0.0)
    return f" (did you mean {nearest[0]}?)" if nearest else ""


def _kind(value: object) -> str:
    """TOML's word for it."""
    name = type(value).__name__
    return {"bool": "boolean", "int": "number", "float": "number", "dict": "table"}.get(name, name)
