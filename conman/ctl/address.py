"""Where conmand listens, from what a person wrote: a gRPC target or a bare path.

It exists because gRPC's own complaints about addresses help nobody, and because a
path is no target until `%` and its like are escaped. It must never touch the network.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from conman.ctl.failure import WrongUsage

ROOT_ADDRESS = "unix:///run/conman/conmand.sock"
# sockaddr_un.sun_path holds 108 bytes, the last one is NUL.
PATH_LIMIT_BYTES = 107
#: What gRPC looks up by itself. It takes any other word before a colon for a host.
_SCHEMES = ("dns:", "ipv4:", "ipv6:", "unix-abstract:", "vsock:")
_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-_.~+=@,")


@dataclass(frozen=True, slots=True)
class Address:
    """What gRPC dials, how to name it to a person, and the socket if it is one."""

    target: str
    shown: str
    socket_path: str | None


def default_address(uid: int, environ: Mapping[str, str]) -> str:
    """Where this user's conmand listens unless somebody said otherwise."""
    if uid == 0:
        return ROOT_ADDRESS
    runtime_dir = environ.get("XDG_RUNTIME_DIR") or f"/run/user/{uid}"
    return f"unix://{_escape(runtime_dir)}/conman/conmand.sock"


def parse_address(text: str) -> Address:
    """Understand `unix:PATH`, `unix:///PATH`, a bare path, or any other gRPC target.

    Raises WrongUsage for an empty one, for a path that no socket can have, and for what is no target.
    """
    if not text or text in {"unix:", "unix://"}:
        raise WrongUsage("the address is empty: give a path or a gRPC target, see --address")
    if text.startswith("unix:"):
        return _socket(_unescape(_without_slashes(text.removeprefix("unix:"))))
    if _is_path(text):
        return _socket(os.path.abspath(text))
    if not text.startswith(_SCHEMES):
        _check_host(text)
    return Address(target=text, shown=text, socket_path=None)


def _check_host(text: str) -> None:
    if "://" in text:
        raise WrongUsage(f"the address {text} is none: write HOST:PORT, or unix:///PATH")
    if ":" not in text:
        raise WrongUsage(
            f"the address {text} has no port: write {text}:PORT, or ./{text} for a socket"
        )


def _is_path(text: str) -> bool:
    return text.startswith((".", "/")) or ("/" in text and ":" not in text)


def _without_slashes(rest: str) -> str:
    return rest.removeprefix("//")


def _socket(path: str) -> Address:
    if path.startswith("//"):
        path = "/" + path.lstrip("/")
    length = len(os.fsencode(path))
    if length > PATH_LIMIT_BYTES:
        raise WrongUsage(
            f"the socket path {path} has {length} bytes, and no unix socket's path may have"
            f" more than {PATH_LIMIT_BYTES}: choose a shorter one with --address"
        )
    target = f"unix:{_escape(path)}"
    shown = f"unix://{_escape(path)}" if path.startswith("/") else target
    return Address(target=target, shown=shown, socket_path=path)


def _escape(path: str) -> str:
    return "".join(chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in os.fsencode(path))


def _unescape(text: str) -> str:
    head, *rest = os.fsencode(text).split(b"%")
    return os.fsdecode(head + b"".join(_unescape_one(part) for part in rest))


def _unescape_one(part: bytes) -> bytes:
    try:
        return bytes([int(part[:2], 16)]) + part[2:]
    except ValueError:
        return b"%" + part
