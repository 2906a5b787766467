"""Real runc and fakerunc beside each other where the command line or the host gives them trouble.

As in test_fakerunc_truth.py a difference is a failure.
"""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.fakerunc_lab import Lab, Said
from tests.integration.test_fakerunc_truth import (
    BUSYBOX,
    CREATE,
    PROCESS,
    both,
    compare,
    furnish,
    make,
    plain,
    two_labs,
)

pytestmark = [
    pytest.mark.runc,
    pytest.mark.skipif(shutil.which("busybox") is None, reason="busybox-static is not installed"),
]

Pair = tuple[Lab, Lab]


@pytest.fixture
def pair() -> Iterator[Pair]:
    with two_labs() as both_of_them:
        yield both_of_them


FULL = ("--log", "/dev/full")


def test_a_log_that_is_full(pair: Pair) -> None:
    compare(pair, "state", "nope", globals_=FULL)
    compare(pair, "state", "nope", globals_=(*FULL, "--log-format", "json"))
    compare(pair, "list", globals_=FULL)


PRINTED = [
    "state c1", "list", "list -q", "list -f json", "list -f xml", "list --help", "ps c1",
    "ps -f json c1", "events --stats c1", "features", "state", "bogus", "create --help",
]  # fmt: skip


@pytest.mark.parametrize("taken", ["/dev/full", "/dev/null"])
def test_an_output_that_takes_nothing(taken: str, pair: Pair) -> None:
    """Full, or one that can only be read."""
    both(pair, lambda one: make(one, "running"))
    kept = os.open(taken, os.O_WRONLY if taken == "/dev/full" else os.O_RDONLY)
    for one in pair:
        one.stdout = kept
    for line in PRINTED:
        compare(pair, *line.split())
    for one in pair:
        one.stdout = None
    os.close(kept)


def test_a_relative_log_is_the_callers(pair: Pair) -> None:
    """Both create and exec go into the bundle; their words do not."""
    both(pair, lambda one: make(one, "running"))
    logs: list[Said] = []
    for one in pair:
        log = one.place / "log"
        here = ("--log", os.path.relpath(log, Path(__file__).resolve().parents[2]))
        assert one.call("exec", "c1", "/bin/nope", globals_=here).code == 255
        bundle = ("--bundle", str(one.bundle))
        assert one.call("create", *bundle, "c1", globals_=here).code == 1
        logs.append(plain(one, Said(0, log.read_text(), "")))
    assert logs[1] == logs[0]
    assert logs[0].out.count("\n") == 2


def bound(source: str, option: str) -> dict[str, object]:
    return {"destination": "/x", "source": source, "options": [option]}


PROC = {"destination": "/proc", "type": "proc", "source": "proc"}
SOURCES = (("/nonexist", "bind"), ("nonexist", "rbind"), ("/dev/null/x", "bind"))
REFUSED: list[dict[str, object]] = [
    *({"mounts": [PROC, bound(source, option)]} for source, option in SOURCES),
    *(
        {"linux": {"namespaces": [{"type": kind} for kind in kinds]}}
        for kinds in (("pid", "net"), ("pid", "pid"), ("mount", ""))
    ),
    *(
        {"process": PROCESS | {"rlimits": [{"type": name, "soft": 9, "hard": 9}]}}
        for name in ("RLIMIT_BOGUS", "NOFILE", "")
    ),
    {"process": PROCESS | {"args": ["/nope"], "rlimits": [{"type": "X"}]}},
    {"process": PROCESS | {"terminal": True, "rlimits": [{"type": "X"}]}},
    {"process": PROCESS | {"args": ["/a\0b"]}},
    {"process": PROCESS | {"env": ["a=b\0c"]}},
    {"root": {"path": "a\0b"}},
    {"hooks": {"prestart": [{"path": "/a\0b"}]}},
]


def test_what_create_refuses(pair: Pair) -> None:
    for changes in REFUSED:
        for one in pair:
            furnish(one, *BUSYBOX, **changes)
        assert compare(pair, *CREATE, what=str(changes)).code == 1, changes


NUMBERS = ["-1", "1.5", '"abc"', "true", "4294967296", "[]", "{}"]


def test_what_is_no_user_is_refused_before_anything_is_made(pair: Pair) -> None:
    """In words of its own, but naming the same."""
    for number in NUMBERS:
        for one in pair:
            furnish(one, *BUSYBOX, process=PROCESS | {"user": {"uid": json.loads(number)}})
            said = one.call("create", "--bundle", str(one.bundle), "c1")
            assert said.code == 1, number
            assert "runc create failed: json: cannot unmarshal" in said.err
            assert "uid of type uint32" in said.err
            assert not (one.root / "c1").exists()


LINES = [
    "help", "h", "help create", "h kill", "help list x", "help help", "help nope", "---x", "-=x",
    "create -b X --bundle Y c2", "-v --version", "delete -h --help", "exec --preserve-fds 08 c1 true",
    "kill", "bogus", "--log /dev/null bogus", "--log /dev/null help nope", "update --pids-limit +x c1",
]  # fmt: skip


def test_lines_and_helps(pair: Pair) -> None:
    for line in LINES:
        compare(pair, *line.split(), only_headline=True)


def test_an_exec_reads_the_group_first(pair: Pair) -> None:
    both(pair, lambda one: make(one, "running"))
    for user in ("a:b", "a:", "a", "1:b"):
        compare(pair, "exec", "-u", user, "c1", "true")
