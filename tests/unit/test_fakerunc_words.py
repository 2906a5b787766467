"""What fakerunc prints, to the letter: state, list, log lines, in Go's manner."""

import errno
import json
import re
from pathlib import Path

import pytest

from fakerunc.log import Log, complaint_about, go_error, rfc3339
from fakerunc.model import Record, render_list, render_state

RECORD = Record("c1", 42, 7, "/b", "/b/rootfs", "2026-01-02T03:04:05.6Z")
MARKED = Record(
    "c1", 42, 7, "/b", "/b/rootfs", "2026-01-02T03:04:05.6Z", (("a", '1<>&"\u2028é'), ("b", "2"))
)


def test_state_is_indented_and_ends_without_a_newline() -> None:
    assert render_state(RECORD, "created") == (
        '{\n  "ociVersion": "1.0.2-dev",\n  "id": "c1",\n  "pid": 42,\n  "status": "created",\n'
        '  "bundle": "/b",\n  "rootfs": "/b/rootfs",\n  "created": "2026-01-02T03:04:05.6Z",\n'
        '  "owner": ""\n}'
    )


def test_a_stopped_container_has_no_pid() -> None:
    assert json.loads(render_state(RECORD, "stopped"))["pid"] == 0
    assert json.loads(render_list([(RECORD, "stopped", "root")]))[0]["pid"] == 0


def test_annotations_stand_before_the_owner_and_are_safe_in_html() -> None:
    text = render_state(MARKED, "running")
    assert r'"a": "1\u003c\u003e\u0026\"\u2028é"' in text
    assert text.index('"created"') < text.index('"annotations"') < text.index('"owner"')


def test_list_is_one_line() -> None:
    assert render_list([]) == "null\n"
    text = render_list([(RECORD, "running", "root")])
    assert text.startswith('[{"ociVersion":"1.0.2-dev","id":"c1","pid":42,"status":"running",')
    assert text.endswith('"owner":"root"}]\n')


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_570_358_641_000_000_000, "2019-10-06T10:44:01Z"),
        (1_570_358_641_638_320_200, "2019-10-06T10:44:01.6383202Z"),
        (1_570_358_641_000_000_001, "2019-10-06T10:44:01.000000001Z"),
    ],
)
def test_times_lose_their_last_zeros(nanoseconds: int, text: str) -> None:
    assert rfc3339(nanoseconds) == text


@pytest.mark.parametrize(
    ("words", "quoted"),
    [
        ("EOF", "EOF"),
        ("a/b_c.d@e+f^g-1", "a/b_c.d@e+f^g-1"),
        ("two words", '"two words"'),
        ('unknown "X"', r'"unknown \"X\""'),
        (r"\x00", r'"\\x00"'),
        ("a\n", r'"a\n"'),
        ("é", '"é"'),
        ("", ""),
    ],
)
def test_a_text_line(words: str, quoted: str, capfd: pytest.CaptureFixture[str]) -> None:
    Log().error(words)
    line = re.sub(r'"\d{4}-[^"]*"', "T", capfd.readouterr().err)
    assert line == f"time=T level=error msg={quoted}\n"


def test_a_file_gets_the_line_and_stderr_the_words(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "log"
    log = Log(str(path), "json")
    log.warning("first")
    log.error("a <b>")
    assert capfd.readouterr().err == "a <b>\n"
    first, second = path.read_text().splitlines()
    assert first.startswith('{"level":"warning","msg":"first","time":"')
    assert second.startswith(r'{"level":"error","msg":"a \u003cb\u003e","time":"')


def test_debug_names_the_origin(capfd: pytest.CaptureFixture[str]) -> None:
    Log(debug=True).error("x")
    assert capfd.readouterr().err.endswith('func="main.fatalWithCode()" file="utils.go:61"\n')


def test_a_log_that_cannot_be_kept(tmp_path: Path) -> None:
    missing = str(tmp_path / "nope/log")
    assert complaint_about(Log(form="xml")) == "invalid log-format: xml"
    assert complaint_about(Log(missing)) == f"open {missing}: no such file or directory"
    assert complaint_about(Log(str(tmp_path / "log"))) == ""


def test_errors_are_worded_as_in_go() -> None:
    assert go_error("mkdir", "/x", NotADirectoryError(errno.ENOTDIR, "")) == (
        "mkdir /x: not a directory"
    )


def test_a_log_that_is_full_is_told_and_then_the_words(capfd: pytest.CaptureFixture[str]) -> None:
    Log("/dev/full").error("x")
    lost = "Failed to write to log, write /dev/full: no space left on device"
    assert capfd.readouterr().err == f"{lost}\nx\n"


def test_a_relative_log_stays_where_its_caller_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bundle").mkdir()
    log = Log("log", folder=str(tmp_path))
    monkeypatch.chdir(tmp_path / "bundle")
    log.warning("x")
    assert (tmp_path / "log").read_text().endswith("msg=x\n")
    assert complaint_about(Log("nope/log")) == "open nope/log: no such file or directory"
