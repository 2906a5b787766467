"""A module that is put off: nothing of it runs before it is used, and then it is what everybody has."""

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from conman.daemon.late_module import put_off

NAME = "module_that_is_put_off"
TEXT = """
import sys
sys.times_loaded.append(1)
value = object()
"""


@pytest.fixture
def times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """One for each time that it was loaded."""
    (tmp_path / f"{NAME}.py").write_text(TEXT)
    (tmp_path / "user.py").write_text(f"import {NAME} as used\n")
    monkeypatch.syspath_prepend(tmp_path)
    found: list[int] = []
    monkeypatch.setattr(sys, "times_loaded", found, raising=False)
    yield found
    for name in (NAME, "user"):
        sys.modules.pop(name, None)


def test_an_import_of_it_loads_nothing(times: list[int]) -> None:
    put_off(NAME)
    __import__("user")
    assert times == []


def test_its_first_use_loads_it_for_everybody(times: list[int]) -> None:
    put_off(NAME)
    user = __import__("user")
    value = user.used.value
    assert times == [1]
    assert __import__(NAME).value is value
    assert user.used.value is value
    assert times == [1]
    with pytest.raises(AttributeError, match="other"):
        _ = user.used.other


def test_many_at_once_load_it_once(times: list[int]) -> None:
    put_off(NAME)
    used = __import__("user").used
    start, found = threading.Barrier(8), list[object]()

    def use() -> None:
        start.wait()
        found.append(used.value)

    threads = [threading.Thread(target=use) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert times == [1]
    assert len(found) == 8
    assert len(set(map(id, found))) == 1


def test_what_is_loaded_stays(times: list[int]) -> None:
    loaded = __import__(NAME)
    put_off(NAME)
    assert sys.modules[NAME] is loaded
    assert times == [1]
