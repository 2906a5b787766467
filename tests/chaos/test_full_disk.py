"""The store on a disk without space: who asks is told at once and why, and what was refused never comes to be.

As root: a disk in memory, with as little space as is wanted.
"""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from conman.core.effects.effect import Committed, NotCommitted
from conman.core.model import PutContainer
from conman.host.database import Store, look
from scenarios.stages.clearing import clear
from scenarios.stages.small_disk import SmallDisk
from tests.integration.one_conmand import Conmand
from tests.unit.test_database import ROW

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounting a disk in memory needs root")
PAGE = 4096
FULL = "the database says: database or disk is full (SQLITE_FULL)"


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    top = Path(tempfile.mkdtemp(prefix="cf", dir="/tmp"))
    one = SmallDisk(top)
    yield one
    one.close()
    shutil.rmtree(top)


def leave(disk: SmallDisk, pages: int) -> Path:
    """What takes all other space."""
    ballast = disk.place / "ballast"
    free = os.statvfs(disk.place).f_bavail - pages
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, free * PAGE)
    return ballast


def after_a_reset(disk: SmallDisk, to: Path) -> list[str]:
    """Whose rows a store has that recovers from the files as they are, with nobody's memory of them."""
    shutil.rmtree(to, ignore_errors=True)
    to.mkdir()
    for name in ("conman.db", "conman.db-wal"):
        shutil.copyfile(disk.place / name, to / name)
    return [row.id for row in look(str(to / "conman.db")).stored.containers]


def test_a_commit_that_finds_no_space_is_not_there_and_nobody_has_to_look(
    disk: SmallDisk, tmp_path: Path
) -> None:
    """Wherever in its log that is, and though another keeps the log open, so that no look would find out."""
    store = Store.open(str(disk.place / "conman.db"))
    assert store.commit([(PutContainer(ROW),)]) == [Committed()]
    big = replace(ROW, id="b" * 32, message="x" * 20 * PAGE)
    refused = 0
    with closing(store), closing(sqlite3.connect(store.path)) as other:
        other.execute("SELECT count(*) FROM containers").fetchall()
        for _ in range(100):
            # What it has written so far is its own by now.
            ballast = leave(disk, 1)
            [outcome] = store.commit([(PutContainer(big),)])
            found = after_a_reset(disk, tmp_path / "copy")
            ballast.unlink()
            if outcome == Committed():
                break
            assert (outcome, found) == (NotCommitted(FULL), [ROW.id])
            refused += 1
        assert found == [ROW.id, big.id]
    assert refused > 20


def test_a_store_is_opened_without_space_for_what_its_log_holds(
    disk: SmallDisk, tmp_path: Path
) -> None:
    """As a kill has left it: then what is found was made durable where it is."""
    store = Store.open(str(disk.place / "conman.db"))
    big = replace(ROW, message="x" * 20 * PAGE)
    assert store.commit([(PutContainer(big),)]) == [Committed()]
    for path in disk.place.iterdir():
        shutil.copyfile(path, tmp_path / path.name)
    store.close()
    for path in tmp_path.iterdir():
        shutil.copyfile(path, disk.place / path.name)
    leave(disk, 0)
    with closing(Store.open(str(disk.place / "conman.db"))) as again:
        assert again.read().containers == (big,)
    assert after_a_reset(disk, tmp_path / "copy") == [ROW.id]


def test_who_asks_on_a_full_disk_is_told_why_and_is_served_when_there_is_space(
    disk: SmallDisk,
) -> None:
    conmand = Conmand(disk.place.parent, "--runtime", "fakerunc")
    conmand.data = disk.place / "d"
    conmand.start()
    try:
        ballast = leave(disk, 0)
        words = (
            "create",
            "--connect-timeout",
            "1",
            "--rootfs",
            str(conmand.rootfs),
            "c",
            "--",
            "/bin/sleep",
        )
        refused = conmand.ctl(*words)
        assert f"cannot write the store: {FULL}; make space" in refused.error
        assert (refused.code, conmand.states()) == (1, {})
        ballast.unlink()
        assert conmand.ctl(*words).code == 0
        assert conmand.states() == {"c": "CREATED"}
    finally:
        conmand.kill()
        clear(conmand)
