"""`conmanctl info`: the host, its runtimes, its containers in numbers."""

from typing import TYPE_CHECKING

import click

from conman.ctl.lazy import Verb
from conman.ctl.output import aligned, complain, say
from conman.ctl.settings import client_of, common_options
from conman.ctl.times import shown

if TYPE_CHECKING:
    from conman.wire.v1 import conman_pb2 as wire

_GIB = 2**30


@click.command(cls=Verb, example="-o json | jq .running")
@common_options
@click.pass_context
def info(ctx: click.Context) -> None:
    """What conmand says of itself and its host."""
    from conman.wire.v1 import conman_pb2 as wire

    answer = client_of(ctx).call("Info", wire.InfoRequest(), wire.InfoResponse)
    say(ctx, answer, lambda: _words(answer))


def _words(told: "wire.InfoResponse") -> str:
    for warning in told.warnings:
        complain(f"warning: {warning}")
    containers = told.created + told.running + told.paused + told.exited + told.unknown
    states = ("created", "running", "paused", "exited", "unknown")
    pairs = [("Containers", str(containers))]
    pairs += [(f" {state.capitalize()}", str(getattr(told, state))) for state in states]
    pairs += [
        ("Server Version", told.version.version),
        ("Instance", told.version.instance),
        ("Started", shown(told.started_at)),
        ("Default Runtime", told.version.runtime),
        ("Runtimes", ", ".join(_runtime(each) for each in told.runtimes)),
        ("Root File Systems", told.rootfs_mode),
        ("Cgroup Version", told.cgroup_version),
        ("Kernel Version", told.kernel),
        ("Operating System", told.operating_system),
        ("Architecture", told.architecture),
        ("CPUs", str(told.cpus)),
        ("Total Memory", f"{told.memory_bytes / _GIB:.2f}GiB"),
        ("Data Directory", told.data_dir),
        ("Run Directory", told.run_dir),
        ("Newest Event", str(told.last_event)),
    ]
    return aligned(pairs)


def _runtime(one: "wire.RuntimeInfo") -> str:
    return f"{one.name} ({one.path or 'not installed'})"
