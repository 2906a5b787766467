"""Who a program is, and what it may do: user, groups, capabilities, as far as text can tell.

Whether a name stands in the root's /etc/passwd is for an effect to find out.
"""

import re
from collections.abc import Sequence

from conman.api.fields import bad, few, shown
from conman.core.accounts import LARGEST_ID, number
from conman.core.bundle.capabilities import ALL
from conman.core.permits import CAPABILITIES

# As useradd(8) takes them, and the dots, "@" and capitals of directory services.
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.@-]{0,254}\$?")


def user(value: str) -> str:
    """UID, UID:GID, or names in their place; "" for root."""
    name, colon, group = value.partition(":")
    if (name and not _is_account(name)) or (colon and not _is_account(group)):
        bad(
            "user",
            f"the user {shown(value)} is not USER or USER:GROUP",
            f"give names, or numbers from 0 to {LARGEST_ID}",
        )
    return value


def groups(values: Sequence[str]) -> tuple[str, ...]:
    """GID or names, in their order."""
    few("groups", len(values))
    for value in values:
        if not _is_account(value):
            bad(
                "groups",
                f"{shown(value)} is no group",
                f"give a name, or a number from 0 to {LARGEST_ID}",
            )
    return tuple(values)


def capabilities(field: str, values: Sequence[str]) -> tuple[str, ...]:
    """As CAP_*, each once; "ALL" as it is."""
    few(field, len(values))
    return tuple(dict.fromkeys(_capability(field, value) for value in values))


def _capability(field: str, value: str) -> str:
    upper = value.upper()
    if upper in (ALL, f"CAP_{ALL}"):
        return ALL
    name = upper if upper.startswith("CAP_") else f"CAP_{upper}"
    if name not in CAPABILITIES:
        bad(
            field,
            f"there is no capability {shown(value)}",
            "give one of capabilities(7), as NET_ADMIN, or ALL",
        )
    return name


def _is_account(text: str) -> bool:
    return number(text) is not None or _NAME.fullmatch(text) is not None
