"""What runs the guests is found out once in a boot, and half a word of it is none."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from vm import accelerator

BOOT = Path("/proc/sys/kernel/random/boot_id").read_text().strip()


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file that tells what was found."""
    monkeypatch.setattr(accelerator, "TOP", tmp_path)
    monkeypatch.setattr(os, "access", lambda *_: True)
    accelerator.driver.cache_clear()
    yield tmp_path / "driver"
    accelerator.driver.cache_clear()


def speaks(monkeypatch: pytest.MonkeyPatch, *, says: bool) -> list[str]:
    """Whether a kernel under KVM does; when it was asked."""
    asked: list[str] = []

    def asks() -> bool:
        asked.append("asked")
        return says

    monkeypatch.setattr(accelerator, "_speaks", asks)
    return asked


@pytest.mark.parametrize(("says", "found"), [(True, "kvm"), (False, "qemu")])
def test_it_is_found_out_once_in_a_boot(
    kept: Path, monkeypatch: pytest.MonkeyPatch, says: bool, found: str
) -> None:
    asked = speaks(monkeypatch, says=says)
    for _ in range(2):
        accelerator.driver.cache_clear()
        assert accelerator.driver() == found
    assert asked == ["asked"]
    assert kept.read_text() == f"{BOOT} {found}"
    assert [*kept.parent.iterdir()] == [kept]


@pytest.mark.parametrize(
    "text",
    ["", BOOT[:9], BOOT, f"{BOOT} ", f"{BOOT} k", f"{BOOT} qe", f"{BOOT[:-1]} qemu", "other qemu"],
)
def test_of_half_a_word_and_of_another_boot_nothing_is_believed(
    kept: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    kept.write_text(text)
    asked = speaks(monkeypatch, says=True)
    assert accelerator.driver() == "kvm"
    assert asked == ["asked"]


def test_who_is_ended_while_it_is_written_leaves_what_was_there(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.write_text("another-boot kvm")
    speaks(monkeypatch, says=False)
    write = Path.write_text

    def ends(path: Path, text: str) -> int:
        write(path, text[:5])
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_text", ends)
    with pytest.raises(KeyboardInterrupt):
        accelerator.driver()
    assert kept.read_text() == "another-boot kvm"
