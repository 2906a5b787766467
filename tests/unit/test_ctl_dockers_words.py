"""What docker's users type and conmanctl has not: why, and what to do; no guess that misleads."""

import re

import click
import pytest

from conman.ctl import cli, dockers_words
from conman.ctl.create import create
from conman.ctl.lazy import LazyGroup

WORDS = dockers_words.words()
ROOT = click.Context(cli.cli, info_name="conmanctl")


def told(capsys: pytest.CaptureFixture[str], words: str) -> str:
    exit_code = cli.run(words.split())
    out, err = capsys.readouterr()
    assert out == ""
    assert (exit_code, err.count("\n")) == (125 if words.startswith("run") else 2, 1)
    assert "Did you mean" not in err
    return err.removeprefix("conmanctl: ").rstrip("\n")


@pytest.mark.parametrize("verb", ["run", "create"])
@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("--network host", "'--network': containers have loopback only"),
        ("-p 80:80", "'-p': containers have loopback only, there are no networks yet"),
        ("-itp 80:80", "'-p': containers have loopback only"),
        ("-P", "'-P': containers have loopback only"),
        ("--init", "COMMAND is its first process"),
        ("--entrypoint sh", "name the program as COMMAND"),
        ("--shm-size 64m", "--tmpfs /dev/shm:size=64m"),
        ("--shm-size=64m", "--tmpfs /dev/shm:size=64m"),
        ("--security-opt x", "--runtime-spec-patch"),
        ("--log-driver none", "--log-opt"),
        ("--health-cmd x", "exec"),
        ("--pid host", "processes of its own"),
        ("--dns 1.1.1.1", "/etc/resolv.conf"),
        ("--gpus all", "--device"),
        ("--userns host", "-u says which"),
        ("--pull always", "no images yet"),
    ],
)
def test_options(capsys: pytest.CaptureFixture[str], verb: str, words: str, why: str) -> None:
    said = told(capsys, f"{verb} {words} --rootfs /r x")
    assert said.startswith("No such option '-")
    assert why in said
    assert said.endswith(f"(see conmanctl {verb} --help)")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("images", "there are no images yet"),
        ("pull busybox", "--rootfs DIR; `docker export"),
        ("build .", "no images yet"),
        ("network ls", "containers have loopback only"),
        ("volume ls", "-v DIR:DST"),
        ("port web", "containers have loopback only"),
        ("diff web", "`cp CONTAINER:/ -`"),
        ("export web", "`cp CONTAINER:/ -`"),
        ("commit web x", "no images yet"),
        ("login", "no images yet"),
        ("system df", "`info`, `events` and `prune`"),
        ("help pull", "no images yet"),
        ("stop -s INT web", "`kill -s SIGNAL`"),
        ("restart --signal INT web", "--stop-signal"),
        ("rm -l web", "loopback"),
        ("rm --all", "`prune`"),
        ("stop -a", "$(conmanctl ps -q)"),
        ("-H tcp://x ps", "--address"),
        ("container run --rootfs /r x", "it is `conmanctl run`"),
        ("container exec web sh", "it is `conmanctl exec`"),
        ("container attach web", "it is `conmanctl attach`"),
        ("container events", "it is `conmanctl events`"),
        ("container info", "it is `conmanctl info`"),
        ("status web", "it is `conmanctl container status`"),
        ("state web", "it is `conmanctl container state`"),
    ],
)
def test_the_rest(capsys: pytest.CaptureFixture[str], words: str, why: str) -> None:
    said = told(capsys, words)
    assert said.startswith("No such ")
    assert why in said


def test_a_guess_begins_as_what_was_typed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["run", "--rootf", "/r", "sh"]) == 125
    assert "'--rootf'. Did you mean '--rootfs'? (see" in capsys.readouterr().err
    assert cli.run(["run", "--detach-key", "x", "sh"]) == 125
    assert "Did you mean '--detach-keys' or '--detach'? (see" in capsys.readouterr().err
    assert told(capsys, "run --zount x").startswith("No such option '--zount' (see")
    assert told(capsys, "explode").startswith("No such command 'explode' (see")


def command_of(name: str) -> click.Command:
    found = (
        cli.cli if name == "cli" else cli.cli.get_command(ROOT, {"remove": "rm"}.get(name, name))
    )
    assert found is not None
    assert found.name == name
    return found


@pytest.mark.parametrize("name", [name for name in WORDS if name])
def test_nothing_is_explained_that_there_is(name: str) -> None:
    command = command_of(name)
    context = click.Context(command, **command.context_settings)
    known = {flag for each in command.get_params(context) for flag in each.opts}
    assert not known & set(WORDS[name])
    assert len(WORDS[name]) == len(set(WORDS[name]))


def test_no_command_is_explained_that_there_is() -> None:
    assert isinstance(cli.cli, LazyGroup)
    assert not [word for word in WORDS[""] if cli.cli.get_command(ROOT, word)]


def test_what_is_advised_there_is() -> None:
    known = {flag for each in create.params for flag in each.opts} | {"--address", "--log-level"}
    advised = [
        dockers_words.no_such_option(word, name, ()).partition(": ")[2]
        for name in WORDS
        for word in WORDS[name]
        if name
    ]
    assert not {flag for each in advised for flag in re.findall(r"--[a-z-]+", each)} - known


@pytest.mark.parametrize("words", ["", "run", "rm", "container", "container remove", "help"])
def test_help_is_a_command_too(capsys: pytest.CaptureFixture[str], words: str) -> None:
    assert cli.run(["help", *words.split()]) == 0
    said = capsys.readouterr().out
    assert cli.run([*words.split(), "--help"]) == 0
    assert said == capsys.readouterr().out


def test_help_of_what_has_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["help", "run", "x"]) == 2
    assert "conmanctl run has no commands below it" in capsys.readouterr().err
