"""What a container may be created with, in docker's words; shared by every command that creates one.

Each option says by itself how it changes the request: a flag overrides what a spec file says, an entry is
added to its list. It must never judge a value that conmand judges; it only reads what is written, and makes
paths absolute, since conmand's working directory is not the caller's.
"""

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click
from click.core import ParameterSource

from conman.ctl import create_words as words
from conman.ctl import mount_words, sizes

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from conman.wire.v1 import conman_pb2 as wire

_META = "conman.ctl.create_options"
NO_COMMAND = "what should it run? Give COMMAND"
_Command = TypeVar("_Command", bound=Callable[..., object])
#: How a value of the command line gets into the request; ValueError: it cannot be read.
_Change = Callable[["wire.CreateContainerRequest", Any], object]


@dataclass(frozen=True, slots=True)
class _Given:
    """One option on the command line."""

    flag: str
    change: _Change
    value: object


def create_options(command: _Command) -> _Command:
    """All options of a create, none of them an argument of the function: see `request_of`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def request_of(
    ctx: click.Context,
    name: str | None,
    command: Sequence[str],
    *,
    unnamed: str = "",
    lacking: str = NO_COMMAND,
) -> "wire.CreateContainerRequest":
    """The request that the command line asks for, without a request_id. Raises click's UsageError.

    `unnamed`: what it is called where nothing else names it; `lacking`: what is said where there is no command.
    """
    given: list[_Given] = ctx.meta.get(_META, [])
    specs = [str(each.value) for each in given if each.flag == "--spec"]
    request = words.spec_of(specs)
    request.name = name or request.name or unnamed
    if command:
        request.command, request.args[:] = command[0], command[1:]
    # What a file says comes first, wherever it stands: -e overrides --env-file.
    for each in sorted(given, key=lambda each: not each.flag.endswith("-file")):
        _apply(each, request)
    if not request.name:
        raise click.UsageError("Missing argument 'NAME'")
    _check_root(ctx, request, [each.flag for each in given], unnamed)
    if not request.command:
        raise click.UsageError(lacking)
    return request


def _apply(given: _Given, request: "wire.CreateContainerRequest") -> None:
    try:
        given.change(request, given.value)
    except OSError as error:
        raise click.UsageError(f"{given.flag} {given.value}: {error.strerror}") from error
    except ValueError as error:
        raise click.UsageError(f"{given.flag} {error}") from error


def _check_root(
    ctx: click.Context, request: "wire.CreateContainerRequest", flags: Sequence[str], unnamed: str
) -> None:
    """Who is used to images has named one: what he typed is shown as it is to be."""
    if flags.count("--rootfs") + flags.count("--image") > 1:
        raise click.UsageError("give exactly one of --rootfs DIR and --image DIR")
    if request.rootfs_path:
        return
    name = [] if request.name == unnamed else ["--name", request.name]
    program = [request.command, *request.args] if request.command else ["COMMAND"]
    typed = shlex.join([ctx.info_name or "", "--rootfs", "DIR", *name, "--", *program])
    raise click.UsageError(
        f"there are no images yet; give exactly one of --rootfs DIR and --image DIR: `{typed}`"
    )


# ---- how options get into a request --------------------------------------------------------------


def _set(
    field: str, read: Callable[[str], object], request: "wire.CreateContainerRequest", text: str
) -> None:
    setattr(request, field, read(text))


def _flag(field: str, request: "wire.CreateContainerRequest", given: bool) -> None:  # noqa: FBT001
    setattr(request, field, given)


def _limit(
    field: str, read: Callable[[str], object], request: "wire.CreateContainerRequest", text: str
) -> None:
    setattr(request.resources, field, read(text))


def _add(
    field: str, read: Callable[[str], object], request: "wire.CreateContainerRequest", text: str
) -> None:
    getattr(request, field).append(read(text))


def _put(field: str, request: "wire.CreateContainerRequest", text: str) -> None:
    key, value = words.pair(text)
    getattr(request, field)[key] = value


def _option(*flags: str, change: _Change, text: str, **more: Any) -> Callable[[_Command], _Command]:  # noqa: ANN401 - click's own
    def remember(ctx: click.Context, param: click.Parameter, value: object) -> None:
        is_said = ctx.get_parameter_source(param.name or "") is ParameterSource.COMMANDLINE
        one = () if value is None or not is_said else (value,)
        values = cast("tuple[object, ...]", value) if isinstance(value, tuple) else one
        given: list[_Given] = ctx.meta.setdefault(_META, [])
        given += [_Given(flags[0], change, each) for each in values]

    return click.option(*flags, expose_value=False, callback=remember, help=text, **more)


def _files(kind: str) -> Callable[[click.Context, click.Parameter, str], "list[CompletionItem]"]:
    """A shell completes these by itself; `kind` as it calls them: file, dir."""

    def complete(
        _ctx: click.Context, _param: click.Parameter, incomplete: str
    ) -> "list[CompletionItem]":
        from click.shell_completion import CompletionItem

        return [CompletionItem(incomplete, type=kind)]

    return complete


def _text(*flags: str, field: str, metavar: str, text: str) -> Callable[[_Command], _Command]:
    return _option(*flags, change=partial(_set, field, str), metavar=metavar, text=text)


def _many(
    *flags: str, field: str, metavar: str, text: str, read: Callable[[str], object] = str
) -> Callable[[_Command], _Command]:
    change = partial(_add, field, read)
    return _option(*flags, change=change, metavar=metavar, multiple=True, text=text)


def _resource(
    *flags: str, field: str, metavar: str, text: str, read: Callable[[str], object] = sizes.integer
) -> Callable[[_Command], _Command]:
    return _option(*flags, change=partial(_limit, field, read), metavar=metavar, text=text)


def _pairs(*flags: str, field: str, text: str) -> Callable[[_Command], _Command]:
    return _option(
        *flags, change=partial(_put, field), metavar="KEY=VALUE", multiple=True, text=text
    )


def _nothing(_request: "wire.CreateContainerRequest", _value: object) -> None:
    """The spec is what all others change."""


_OPTIONS = (
    _option(
        "--spec",
        change=_nothing,
        metavar="FILE",
        shell_complete=_files("file"),
        text="A CreateContainerRequest as JSON or TOML (.toml), - for stdin; options override.",
    ),
    _option(
        "--rootfs",
        change=partial(_set, "rootfs_path", words.directory),
        metavar="DIR",
        shell_complete=_files("dir"),
        text="A directory: the container's root file system.",
    ),
    _option(
        "--image",
        change=partial(_set, "rootfs_path", words.directory),
        metavar="DIR",
        shell_complete=_files("dir"),
        text="The same, until there are images.",
    ),
    _option(
        "--read-only",
        "--rootfs-readonly",
        change=partial(_flag, "rootfs_readonly"),
        is_flag=True,
        text="The program cannot write to its root.",
    ),
    _option(
        "--interactive",
        "-i",
        change=partial(_flag, "stdin"),
        is_flag=True,
        text="Its input can be typed to; else it is empty.",
    ),
    _option(
        "--tty",
        "-t",
        change=partial(_flag, "tty"),
        is_flag=True,
        text="Its streams are a terminal.",
    ),
    _option(
        "--stdin-once",
        change=partial(_flag, "stdin_once"),
        is_flag=True,
        text="The end of the first session's input is the end of its input.",
    ),
    _option(
        "--env-file",
        change=words.env_file,
        metavar="FILE",
        shell_complete=_files("file"),
        multiple=True,
        text="Lines of KEY=VALUE; KEY alone: as it is here. -e overrides.",
    ),
    _option(
        "--env",
        "-e",
        change=words.env,
        metavar="KEY[=VALUE]",
        multiple=True,
        text="Environment; KEY alone: as it is here.",
    ),
    _text("--workdir", "--cwd", "-w", field="cwd", metavar="DIR", text="Working directory [/]."),
    _text(
        "--user",
        "-u",
        field="user",
        metavar="USER[:GROUP]",
        text="Names in the root's /etc/passwd, or numbers [0:0].",
    ),
    _many("--group-add", field="groups", metavar="GROUP", text="One more group of the program."),
    _text("--hostname", "-h", field="hostname", metavar="NAME", text="[from the id]"),
    _many(
        "--volume",
        "-v",
        field="mounts",
        metavar="SRC:DST[:ro]",
        text="Show a file or directory of the host.",
        read=mount_words.volume,
    ),
    _many(
        "--mount",
        field="mounts",
        metavar="type=bind|tmpfs,...",
        text="source=, target=, readonly, bind-propagation=, tmpfs-size=, tmpfs-mode=.",
        read=mount_words.mount,
    ),
    _many(
        "--tmpfs",
        field="mounts",
        metavar="DST[:size=64m,...]",
        text="A new file system in memory.",
        read=mount_words.tmpfs,
    ),
    _many(
        "--device",
        field="devices",
        metavar="HOST[:DST][:rwm]",
        text="A device of the host, or a directory of them.",
        read=mount_words.device,
    ),
    _many("--cap-add", field="cap_add", metavar="CAP", text="As in NET_ADMIN, or ALL."),
    _many("--cap-drop", field="cap_drop", metavar="CAP", text="As in NET_RAW, or ALL."),
    _option(
        "--privileged",
        change=partial(_flag, "privileged"),
        is_flag=True,
        text="All capabilities and devices, nothing of /proc and /sys masked.",
    ),
    _resource(
        "--memory", "-m", field="memory_bytes", metavar="SIZE", text="As in 64m.", read=sizes.size
    ),
    _resource(
        "--memory-swap",
        field="memory_swap_bytes",
        metavar="SIZE",
        text="Memory and swap together; -1: any swap [as --memory].",
        read=sizes.size_or_unlimited,
    ),
    _resource(
        "--memory-reservation",
        field="memory_reservation_bytes",
        metavar="SIZE",
        text="What the kernel tries to come down to.",
        read=sizes.size,
    ),
    _resource(
        "--cpus", field="nano_cpus", metavar="N", text="Processors: 0.5, 2.", read=sizes.nano_cpus
    ),
    _resource("--cpu-shares", "-c", field="cpu_shares", metavar="N", text="Weight [1024]."),
    _resource("--cpu-period", field="cpu_period_us", metavar="US", text="Microseconds."),
    _resource("--cpu-quota", field="cpu_quota_us", metavar="US", text="Microseconds a period."),
    _resource(
        "--cpuset-cpus", field="cpuset_cpus", metavar="0-2,7", text="Which processors.", read=str
    ),
    _resource(
        "--cpuset-mems", field="cpuset_mems", metavar="0-1", text="Which memory nodes.", read=str
    ),
    _resource(
        "--pids-limit", field="pids_limit", metavar="N", text="Processes and threads; -1: any."
    ),
    _many(
        "--ulimit",
        field="ulimits",
        metavar="NAME=SOFT[:HARD]",
        text="As in nofile=1024:2048; -1 or unlimited.",
        read=words.ulimit,
    ),
    _pairs("--sysctl", field="sysctls", text="Of the container's own namespaces."),
    _option(
        "--label-file",
        change=words.label_file,
        metavar="FILE",
        shell_complete=_files("file"),
        multiple=True,
        text="Lines of KEY=VALUE.",
    ),
    _option(
        "--label",
        "-l",
        change=words.label,
        metavar="KEY[=VALUE]",
        multiple=True,
        text="Kept and shown.",
    ),
    _pairs("--annotation", field="annotations", text="Told to the runtime too."),
    _text("--stop-signal", field="stop_signal", metavar="NAME|NUMBER", text="[TERM]"),
    _option(
        "--stop-timeout",
        change=partial(_set, "stop_timeout_ms", sizes.seconds_ms),
        metavar="SECONDS",
        text="What stop waits before it kills [10].",
    ),
    _option(
        "--log-opt",
        change=words.log_option,
        metavar="KEY=VALUE",
        multiple=True,
        text="max-size=16m (-1: any), max-file=5.",
    ),
    _option(
        "--rm",
        change=partial(_flag, "auto_remove"),
        is_flag=True,
        text="Remove it when its program has ended; conmand does, whoever has died.",
    ),
    _option(
        "--restart",
        change=words.restart,
        metavar="POLICY",
        text="no, on-failure[:N], always or unless-stopped [no].",
    ),
    _text("--runtime", field="runtime", metavar="NAME|PATH", text="[conmand's]"),
    _option(
        "--runtime-spec-patch",
        change=partial(_set, "runtime_spec_patch", words.patch),
        metavar="FILE|JSON",
        text="A JSON merge patch of config.json, for what has no option.",
    ),
)
