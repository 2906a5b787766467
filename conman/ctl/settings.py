"""The options that every command has: where conmand is, and how long to try.

It exists so that they may stand before or after the command's name, as people type
them. It must never ask conmand anything.
"""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from conman.ctl.address import default_address, parse_address
from conman.ctl.patience import CONNECT_TIMEOUT_S, DEADLINE_S, Patience

if TYPE_CHECKING:
    from conman.ctl.address import Address
    from conman.ctl.client import Client

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

# A year; gRPC and the clock are sure to hold it.
LONGEST_S = 366 * 24 * 3600.0
_META = "conman.ctl.settings."


class Seconds(click.ParamType[float]):
    """A length of time in seconds, finite and not negative."""

    name = "seconds"

    def convert(
        self, value: str | float, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Raises click's usage error that says what is wrong."""
        try:
            seconds = float(value)
        except ValueError:
            self.fail(f"{value!r} is no number of seconds", param, ctx)
        if not 0 <= seconds <= LONGEST_S:
            self.fail(f"{value} is not between 0 and {LONGEST_S:.0f} seconds", param, ctx)
        return seconds


def root_options(function: Decorated) -> Decorated:
    """The options before the command's name; the address may come from CONMAN_ADDRESS."""
    return _options(function, envvar="CONMAN_ADDRESS")


def common_options(function: Decorated) -> Decorated:
    """The same after the command's name, where they win; and how the answer is to look."""
    return _options(_output(function), envvar=None)


def _output(function: Decorated) -> Decorated:
    return click.option(
        "--output",
        "-o",
        type=click.Choice(["json", "table"]),
        expose_value=False,
        callback=_remember,
        help="For scripts or for people [container: json, else table].",
    )(function)


def _options(function: Decorated, *, envvar: str | None) -> Decorated:
    for flag, metavar, text in (
        (
            "--deadline",
            None,
            f"Give up the call then [default: {DEADLINE_S:g}; wait, and stop without a time: never].",
        ),
        ("--connect-timeout", None, "Try so long to reach conmand [default: 10, wait: for ever]."),
        ("--address", "ADDRESS", "conmand's socket: a path or gRPC target [CONMAN_ADDRESS]."),
    ):
        function = click.option(
            flag,
            type=str if metavar else Seconds(),
            metavar=metavar,
            envvar=envvar if metavar else None,
            expose_value=False,
            callback=_remember,
            help=text,
        )(function)
    return function


def _remember(ctx: click.Context, param: click.Parameter, value: str | float | None) -> None:
    if value is not None:
        ctx.meta[f"{_META}{param.name}"] = value


def client_of(
    ctx: click.Context, *, allowance_s: float | None = 0.0, endless: bool = False
) -> "Client":
    """The client for one command.

    `allowance_s`: what the command itself takes at worst, None: nobody knows; `endless`: it may take
    for ever, and so may the way to conmand. Raises WrongUsage for an impossible address.
    """
    from conman.ctl.client import Client

    usual_s = None if endless or allowance_s is None else DEADLINE_S + allowance_s
    patience = Patience(
        ctx.meta.get(f"{_META}connect_timeout", None if endless else CONNECT_TIMEOUT_S),
        ctx.meta.get(f"{_META}deadline", usual_s),
    )
    return Client(address_of(ctx), patience)


def connect_timeout_of(ctx: click.Context, usual_s: float) -> float:
    """What the command line says, else `usual_s`."""
    return float(ctx.meta.get(f"{_META}connect_timeout", usual_s))


def address_of(ctx: click.Context) -> "Address":
    """Raises WrongUsage for an impossible one, and for "": an unset variable must not mean root's conmand."""
    said = ctx.meta.get(f"{_META}address")
    return parse_address(default_address(os.getuid(), os.environ) if said is None else said)
