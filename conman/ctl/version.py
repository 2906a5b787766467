"""`conmanctl version`: who answers, and who asks."""

import click

from conman.ctl.lazy import Verb
from conman.ctl.output import aligned, say
from conman.ctl.settings import client_of, common_options
from conman.version import VERSION


@click.command(cls=Verb, example="-o json")
@common_options
@click.pass_context
def version(ctx: click.Context) -> None:
    """Which conmand answers, and which conmanctl asks. (The latter alone: conmanctl --version)"""
    from conman.wire.v1 import conman_pb2 as wire

    told = client_of(ctx).call("Version", wire.VersionRequest(), wire.VersionResponse)
    say(
        ctx,
        told,
        lambda: aligned(
            [
                ("conmanctl", VERSION),
                ("conmand", told.version),
                ("API", told.api_version),
                ("Instance", told.instance),
                ("Runtime", told.runtime),
            ]
        ),
    )
