"""Which of a log's files were put aside, by their names: the shim that numbers them and who reads them must agree.

A name counts if the number in it makes that very name. It must never look at a disk itself.
"""

from _collections_abc import Iterable


def log_numbers(names: Iterable[str], log: str) -> tuple[int, ...]:
    """Of `log.7` and the like among these names, the oldest first; of no other, such as `log.old.7`."""
    after = (name.removeprefix(f"{log}.") for name in names if name.startswith(f"{log}."))
    return tuple(sorted(int(number) for number in after if _is_ours(number)))


def _is_ours(number: str) -> bool:
    return number.isascii() and number.isdigit() and number == str(int(number))
