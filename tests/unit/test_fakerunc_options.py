"""The command line as urfave/cli and Go's flag package read it, slips included."""

import pytest

from fakerunc import help as fakerunc_help
from fakerunc.options import COMMANDS, Invocation, UsageError, read
from fakerunc.signals import parse

TWO = "Cannot use two forms of the same flag:"
NINES = "9" * 20
GROUPS = f'invalid value "{NINES}" for flag -g: strconv.ParseInt: parsing "{NINES}": '
PRESERVED = 'invalid value "{}" for flag -preserve-fds: '


def reading(line: str) -> Invocation:
    return read(line.split())


@pytest.mark.parametrize(
    ("line", "options", "command", "flags", "arguments"),
    [
        ("state c1", {}, "state", {}, ["c1"]),
        ("--root /r state c1", {"root": "/r"}, "state", {}, ["c1"]),
        ("--root=/r -debug state c1", {"root": "/r", "debug": "true"}, "state", {}, ["c1"]),
        ("--log-format json --log F list", {"log-format": "json", "log": "F"}, "list", {}, []),
        ("create -b B --pid-file P c1", {}, "create", {"bundle": "B", "pid-file": "P"}, ["c1"]),
        ("create --no-pivot c1", {}, "create", {"no-pivot": "true"}, ["c1"]),
        ("create c1 --bundle B", {}, "create", {"bundle": "B"}, ["c1"]),
        ("delete c1 --force", {}, "delete", {"force": "true"}, ["c1"]),
        ("delete -f c1", {}, "delete", {"force": "true"}, ["c1"]),
        ("delete --force=false c1", {}, "delete", {}, ["c1"]),
        ("kill c1 -9", {}, "kill", {}, ["c1", "-9"]),
        ("kill c1 KILL --all", {}, "kill", {"all": "true"}, ["c1", "KILL"]),
        ("kill -a c1 9", {}, "kill", {"all": "true"}, ["c1", "9"]),
        ("state -- c1", {}, "state", {}, ["c1"]),
        ("-- state c1", {}, "state", {}, ["c1"]),
        ("bogus --x y", {}, "bogus", {}, ["--x", "y"]),
        ("", {}, "", {}, []),
        ("-v", {"version": "true"}, "", {}, []),
        ("-h delete", {"help": "true"}, "delete", {}, []),
        ("delete -h", {}, "delete", {"help": "true"}, []),
        ("kill c1 KILL more --help", {}, "kill", {"help": "true"}, ["c1", "KILL", "more"]),
    ],
)
def test_reading(
    line: str, options: dict[str, str], command: str, flags: dict[str, str], arguments: list[str]
) -> None:
    assert reading(line) == Invocation(options, command, flags, arguments)


@pytest.mark.parametrize(
    ("line", "words", "headline"),
    [
        *(
            (f"{command} {word}", f"bad flag syntax: {word}", f"{where} bad flag syntax: {word}")
            for command, where in (("", "Incorrect Usage."), ("create", "Incorrect Usage:"))
            for word in ("---x", "-=x", "--=x")
        ),
        *(
            (line, f"{TWO} {forms}", f"Incorrect Usage: {TWO} {forms}")
            for line, forms in (
                ("create -b X --bundle Y c1", "b bundle"),
                ("run -d --detach c1", "d detach"),
                ("exec -e A=b --env C=d c1 true", "e env"),
                ("delete -f --force=false c1", "f force"),
                ("delete -h --help", "h help"),
            )
        ),
        ("-v --version", f"{TWO} v version", f"{TWO} v version"),
        *(
            (f"exec --preserve-fds {text} c1 true", f"{PRESERVED.format(text)}{why}", "")
            for text, why in (
                ("08", "parse error"),
                ("1__0", "parse error"),
                ("٣", "parse error"),
                ("99999999999999999999", "value out of range"),
                ("9223372036854775808", "value out of range"),
            )
        ),
        (
            "exec -g 99999999999999999999 c1 true",
            f"{GROUPS}value out of range",
            "",
        ),
        (
            "events --interval 9999999999999h c1",
            'invalid value "9999999999999h" for flag -interval: parse error',
            "",
        ),
        ("state", 'runc: "state" requires exactly 1 argument(s)', "Incorrect Usage."),
        ("list a", 'runc: "list" requires exactly 0 argument(s)', "Incorrect Usage."),
        ("kill", 'runc: "kill" requires a minimum of 1 argument(s)', "Incorrect Usage."),
        ("kill a b c", 'runc: "kill" requires a maximum of 2 argument(s)', "Incorrect Usage."),
        (
            "--bogus",
            "flag provided but not defined: -bogus",
            "Incorrect Usage. flag provided but not defined: -bogus",
        ),
        (
            "state -x a",
            "flag provided but not defined: -x",
            "Incorrect Usage: flag provided but not defined: -x",
        ),
        (
            "create --bundle",
            "flag needs an argument: -bundle",
            "Incorrect Usage: flag needs an argument: -bundle",
        ),
        (
            "create --preserve-fds x a",
            'invalid value "x" for flag -preserve-fds: parse error',
            'Incorrect Usage: invalid value "x" for flag -preserve-fds: parse error',
        ),
    ],
)
def test_misreading(line: str, words: str, headline: str) -> None:
    with pytest.raises(UsageError) as problem:
        reading(line)
    assert problem.value.words == words
    assert problem.value.headline == (headline or f"Incorrect Usage: {words}")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0x10", "16"),
        ("+3", "3"),
        ("-3", "-3"),
        ("07", "7"),
        ("0_7", "7"),
        ("1_0", "10"),
        ("0b1", "1"),
    ],
)
def test_spellings_of_numbers(text: str, number: str) -> None:
    assert reading(f"update --pids-limit {text} c1").flags == {"pids-limit": number}


def test_a_miscount_is_told_by_who_was_called() -> None:
    with pytest.raises(UsageError) as problem:
        read(["kill"], "/usr/sbin/runc")
    words = '/usr/sbin/runc: "kill" requires a minimum of 1 argument(s)'
    assert problem.value.words == words


def test_a_misread_command_keeps_the_log_that_was_asked_for() -> None:
    with pytest.raises(UsageError) as problem:
        reading("--log F state")
    assert problem.value.options == {"log": "F"}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("", 15),
        ("9", 9),
        ("KILL", 9),
        ("SIGKILL", 9),
        ("sigkill", 9),
        ("Kill", 9),
        ("015", 15),
        ("+15", 15),
        ("-1", -1),
        ("99", 99),
        ("STKFLT", 16),
        ("SIGSIGKILL", None),
        ("RTMIN", None),
        ("CLD", None),
        ("15x", None),
        ("0x9", None),
        ("1_0", None),
        (" 9", None),
        ("٩", None),
        ("9" * 20, None),
    ],
)
def test_names_of_signals(text: str, number: int | None) -> None:
    assert parse(text) == number


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_its_help(command: str) -> None:
    lines = fakerunc_help.text("runc", command).splitlines()
    assert lines[0] == "NAME:"
    assert lines[1].startswith(f"   runc {command} - ")
    assert f"   {command:12}" in fakerunc_help.text("runc")


def test_the_help_goes_by_its_name_and_names_what_it_is() -> None:
    assert (
        fakerunc_help.text("runc")
        .splitlines()[1]
        .startswith("   runc - Open Container Initiative runtime, by fakerunc")
    )
    assert "--preserve-fds value\n" in fakerunc_help.text("fakerunc", "create")
    assert "--force, -f\n" in fakerunc_help.text("fakerunc", "delete")
