"""Help in sections, and pages for man: one a command, with all that its help says."""

import shutil
import subprocess
from pathlib import Path

import click
import pytest

from conman.ctl import manual
from conman.ctl.cli import ALIASES, COMMANDS, SECTIONS, cli, run
from conman.ctl.container import ALIASES as OF_SCRIPTS
from conman.ctl.container import COMMANDS as VERBS
from conman.ctl.lazy import Verb

PAGES = dict(manual.pages(cli))


def test_each_command_has_a_page() -> None:
    names = {f"conmanctl-{name}" for name in COMMANDS}
    assert set(PAGES) == {"conmanctl", *names, *(f"conmanctl-container-{name}" for name in VERBS)}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_page_says_what_help_says(name: str) -> None:
    command = cli.get_command(click.Context(cli, **cli.context_settings), name)
    assert command is not None
    page = PAGES[f"conmanctl-{name}"].replace("\\-", "-").replace("\\e", "\\")
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert all(flag in page for flag in (*parameter.opts, *parameter.secondary_opts))
            assert (parameter.help or "") in page
    for paragraph in (command.help or "").split("\n\n"):
        assert " ".join(paragraph.split()) in page
    if isinstance(command, Verb):
        assert f".EX\nconmanctl {name} {command.example}".rstrip() in page


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_troff_finds_no_fault(tmp_path: Path) -> None:
    manual.main(str(tmp_path))
    written = sorted(tmp_path.iterdir())
    assert {page.stem for page in written} == set(PAGES)
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-P-cbou", "-ww", *map(str, written)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    assert "--detach-keys KEYS" in done.stdout


@pytest.mark.parametrize(
    ("words", "others"),
    [
        ("rm", "Aliases: remove, delete."),
        ("delete", "Aliases: rm, remove."),
        ("ps", "Aliases: list, ls."),
        ("container remove", "Aliases: delete, rm."),
        ("container state", "Alias: status."),
    ],
)
def test_help_names_the_others(words: str, others: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*words.split(), "--help"]) == 0
    out = capsys.readouterr().out
    assert f"\n  {others}\n" in out
    assert out.count("Alias") == 1
    title = f"conmanctl-{words.replace(' ', '-')}"
    if title in PAGES:
        assert f".PP\n{others}\n" in PAGES[title]


@pytest.mark.parametrize(("words", "aliases"), [([], ALIASES), (["container"], OF_SCRIPTS)])
def test_a_groups_help_names_them_all(
    words: list[str], aliases: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*words, "--help"]) == 0
    [told] = [line for line in capsys.readouterr().out.splitlines() if "Aliases: " in line]
    for alias in aliases:
        assert alias in told.replace(",", "").split(), alias


def test_help_is_in_sections(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    shown = capsys.readouterr().out
    listed = [
        line.split()[0]
        for line in shown.split("Common Commands:")[1].splitlines()
        if line[:2] == "  "
    ]
    assert sorted(listed) == sorted(COMMANDS)
    assert list(SECTIONS) == [
        line.rstrip(":") for line in shown.splitlines() if line.endswith(" Commands:")
    ]
    assert not set(ALIASES) & set(listed)
