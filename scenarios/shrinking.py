"""A failing run made short: the fewest choices that still break the same invariant.

Greedy: whatever can go, goes, one by one, until nothing can. What it answers has been replayed; it must
never trade one invariant for another, and never take longer than it may.
"""

from collections.abc import Iterator
from time import monotonic

from scenarios.replay_ids import BETWEEN, CRASH, DEFAULT, POWER_CUT, PREEMPTED, kind_of, read, write
from scenarios.replaying_several import replay_any
from scenarios.story import AnyStory

SECONDS_AT_MOST = 30.0

Path = tuple[str, ...]


def shrunk(
    story: AnyStory, path: Path, invariant: str, *, seconds: float = SECONDS_AT_MOST
) -> Path:
    """The path, or a shorter one to the same invariant. `seconds`: when it is content with what it has."""
    deadline = monotonic() + seconds
    shorter: Path | None = path
    while shorter is not None:
        path = shorter
        shorter = _shorter(story, path, invariant, deadline)
    return path


def _shorter(story: AnyStory, path: Path, invariant: str, deadline: float) -> Path | None:
    for candidate in _candidates(path):
        if monotonic() > deadline:
            return None
        if replay_any(story, candidate).invariant == invariant:
            return candidate
    return None


def _candidates(path: Path) -> Iterator[Path]:
    """Each with one thing less, the largest first."""
    plain = write(path)
    for index in range(1, len(path)):
        if kind_of(path[index]) in {CRASH, PREEMPTED, *BETWEEN}:
            yield _complete((*path[:index], *path[index + 1 :]), but=plain)
    for index in range(1, len(path)):
        for choice in _simpler(path[index]):
            yield _complete((*path[:index], choice, *path[index + 1 :]), but=plain)


def _complete(path: Path, *, but: str) -> Path:
    """A life whose crash is gone goes with it, when another follows."""
    kept = [
        choice
        for choice, following in zip(path, (*path[1:], ""), strict=True)
        if kind_of(choice) not in {"lazy", "eager"} or kind_of(following) in {CRASH, ""}
    ]
    whole = read(write(kept)).path
    assert write(whole) != but, f"{but} is no shorter"
    return whole


def _simpler(choice: str) -> Iterator[str]:
    """An eager life may be lazy, a strike left out; of a cut, less was kept."""
    kind, name = kind_of(choice), choice.partition("@")[2]
    if kind in {"lazy", "eager"} and choice != DEFAULT:
        yield DEFAULT
    if kind == "eager" and "," in choice:
        yield choice.replace("eager", "lazy")
    if kind == POWER_CUT:
        names = [one for one in name[len("keep={") : -1].split(",") if one]
        for index in range(len(names)):
            yield f"{POWER_CUT}@keep={{{','.join(names[:index] + names[index + 1 :])}}}"
