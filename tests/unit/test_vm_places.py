"""Where the VM stage keeps what it makes: one at a time is there, and who cleans is one of them."""

import os
from pathlib import Path
from typing import TextIO

import pytest

from vm import __main__ as command
from vm import places
from vm.trouble import Trouble


@pytest.fixture(autouse=True)
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """build/vm, which is not there yet."""
    made = tmp_path / "build" / "vm"
    for name, below in (("TOP", ""), ("VAGRANT", "vagrant"), ("POOL", "pool"), ("LOGS", "log")):
        monkeypatch.setattr(places, name, made / below)
    return made


def used(top: Path) -> None:
    """By a machine that is not up any more."""
    with places.held():
        (top / "vagrant" / "boxes").mkdir()
        (top / "vagrant" / "boxes" / "box.img").touch()
        (top / "cuts.json").touch()


def test_too_little_space_is_told_before_anything_is_made() -> None:
    places.must_have_space(3000)
    with pytest.raises(Trouble, match="2999 MiB left and a box needs 3000: make space"):
        places.must_have_space(2999)


def test_one_at_a_time() -> None:
    second = places.alone()
    with places.alone(), pytest.raises(Trouble, match=f"process {os.getpid()} uses"):
        second.__enter__()
    with places.alone():
        pass


def test_nobody_cleans_where_one_is(top: Path, capsys: pytest.CaptureFixture[str]) -> None:
    used(top)
    with places.alone():
        assert command.main(["clean"]) == 1
    told = f"vm: process {os.getpid()} uses {top}: wait for its end, or end it\n"
    assert capsys.readouterr().err == told
    assert (top / "vagrant" / "boxes" / "box.img").exists()


def test_all_goes_and_what_others_linked_there_does_not(top: Path, tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "file").touch()
    used(top)
    (top / "link").symlink_to(tmp_path / "theirs")
    assert command.main(["clean"]) == 0
    assert not top.exists()
    assert (tmp_path / "theirs" / "file").exists()
    # Nor is anything left of a second time.
    assert command.main(["clean"]) == 0
    assert not top.exists()


def test_where_it_is_linked_elsewhere_that_place_is_cleaned(top: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    top.parent.mkdir()
    top.symlink_to(elsewhere)
    used(top)
    assert command.main(["clean"]) == 0
    assert top.is_symlink()
    assert [*elsewhere.iterdir()] == []


def test_it_is_cleaned_though_no_space_is_left(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    used(top)
    monkeypatch.setattr(places, "_NEEDS_MIB", 2**60)
    with pytest.raises(Trouble, match="make space"), places.alone():
        pass
    assert command.main(["clean"]) == 0
    assert not top.exists()


def test_a_lock_that_was_cleaned_away_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was opened before, and free a moment later: the next would have one of that name as well."""
    stale = places._locked()
    (places.TOP / "lock").unlink()
    locks = iter([stale])
    monkeypatch.setattr(places, "_locked", lambda one=places._locked: next(locks, None) or one())
    second = places.held()
    with places.held(), pytest.raises(Trouble, match="uses"):
        second.__enter__()
    assert stale.closed


def test_who_begins_while_another_cleans_has_its_places(monkeypatch: pytest.MonkeyPatch) -> None:
    """They were there before it had the lock, and went with the other's."""
    begun = places._locked

    def cleaned() -> TextIO:
        lock = begun()
        for each in places.TOP.iterdir():
            if each.is_dir():
                each.rmdir()
        return lock

    monkeypatch.setattr(places, "_locked", cleaned)
    with places.held():
        assert all(each.is_dir() for each in (places.VAGRANT, places.POOL, places.LOGS))


def test_a_place_that_cannot_be_made_is_one_sentence(
    top: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    top.parent.write_text("")
    assert command.main(["clean"]) == 1
    assert capsys.readouterr().err == f"vm: {top} cannot be made: Not a directory\n"
