"""`conmanctl container create`: many options, one request.

It exists apart from the other commands because what it takes will grow. It must never
judge a value that conmand judges; it only makes paths absolute, since conmand's working
directory is not the caller's, and splits KEY=VALUE where the wire wants a map.
"""

import os
from collections.abc import Sequence

import click

from conman.ctl.output import print_answer
from conman.ctl.patience import new_request_id
from conman.ctl.settings import client_of, common_options


@click.command(
    context_settings={"allow_interspersed_args": False},
    epilog="Example: conmanctl container create --rootfs ./rootfs -e A=1 web -- sleep 100",
)
@click.option("--rootfs", metavar="DIR", help="A directory: the container's root file system.")
@click.option("--image", metavar="DIR", help="The same, until there are images.")
@click.option("--rootfs-readonly", is_flag=True, help="The program cannot write to its root.")
@click.option("--env", "-e", metavar="KEY=VALUE", multiple=True, help="Environment; repeatable.")
@click.option("--cwd", "-w", metavar="DIR", default="", help="Working directory [default: /].")
@click.option("--user", "-u", metavar="UID[:GID]", default="", help="Run as [default: 0:0].")
@click.option("--hostname", default="", help="Host name [default: from the id].")
@click.option("--label", "-l", metavar="KEY=VALUE", multiple=True, help="Kept; repeatable.")
@click.option("--annotation", metavar="KEY=VALUE", multiple=True, help="For the runtime too.")
@click.option("--stop-signal", metavar="NAME|NUMBER", default="", help="[default: TERM]")
@click.option("--runtime", default="", help="runc, crun, fakerunc or a path [default: conmand's].")
@click.argument("name")
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="[--] COMMAND [ARG]...")
@common_options
@click.pass_context
def create(
    ctx: click.Context,
    *,
    rootfs: str | None,
    image: str | None,
    rootfs_readonly: bool,
    env: tuple[str, ...],
    cwd: str,
    user: str,
    hostname: str,
    label: tuple[str, ...],
    annotation: tuple[str, ...],
    stop_signal: str,
    runtime: str,
    name: str,
    command: tuple[str, ...],
) -> None:
    """Prepare a container from a directory; it does not run yet.

    Options stand before NAME, all after COMMAND is the program's.
    """
    from conman.wire.v1 import conman_pb2 as wire

    program, *args = _program(command)
    request = wire.CreateContainerRequest(
        request_id=new_request_id(),
        name=name,
        command=program,
        args=args,
        rootfs_path=_root(rootfs, image),
        rootfs_readonly=rootfs_readonly,
        env=env,
        cwd=cwd,
        user=user,
        hostname=hostname,
        labels=_pairs("--label", label),
        annotations=_pairs("--annotation", annotation),
        stop_signal=stop_signal,
        runtime=runtime,
    )
    client = client_of(ctx)
    answer = client.call("CreateContainer", request, wire.CreateContainerResponse)
    print_answer(answer)


def _program(command: Sequence[str]) -> Sequence[str]:
    words = command[1:] if command[:1] == ("--",) else command
    if not words:
        raise click.UsageError("what should it run? Give COMMAND after NAME")
    if words[0].startswith("-") and words is command:
        raise click.UsageError(f"{words[0]} stands after NAME: options go before it")
    return words


def _root(rootfs: str | None, image: str | None) -> str:
    if (rootfs is None) == (image is None):
        raise click.UsageError("give exactly one of --rootfs DIR and --image DIR")
    directory = rootfs if rootfs is not None else image
    if not directory:
        raise click.UsageError("the directory of the root file system is empty")
    return os.path.abspath(directory)


def _pairs(flag: str, texts: Sequence[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in texts:
        key, separator, value = text.partition("=")
        if not separator:
            raise click.UsageError(f"{flag} {text}: KEY=VALUE is needed")
        pairs[key] = value
    return pairs
