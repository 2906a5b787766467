"""What keys are made of: texts with the names that chance gave taken out, so that they can be renamed.

A piece is the digest of a text without those names, and the names in their order. A key is the digest of
many pieces, each name replaced by the place of its first appearance in all of them. Pieces are
remembered, so that a key costs little more than what has changed. Nothing is left out but what
`_CHANCE` says.
"""

import re
from collections.abc import Iterable
from hashlib import blake2b

REMEMBERED = 50_000

Piece = tuple[bytes, tuple[str, ...]]

#: Names: pids, connections and calls (`world.FIRST_PID` ...), ids and the host names that begin them, boots. Clock readings matter as
#: little as names and are not even compared; nor are the numbers of questions to a shim whose asker
#: is dead (`positions` writes those of the living another way).
_CHANCE = re.compile(
    r"(?P<wire>(?:connection|seq)=\d+|asking=\([^)]*\))"
    r"|(?P<name>\b(?:4[1-4]\d{5}|[0-9a-f]{32}|boot-\d+)\b|(?<=HOSTNAME=)[0-9a-f]{12}\b)"
    r"|(?P<clock>\b(?:\d{15,}|deadline=[1-9]\d*)\b)"
)

_by_text: dict[str, Piece] = {}
_by_object: dict[int, tuple[object, Piece]] = {}


def piece(text: str) -> Piece:
    """The piece that a text is."""
    known = _by_text.get(text)
    if known is None:
        if len(_by_text) > REMEMBERED:
            _by_text.clear()
        known = _by_text[text] = _made(text)
    return known


def shown(value: object) -> Piece:
    """The piece of a frozen value's repr, remembered as long as that very object is."""
    held = _by_object.get(id(value))
    if held is not None:
        return held[1]
    made = piece(plain(value))
    if len(_by_object) > REMEMBERED:
        _by_object.clear()
    # Holding the object holds its id.
    _by_object[id(value)] = (value, made)
    return made


def plain(value: object) -> str:
    """Its repr. Raises TypeError where that is an address: two of those could be taken for one."""
    text = repr(value)
    if " at 0x" in text:
        raise TypeError(f"a key cannot hold {text}: it has no text of its own")
    return text


def key(pieces: Iterable[Piece]) -> bytes:
    """Equal for equal pieces, whatever names chance gave in them."""
    places: dict[str, bytes] = {}
    parts: list[bytes] = []
    for template, found in pieces:
        parts.append(template)
        for name in found:
            if name not in places:
                places[name] = b"%d," % len(places)
            parts.append(places[name])
    return blake2b(b"".join(parts), digest_size=16).digest()


def joined(pieces: Iterable[Piece]) -> Piece:
    """Many pieces as one."""
    made = list(pieces)
    template = b"".join(b"%b%d," % (template, len(names)) for template, names in made)
    names = tuple(name for _, names in made for name in names)
    return blake2b(template, digest_size=16).digest(), names


def _made(text: str) -> Piece:
    names: list[str] = []

    def take(found: re.Match[str]) -> str:
        if found.lastgroup == "name":
            names.append(found[0])
            return "#"
        return "T" if found.lastgroup == "clock" else ""

    template = _CHANCE.sub(take, text)
    return blake2b(template.encode(), digest_size=16).digest(), tuple(names)
