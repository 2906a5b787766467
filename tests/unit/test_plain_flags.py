"""The flags that conmand reads without click: as click reads them, or not at all."""

import sys
from collections.abc import Callable, Mapping, Sequence

import pytest
from click.testing import CliRunner
from hypothesis import example, given, settings
from hypothesis import strategies as st

from conman.daemon import commands, main
from conman.daemon.main import plain_flags
from conman.daemon.settings import SETTINGS

FLAGS = [*(f"--{known.name}" for known in SETTINGS), "--config"]
WORDS = [
    "--log-level",
    "--log",
    "--data-dir",
    "--config",
    "--data-dir=/a",
    "--run-dir=-b",
    "--config=",
]
WORDS += [
    "/a",
    "info",
    "",
    "-",
    "--",
    "-h",
    "--help",
    "--version",
    "--json",
    "--strange",
    "check",
    "a=b",
]


def of_click(words: Sequence[str]) -> dict[str, str] | None:
    """None: it serves nobody who says this."""
    served: list[dict[str, str]] = []

    def configured(config: str | None, flags: Mapping[str, str | None], _: object = None) -> object:
        given = {
            name.replace("_", "-"): value for name, value in (flags | {"config": config}).items()
        }
        return {name: value for name, value in given.items() if value is not None}

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(commands, "_configured", configured)
        patched.setattr(commands, "serve", served.append)
        patched.setattr(commands, "end_with", _acts)
        ended = CliRunner().invoke(commands.main, list(words))
    return served[0] if served and ended.exit_code == 0 else None


def _acts(act: Callable[[], object], trouble: int = 1) -> None:
    """Nothing but what serves does anything here."""
    if trouble == 1:
        act()


def test_what_a_unit_says_is_read_without_click() -> None:
    assert plain_flags([]) == {}
    words = ["--data-dir", "/a", "--runtime=runc", "--data-dir", "/b", "--record=", "--config", "f"]
    assert plain_flags(words) == {"data-dir": "/b", "runtime": "runc", "record": "", "config": "f"}
    for flag in FLAGS:
        assert plain_flags([flag, "x"]) == {flag.removeprefix("--"): "x"}


@pytest.mark.parametrize(
    "words",
    [["check"], ["--help"], ["-h"], ["--version"], ["--strange", "a"], ["--data-dir"], ["--", "a"]],
)
def test_all_else_is_clicks(words: list[str]) -> None:
    assert plain_flags(words) is None


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(WORDS) | st.text(max_size=3), max_size=4))
@example(["--data-dir", "--run-dir"])
@example(["--data-dir", "--", "check"])
def test_what_is_read_is_what_click_reads(words: list[str]) -> None:
    plain = plain_flags(words)
    assert plain is None or plain == of_click(words)


def test_a_shell_that_completes_is_clicks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["conmand"])
    monkeypatch.setattr(commands, "main", lambda: 7)
    monkeypatch.setattr(main, "end_with", lambda _: sys.exit(0))
    for completes, code in (("", 0), ("bash_source", 7)):
        if completes:
            monkeypatch.setenv("_CONMAND_COMPLETE", completes)
        with pytest.raises(SystemExit) as ended:
            main.main()
        assert ended.value.code == code
