"""Programs of fakerunc that look around: themselves, and the root file system as it lies there."""

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.fakerunc_lab import Lab, Said, lab

PROCESS = {"args": ["sleep", "100"], "env": ["PATH=/bin"], "cwd": "/"}
PROGRAMS = ("sh", "sleep", "pwd", "id", "ls", "cat", "stty", "grep", "server")


@pytest.fixture
def box() -> Iterator[Lab]:
    with lab(Path(tempfile.mkdtemp(prefix="fr-", dir="/tmp"))) as one:
        rootfs = one.bundle / "rootfs"
        (rootfs / "bin").mkdir(parents=True)
        for name in PROGRAMS:
            (rootfs / "bin" / name).touch(mode=0o755)
        (rootfs / "etc").mkdir()
        (rootfs / "etc/motd").write_text("hello\n")
        (rootfs / "etc/.hidden").touch()
        (rootfs / "etc/link").symlink_to("/etc/motd")
        (rootfs / "etc/out").symlink_to(f"../../../../../..{__file__}")
        user = {"uid": 7, "gid": 8, "additionalGids": [9]}
        one.running("sleep", "100", process=PROCESS | {"user": user})
        yield one


def asked(box: Lab, *args: str) -> Said:
    return box.call("exec", *args)


# In one container: each call is a new interpreter.
SEEN = [
    ("c1 pwd", "/\n"),
    ("--cwd /etc c1 pwd", "/etc\n"),
    ("c1 id", "uid=7 gid=8 groups=8,9\n"),
    ("c1 id -G", "8 9\n"),
    ("--user 1000:1000 c1 id", "uid=1000 gid=1000 groups=1000,9\n"),
    ("--user 5 c1 id -g", "0\n"),
    ("--user 5 c1 id -u", "5\n"),
    ("-g 100 -g 65534 c1 id -G", "8 9 100 65534\n"),
    ("c1 ls /etc", "link\nmotd\nout\n"),
    ("--cwd /etc c1 ls -A", ".hidden\nlink\nmotd\nout\n"),
    ("c1 ls -a /etc/motd", "/etc/motd\n"),
    ("c1 ls -d /etc", "/etc\n"),
    ("c1 cat /etc/motd /etc/link", "hello\nhello\n"),
    ("c1 cat ../../etc/motd", "hello\n"),
]
UNSEEN = [
    ("cat /etc/nope", 1, "cat: /etc/nope: No such file or directory\n"),
    ("cat /etc/out", 1, "cat: /etc/out: No such file or directory\n"),
    ("ls nope", 1, "ls: nope: No such file or directory\n"),
    ("ls -Z", 1, "ls: this stand-in does not know -Z\n"),
    ("id -n", 1, "id: this stand-in knows -u, -g and -G only\n"),
    ("stty -a", 1, "stty: this stand-in knows size only\n"),
    ("stty size", 1, "stty: standard input: Inappropriate ioctl for device\n"),
    ("grep x y", 127, "grep: not one of the programs that fakerunc plays\n"),
]


def test_what_is_seen(box: Lab) -> None:
    for line, out in SEEN:
        assert asked(box, *line.split()) == (0, out, ""), line


def test_what_is_not_seen(box: Lab) -> None:
    for line, code, words in UNSEEN:
        assert asked(box, "c1", *line.split()) == (code, "", words)


def test_a_shell_sees_the_same(box: Lab) -> None:
    said = asked(box, "--cwd", "/etc", "c1", "sh", "-c", "pwd; cat motd >&2; ls -d .; grep")
    assert said.code == 127
    assert said.out == "/etc\n.\n"
    assert said.err.startswith("hello\ngrep: not one of")


def test_a_long_listing(box: Lab) -> None:
    lines = asked(box, "c1", "ls", "-la", "/etc").out.splitlines()
    assert lines[0].startswith("total ")
    assert [line.split()[-1] for line in lines[1:3]] == [".", ".."]
    assert lines[-2].startswith("-rw-r--r-- ")
    assert f" {os.getuid()} " in lines[-2]
    assert " link -> /etc/motd" in lines[4]


def test_a_descriptor_that_was_handed_on_is_read(box: Lab) -> None:
    opens = ("sh", "-c", 'exec 3<"$0" "$@"', str(box.bundle / "rootfs/etc/motd"))
    box.runtime = (*opens, *box.runtime)
    said = box.call("exec", "--preserve-fds", "1", "c1", "cat", "/proc/self/fd/3")
    assert said == (0, "hello\n", "")


def test_a_process_file_says_as_whom(box: Lab) -> None:
    spec = {"args": ["id"], "cwd": "/etc", "env": ["PATH=/bin"], "user": {"uid": 3, "gid": 4}}
    (box.place / "process.json").write_text(json.dumps(spec))
    said = asked(box, "--process", str(box.place / "process.json"), "c1")
    assert said.out == "uid=3 gid=4 groups=4\n"
