"""Cgroups that are only names: made, removed, and made while another container removes its own."""

import os
from pathlib import Path

import pytest

from fakerunc import cgroups


def test_the_parents_go_with_the_last_child(tmp_path: Path) -> None:
    root = str(tmp_path)
    for name in ("a/one", "a/two"):
        for hierarchy in (1, 2):
            cgroups.make(root, name, hierarchy)
    assert sorted(os.listdir(tmp_path / ".cgroups/a/one")) == ["1", "2"]
    cgroups.remove(root, "a/one")
    assert os.listdir(tmp_path / ".cgroups/a") == ["two"]
    cgroups.remove(root, "a/two")
    assert os.listdir(tmp_path) == []
    cgroups.remove(root, "a/two")


def test_a_parent_that_vanishes_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = os.makedirs
    vanishing = [True]

    def meddled(name: str, mode: int = 0o777, *, exist_ok: bool = False) -> None:
        if vanishing:
            vanishing.pop()
            raise FileNotFoundError(name)
        made(name, mode, exist_ok)

    monkeypatch.setattr(os, "makedirs", meddled)
    cgroups.make(str(tmp_path), "a/one", 1)
    assert (tmp_path / ".cgroups/a/one/1").is_dir()


def test_without_a_root_it_gives_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(name: str, mode: int, *, exist_ok: bool) -> None:
        raise FileNotFoundError(name)

    monkeypatch.setattr(os, "makedirs", refused)
    with pytest.raises(FileNotFoundError):
        cgroups.make(str(tmp_path / "gone"), "a", 1)
