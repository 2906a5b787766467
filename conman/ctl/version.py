"""`conmanctl version`: who answers, and who asks.

It must never fail because this program is not installed as a package.
"""

import click

from conman.ctl.output import print_answer
from conman.ctl.settings import client_of, common_options


@click.command(epilog="Example: conmanctl version")
@common_options
@click.pass_context
def version(ctx: click.Context) -> None:
    """Which conmand answers, as JSON. (conmanctl's own: conmanctl --version)"""
    from conman.wire.v1 import conman_pb2 as wire

    client = client_of(ctx)
    print_answer(client.call("Version", wire.VersionRequest(), wire.VersionResponse))


def own_version() -> str:
    """This program's version, "unknown" when it runs from a bare directory."""
    from importlib import metadata

    try:
        return metadata.version("conman")
    except metadata.PackageNotFoundError:
        return "unknown"
