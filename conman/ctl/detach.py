"""The keys that leave a session and let its program go on, as docker's users write and type them.

It must never swallow what was typed: a beginning of the keys that does not go on is passed on whole.
"""

USUAL = "ctrl-p,ctrl-q"
_FIRST, _LAST = "@", "_"
_FORM = "it is keys with commas between them, each one character or ctrl-X, X one of a to z, @, [, \\, ], ^ and _"


def keys(text: str) -> bytes:
    """As `ctrl-p,ctrl-q`, to what a terminal sends. Raises ValueError, with what is wrong."""
    return b"".join(_key(each, text) for each in text.split(","))


def _key(name: str, whole: str) -> bytes:
    letter = name.removeprefix("ctrl-").upper()
    if name.startswith("ctrl-") and len(letter) == 1 and _FIRST <= letter <= _LAST:
        return bytes([ord(letter) - ord(_FIRST)])
    if len(name) == 1 and name.isascii() and name.isprintable():
        return name.encode()
    raise ValueError(f"{whole!r}: {name!r} is no key; {_FORM}")


class Watch:
    """What was typed, looked through for the keys."""

    def __init__(self, sought: bytes) -> None:
        self._sought = sought
        self._held = b""

    def typed(self, data: bytes) -> tuple[bytes, bool]:
        """What the program is to get of it, and whether the keys were all there; then the rest is dropped."""
        passed = bytearray()
        for byte in data:
            self._held += bytes([byte])
            while not self._sought.startswith(self._held):
                passed.append(self._held[0])
                self._held = self._held[1:]
            if self._held == self._sought:
                return bytes(passed), True
        return bytes(passed), False
