"""What others see of a forked process: its command line, and the mark by which a fence finds it.

Both lie in memory where exec has put them, and a fork has its parent's. So they are overwritten in place,
through /proc/self/mem. It must never write beyond what exec made room for.
"""

import os

#: The first variable of the zygote's environment; its value is room for a mark.
MARK = b"CONMAN_SHIM="

# Fields of proc(5)'s stat, counted from behind the name: arg_start, arg_end, env_start, env_end.
_FIRST, _LAST = 45, 49


class Appearance:
    """Where exec has put this process's words and the room for its mark: found once, true for its forks."""

    __slots__ = ("_mark_at", "_mark_room", "_words_at", "_words_room")

    def __init__(self) -> None:
        with open("/proc/self/stat", "rb", buffering=0) as file:
            fields = file.read().rpartition(b")")[2].split()
        words, words_end, environment, _ = map(int, fields[_FIRST:_LAST])
        self._words_at, self._words_room = words, words_end - words
        self._mark_at, self._mark_room = environment, _room()

    def change(self, title: bytes, mark: bytes = b"") -> None:
        """Take a command line (NUL between words; cut to its room), and a mark `CONMAN_SHIM=...`.

        Raises ValueError when there is no room for the mark.
        """
        if len(mark) > self._mark_room:
            raise ValueError(f"a mark of {len(mark)} bytes, and room for {self._mark_room}")
        memory = os.open("/proc/self/mem", os.O_WRONLY | os.O_CLOEXEC)
        try:
            words = title[: self._words_room - 1].ljust(self._words_room, b"\0")
            os.pwrite(memory, words, self._words_at)
            if mark:
                os.pwrite(memory, mark.ljust(self._mark_room, b"\0"), self._mark_at)
        finally:
            os.close(memory)


def rename(comm: bytes) -> None:
    """The name that `ps` and `top` show, at most 15 bytes."""
    name = os.open("/proc/self/comm", os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(name, comm)
    finally:
        os.close(name)


def _room() -> int:
    with open("/proc/self/environ", "rb", buffering=0) as file:
        first = file.read(4096).partition(b"\0")[0]
    if not first.startswith(MARK):
        raise ValueError("the environment does not begin with room for a mark")
    return len(first)
