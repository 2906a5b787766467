"""The limit of descriptors that conmand was given, where it cannot be set, and where nobody says it."""

import resource
import sys

import pytest

from conman.primitives import descriptors
from conman.shim import __main__ as shim


def test_who_cannot_have_his_limit_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """As while fs.nr_open is lower than the hard limit: not even a lower one can be set then."""

    def refused(*_: object) -> None:
        raise ValueError("not allowed to raise maximum limit")

    monkeypatch.setattr(descriptors, "_given", [])
    monkeypatch.setattr(resource, "setrlimit", refused)
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    descriptors.allow_descriptors()
    descriptors.begin_with(40)
    assert descriptors.begun_as_given(lambda: 7) == 7
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == soft == descriptors.given()


@pytest.mark.parametrize(("words", "limits"), [((), []), (("900",), [900])])
def test_an_older_conmand_says_no_limit(
    monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], limits: list[int]
) -> None:
    """One that goes on while its files are replaced begins shims and zygotes from the new ones."""
    set_to = list[int]()
    monkeypatch.setattr("sys.path", [*sys.path])
    monkeypatch.setattr(descriptors, "begin_with", set_to.append)
    monkeypatch.setattr("conman.shim.main.ignore_signals", lambda: None)
    monkeypatch.setattr("conman.shim.main.main", lambda *words: words)
    monkeypatch.setattr("conman.shim.zygote.serve", lambda connection: connection)
    assert shim._start(*words, "shim", "/d", "3", "4") == ("/d", 3, 4)
    assert shim._start(*words, "zygote", "5") == 5
    assert set_to == 2 * limits
