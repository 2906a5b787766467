"""S28: a log is written, rotated, moved away and reopened, and whoever writes or reads it dies at each instant.

On a simulated disk (`log_host`), through the very code of shims and of conmand. A shim is killed at every change
that it makes, its successor at every one of its own; the power is cut at every change, with every outcome. Judged
is what a reader finds: every line once and in its place, or a marker, or a gap that is told.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain, combinations

import pytest

from conman.core.log_records import HEAD_BYTES, begins_at, chunks, parse_position
from conman.host.log_files import LogFiles
from conman.shim import recipes
from conman.shim.log import Log
from conman.shim.rotation import Rotation, put_aside
from conman.shim.task import LogLimits
from tests.unit.log_host import HOME, PATH, Host, Killed, cuts

#: Three lines of ours a file, and few files or as many as come.
FEW, MANY = LogLimits(140, 3), LogLimits(140, 99)
MARKER = "conman: the shim died here"

WRITE, MOVE, MAKE, REOPEN, END = "write", "move", "make", "reopen", "end"
MOVE_ALIKE = "move alike"
#: Of a story every line and every act once, in this order; whoever is killed in one goes on with the next.
ROTATED = (*[WRITE] * 14, END)
REOPENED = (*[WRITE] * 2, MOVE, *[WRITE] * 2, REOPEN, *[WRITE] * 8, REOPEN, WRITE, END)
#: Whoever moves it makes the next one himself, and moves it twice.
MADE = (
    *[WRITE] * 2, MOVE, MAKE, WRITE, REOPEN, WRITE, MOVE, MAKE, *[WRITE] * 4, REOPEN, *[WRITE] * 6, END,
)  # fmt: skip
#: What it is moved to looks like a number of ours, and is none.
ALIKE = (
    WRITE,
    WRITE,
    MOVE_ALIKE,
    WRITE,
    REOPEN,
    *[WRITE] * 5,
    MOVE_ALIKE,
    REOPEN,
    *[WRITE] * 5,
    END,
)
#: Nobody says that it was moved.
UNTOLD = (*[WRITE] * 2, MOVE, *[WRITE] * 2, END)


@dataclass(slots=True)
class Reader:
    """Follows a log. `is_restarted`: its conmand dies after each line, and the client goes on where it was.

    `acts`: it comes to read only after these of a story's; None: after all.
    """

    is_restarted: bool
    acts: tuple[int, ...] | None = None
    told: list[str] = field(default_factory=list[str])
    files: LogFiles = field(default_factory=lambda: LogFiles(PATH))

    def __post_init__(self) -> None:
        self.files.begin(None)

    def reads(self) -> None:
        while (block := self.files.read()).records:
            if block.gap:
                self.told.append("gap")
            self.told += texts(block.records)
            if self.is_restarted:
                self.files.close()
                self.files = LogFiles(PATH)
                self.files.begin(parse_position(str(block.end)))


@dataclass(slots=True)
class Life:
    """All shims of one container, one after the other, and who reads along.

    `said`: what its program wrote; `complete`: so many lines of it before the last end of a run.
    """

    host: Host
    story: tuple[str, ...]
    at: int = 0
    said: list[str] = field(default_factory=list[str])
    moved: list[str] = field(default_factory=list[str])
    complete: int = 0
    limits: LogLimits = MANY
    readers: tuple[Reader, ...] = ()

    def goes_on(self, dies_at: int, *, succeeds: bool) -> bool:
        """One shim, up to the end of the story: then it has not been killed."""
        self.host.dies_at, self.host.changes = dies_at, 0
        log = Log(PATH, Rotation(PATH, self.limits, self.host.do))
        try:
            if succeeds:
                log.say(MARKER.removeprefix("conman: "))
                self._read()
            while self.at < len(self.story):
                self._acts(log)
        except Killed:
            return False
        finally:
            log.close()
            self._read()
        return True

    def _read(self) -> None:
        for reader in self.readers:
            if reader.acts is None or self.at in reader.acts:
                reader.reads()

    def _acts(self, log: Log) -> None:
        match self.story[self.at]:
            case "write":
                # It is out of the FIFO; whoever dies now takes it with him.
                self.at += 1
                self.said.append(f"{len(self.said) + 1}")
                log.write("stdout", f"{self.said[-1]}\n".encode())
            case "move" if self.host.disk.find(PATH) is not None:
                self._moves(f"{PATH}-{len(self.moved)}")
            case "move alike" if self.host.disk.find(PATH) is not None:
                self._moves(f"{PATH}.old.{len(self.moved) + 7}")
            case "make":
                self.at += 1
                self.host.disk.make(PATH, "file")
            case "reopen":
                log.reopen(self.host.do)
                self.at += 1
            case "end":
                log.reopen(self.host.do)
                self.host.do(recipes.complete_log(PATH, put_aside(PATH)))
                self.at, self.complete = self.at + 1, len(self.said)
            case _:
                self.at += 1
        self._read()

    def _moves(self, target: str) -> None:
        self.at += 1
        self.moved.append(target)
        self.host.disk.rename(PATH, target)


def texts(records: bytes) -> list[str]:
    return [
        line for chunk in chunks(records) for line in chunk.content.decode().split("\n") if line
    ]


def kept(life: Life) -> list[str]:
    """What is in all files, in the order in which they were begun; of conman's own that is their numbers'."""
    files = [life.host.disk.read(f"{PATH}.{number}") or b"" for number in put_aside(PATH)]
    files.append(life.host.disk.read(PATH) or b"")
    known = [_begun(each) for each in files if _begun(each)]
    assert known == sorted(known)
    for path in life.moved:
        moved = life.host.disk.read(path) or b""
        later = (n for n, each in enumerate(files) if _begun(each) > _begun(moved))
        files.insert(next(later, len(files)), moved)
    return [line for each in files for line in texts(each)]


def _begun(data: bytes) -> int:
    return begins_at(data[:HEAD_BYTES])


# ---- what may be found -------------------------------------------------------------------------


def is_in_order(lines: list[str], *, lost: Callable[[int, str], bool], after: int = 0) -> int:
    """The number of the last line; none twice, and none missing but where it says why: `lost`."""
    last, why = after, ""
    for line in lines:
        if not line.isdigit():
            why = line
            continue
        missing = range(last + 1, int(line))
        assert int(line) > last, f"{line} after {last}: {lines}"
        assert all(lost(number, why) for number in missing), f"{line} after {last}: {lines}"
        last, why = int(line), ""
    return last


def is_well(life: Life, deaths: int) -> None:
    """Whoever dies takes one line with him, and a marker says so; a gap is of what was moved away."""
    moved = {line for path in life.moved for line in texts(life.host.disk.read(path) or b"")}
    in_flight = 0

    def lost(number: int, why: str) -> bool:
        nonlocal in_flight
        in_flight += why == MARKER
        return why == MARKER or (why == "gap" and str(number) in moved)

    followed, restarted = life.readers
    assert "gap" not in followed.told
    found = kept(life)
    # What was rotated away is missed by those only who come later.
    first = next(int(line) for line in found if line.isdigit()) if life.limits == FEW else 1
    for lines, after in ((found, first - 1), (followed.told, 0)):
        in_flight = 0
        is_in_order([*lines, f"{len(life.said) + 1}"], lost=lost, after=after)
        assert in_flight <= deaths
    is_in_order(restarted.told, lost=lost)


def new(story: tuple[str, ...], patch: pytest.MonkeyPatch) -> Life:
    host = Host()
    for path in ("/data", HOME):
        host.disk.make(path, "dir", durable=True)
    host.below(patch)
    readers = (Reader(is_restarted=False), Reader(is_restarted=True))
    return Life(host, story, limits=FEW if story is ROTATED else MANY, readers=readers)


def deaths(story: tuple[str, ...], patch: pytest.MonkeyPatch) -> Iterator[Life]:
    """Killed at each instant, and its successor at each of its own."""
    first, is_dead = 0, True
    while is_dead:
        second, is_dead_again = 0, True
        while is_dead_again:
            life = new(story, patch)
            is_dead = not life.goes_on(first, succeeds=False)
            is_dead_again = is_dead and not life.goes_on(second, succeeds=True)
            if is_dead_again:
                assert life.goes_on(-1, succeeds=True)
            yield life
            second += 1
        first += 1


STORIES = {"rotated": ROTATED, "reopened": REOPENED, "made": MADE, "alike": ALIKE, "untold": UNTOLD}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_undisturbed(story: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    life = new(story, monkeypatch)
    assert life.goes_on(-1, succeeds=False)
    is_well(life, 0)
    assert kept(life) == life.said[-len(kept(life)) :]
    assert len(put_aside(PATH)) >= (0 if story is UNTOLD else 2)
    assert life.readers[0].told == life.said


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_killed_at_each_instant_and_again(
    story: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = 0
    for life in deaths(story, monkeypatch):
        is_well(life, 2)
        pairs += 1
    assert pairs > 100


@pytest.mark.parametrize("story", [REOPENED, MADE, ALIKE], ids=["reopened", "made", "alike"])
def test_a_follower_that_comes_seldom(
    story: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It misses what was moved away before it ever came there, and nothing else, for nothing else is removed."""
    whole = len(story)
    for acts in combinations(range(1, whole), 2):
        life = new(story, monkeypatch)
        seldom = Reader(is_restarted=False, acts=(*acts, whole))
        life.readers = (*life.readers, seldom)
        assert life.goes_on(-1, succeeds=False)
        moved = [{*texts(life.host.disk.read(path) or b"")} for path in life.moved]
        told = {*seldom.told}
        assert seldom.told == [line for line in life.said if line in told], acts
        assert {*life.said} - told <= {*chain(*moved)}, acts
        # Of one that it has begun it tells all.
        assert all(each <= told or not each & told for each in moved), acts


# ---- the power ---------------------------------------------------------------------------------

AGAIN = (*[WRITE] * 2, END, *[WRITE] * 8, END)
CUT = {
    "rotated": (*[WRITE] * 8, END),
    "again": AGAIN,
    "reopened": REOPENED,
    "made": MADE,
    "untold": UNTOLD,
}


@pytest.mark.parametrize("story", CUT.values(), ids=CUT)
def test_the_power_is_cut_at_each_instant(
    story: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    at, is_dead, outcomes = 0, True, 0
    while is_dead:
        before = new(story, monkeypatch)
        is_dead = not before.goes_on(at, succeeds=False)
        for disk in cuts(before.host.disk):
            host = Host(disk, ticks=before.host.ticks)
            host.below(monkeypatch)
            after = Life(host, story, before.at, list(before.said), list(before.moved))
            assert after.goes_on(-1, succeeds=False)
            is_well_after_a_cut(before, after)
            outcomes += 1
        at += 1
    assert outcomes > 50


def is_well_after_a_cut(before: Life, after: Life) -> None:
    """What was not synced may be lost, without a word; nothing comes twice or elsewhere, what follows is whole."""
    cut, sure = len(before.said), durable_lines(before) | {*range(1, before.complete + 1)}
    lines = [*kept(after), f"{len(after.said) + 1}"]
    is_in_order(lines, lost=lambda number, _: number <= cut and number not in sure)
    assert sure <= {int(line) for line in lines}


def durable_lines(life: Life) -> set[int]:
    """What the disk has for sure: content and name."""
    disk = life.host.disk
    files = [one for one in disk.inodes.values() if one.kind == "file" and disk.durable_path(one)]
    return {int(line) for one in files for line in texts(one.synced or b"") if line.isdigit()}
