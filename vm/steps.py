"""What takes its time says so, before and after: somebody waits for minutes in front of it.

It must never hold back a line: what is printed last is what is under way.
"""

from collections.abc import Generator
from contextlib import contextmanager
from time import monotonic

#: Every step that has ended, and its seconds, in order.
TOOK: list[tuple[str, float]] = []


@contextmanager
def step(title: str) -> Generator[None]:
    """`title` before it, its seconds after it, also when it fails."""
    print(f"== {title}", flush=True)
    began = monotonic()
    try:
        yield
    finally:
        TOOK.append((title, monotonic() - began))
        print(f"-- {title}: {TOOK[-1][1]:.1f} s", flush=True)


def print_table() -> None:
    """Steps of one title together: how many, seconds of the shortest, the longest, and of all."""
    rows = [f"{'step':32} {'times':>5} {'least':>7} {'most':>7} {'sum':>7}"]
    for title in dict.fromkeys(title for title, _ in TOOK):
        took = [seconds for one, seconds in TOOK if one == title]
        figures = f"{min(took):7.1f} {max(took):7.1f} {sum(took):7.1f}"
        rows.append(f"{title:32} {len(took):5} {figures}")
    print("", *rows, sep="\n", flush=True)
