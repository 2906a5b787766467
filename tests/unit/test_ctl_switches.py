"""`--sig-proxy=false`, `--all=true`, `-n=5`, wherever they may stand, and nowhere else."""

import click
import pytest

from conman.ctl.execute import execute
from conman.ctl.ps import ps
from conman.ctl.run import run
from conman.ctl.start import start


def proxied(command: click.Command, *words: str) -> object:
    context = command.make_context("verb", [*words])
    return context.params["sig_proxy"], context.params.get("command")


@pytest.mark.parametrize(
    ("words", "is_on"),
    [
        ((), True),
        (("--sig-proxy",), True),
        (("--sig-proxy=true",), True),
        (("--sig-proxy=1",), True),
        (("--sig-proxy=false",), False),
        (("--sig-proxy=0",), False),
        (("--sig-proxy=F",), False),
        (("--no-sig-proxy",), False),
        (("-a", "--sig-proxy=false"), False),
        (("--sig-proxy=false", "--sig-proxy"), True),
    ],
)
def test_as_docker_has_it(words: tuple[str, ...], is_on: bool) -> None:
    assert proxied(start, *words, "web") == (is_on, None)


def test_behind_the_containers_name() -> None:
    assert proxied(start, "web", "--sig-proxy=false") == (False, None)
    context = start.make_context("start", ["--", "--sig-proxy=false"])
    assert context.params["containers"] == ("--sig-proxy=false",)


@pytest.mark.parametrize(
    "before",
    [
        (),
        ("-it",),
        ("-i", "--name", "web"),
        ("--name=web", "-e", "A=1"),
        ("-ite", "A=1"),
        ("-eA=1",),
    ],
)
def test_what_is_the_programs_is_not_ours(before: tuple[str, ...]) -> None:
    words = ("sh", "--sig-proxy=false")
    root = ("--rootfs", "/r")
    assert proxied(run, *before, *root, *words) == (True, words)
    assert proxied(run, *before, "--sig-proxy=false", *root, *words) == (False, words)
    assert proxied(run, *root, *before, "--sig-proxy=false", "--", *words) == (False, words)


def test_an_option_takes_its_value_whatever_that_looks_like() -> None:
    words = ("sh", "--sig-proxy=false")
    assert proxied(execute, "-w", "--sig-proxy=false", "web", *words) == (True, words)


def test_a_value_is_not_rewritten() -> None:
    root = ("--rootfs", "/r", "sh")
    context = run.make_context("run", ["--name", "--sig-proxy=false", *root])
    assert (context.params["name"], context.params["sig_proxy"]) == ("--sig-proxy=false", True)


def test_of_who_is_still_typing_nothing_is_wrong() -> None:
    """As a shell completes: what it asks for may stand behind it."""
    words = ["--sig-proxy=fal", "-a", "web"]
    context = start.make_context("start", words, resilient_parsing=True)
    assert (context.params["attach"], context.params["containers"]) == (True, ("web",))


def test_what_is_neither() -> None:
    with pytest.raises(click.UsageError, match="'perhaps' is not a valid boolean"):
        proxied(start, "--sig-proxy=perhaps", "web")


@pytest.mark.parametrize("command", [run, execute, start])
def test_help_shows_how_it_is_turned_off(command: click.Command) -> None:
    said = command.get_help(click.Context(command, info_name="verb"))
    assert "--sig-proxy=false, --no-sig-proxy" in said


def parsed(command: click.Command, words: str) -> dict[str, object]:
    return command.make_context("verb", words.split()).params


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("--all=true", {"everything": True}),
        ("--all=false", {"everything": False}),
        ("--all --all=false", {"everything": False}),
        ("-a -q --all=0", {"everything": False, "quiet": True}),
        ("--all=F -a", {"everything": True}),
        ("-a=true -q=false", {"everything": True, "quiet": False}),
        ("-aq=false", {"everything": True, "quiet": False}),
        ("-qa=T", {"everything": True, "quiet": True}),
        ("-n=5", {"last": 5}),
        ("-an=5", {"everything": True, "last": 5}),
        ("-n5", {"last": 5}),
        ("-f=status=running", {"filters": ("status=running",)}),
        ("-fstatus=running", {"filters": ("status=running",)}),
        ("-f==", {"filters": ("=",)}),
        ("-f =a=b", {"filters": ("=a=b",)}),
    ],
)
def test_flags_and_letters_as_docker_has_them(words: str, found: dict[str, object]) -> None:
    params = parsed(ps, words)
    assert {name: params[name] for name in found} == found


@pytest.mark.parametrize(
    ("words", "lasting"),
    [
        ("-it=false", (True, False)),
        ("-it --tty=false", (True, False)),
        ("-e=A=1 -it=true", (True, True)),
        ("-ite=A=1", (True, True)),
        ("-iteA=1", (True, True)),
        ("-i=0 -t", (False, True)),
    ],
)
def test_of_a_program_its_own_words_stay(words: str, lasting: tuple[bool, bool]) -> None:
    params = parsed(execute, f"{words} web sh -c=false --tty=false")
    assert (params["stdin"], params["tty"]) == lasting
    assert params["command"] == ("sh", "-c=false", "--tty=false")
    assert params["env"] == (("A=1",) if "A=1" in words else ())


def test_what_is_neither_true_nor_false_of_a_flag() -> None:
    for words in ("--all=perhaps", "-a=perhaps", "-qa=2"):
        with pytest.raises(click.UsageError, match="is not a valid boolean"):
            parsed(ps, words)


def test_nobody_is_offered_a_name_that_cannot_be_typed() -> None:
    with pytest.raises(click.UsageError) as caught:
        parsed(ps, "--alll")
    assert "\0" not in caught.value.format_message()
    assert "\0" not in ps.get_help(click.Context(ps, info_name="ps"))
