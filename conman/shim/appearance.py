"""What others see of a forked process: its command line, and the mark by which a fence finds it.

Both lie in memory where exec has put them, and a fork has its parent's. So they are overwritten in place,
through /proc/self/mem. It must never write beyond what exec made room for.
"""

import os

#: The first variable of the zygote's environment; its value is room for a mark.
MARK = b"CONMAN_SHIM="

# Fields of proc(5)'s stat, counted from behind the name: arg_start, arg_end, env_start, env_end.
_FIRST, _LAST = 45, 49


def appear(title: bytes, mark: bytes = b"") -> None:
    """Take a command line (NUL between words), and a mark `CONMAN_SHIM=...` in the environment.

    A title is cut to its room. Raises ValueError when there is no room for the mark.
    """
    with open("/proc/self/stat", "rb", buffering=0) as file:
        fields = file.read().rpartition(b")")[2].split()
    words, words_end, environment, _ = map(int, fields[_FIRST:_LAST])
    _overwrite(words, title[: words_end - words - 1], words_end - words)
    if mark:
        _overwrite(environment, mark, _room())


def _room() -> int:
    with open("/proc/self/environ", "rb", buffering=0) as file:
        first = file.read(4096).partition(b"\0")[0]
    if not first.startswith(MARK):
        raise ValueError("the environment does not begin with room for a mark")
    return len(first)


def _overwrite(address: int, data: bytes, room: int) -> None:
    if len(data) > room:
        raise ValueError(f"{len(data)} bytes, and there is room for {room}")
    memory = os.open("/proc/self/mem", os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.pwrite(memory, data.ljust(room, b"\0"), address)
    finally:
        os.close(memory)
