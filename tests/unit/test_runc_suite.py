"""What `make runc-suite` makes of TAP, of its list and of a machine that lacks something."""

import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from runc_suite import __main__ as suite
from runc_suite import outfit, playing, source, tap
from runc_suite.expected import PASSES, Expected, load
from runc_suite.refusal import Refusal
from runc_suite.tap import FAILED, OK, SILENT, SKIPPED, Result

SAID = """1..4\r
ok 1 runc create\r
ok 2 checkpoint and restore # skip test requires criu\r
not ok 3 mask paths [file]\r
# (in test file mask.bats, line 33)\r
#   `[ "$status" -eq 0 ]' failed\r
"""
NAMES = ("runc create", "checkpoint and restore", "mask paths [file]", "runc start")


def test_each_test_has_an_outcome() -> None:
    assert tap.results(SAID, NAMES) == [
        Result("runc create", OK),
        Result("checkpoint and restore", SKIPPED, "test requires criu"),
        Result(
            "mask paths [file]",
            FAILED,
            '# (in test file mask.bats, line 33)\n#   `[ "$status" -eq 0 ]\' failed\n',
        ),
        Result("runc start", SILENT),
    ]


def test_what_follows_a_failure_may_be_a_success() -> None:
    assert [one.outcome for one in tap.results("not ok 1 a\n# x\nok 2 b\n# y\n", ("a", "b"))] == [
        FAILED,
        OK,
    ]


def test_names_are_found_in_the_source() -> None:
    text = 'load helpers\n\n@test "a (b) [c]" {\n\ttrue\n}\n# @test "no" {\n@test "d" {\n'
    assert tap.names(text) == ("a (b) [c]", "d")


def expected(fake: str = PASSES, runc: str | None = None) -> Expected:
    return Expected(
        version="1",
        reasons={"mounts": "it has none"},
        fake={"a.bats": {"t": fake}},
        runc={"a.bats": {"t": runc}} if runc else {},
        left_out={},
    )


@pytest.mark.parametrize(
    ("list_", "runtime", "outcome", "words"),
    [
        (expected(), "fakerunc", OK, ""),
        (expected(), "fakerunc", SKIPPED, ""),
        (expected(), "fakerunc", FAILED, "failed, and is listed: passes"),
        (expected(), "fakerunc", SILENT, "did not come to its turn, and is listed: passes"),
        (expected("mounts"), "fakerunc", FAILED, ""),
        (expected("mounts"), "fakerunc", SKIPPED, ""),
        (expected("mounts"), "fakerunc", OK, "as one that cannot (mounts)"),
        (expected("mounts"), "fakerunc", SILENT, "did not come to its turn"),
        (expected("mounts"), "runc", OK, ""),
        (expected("mounts"), "runc", FAILED, "failed"),
        (expected(runc="network"), "runc", FAILED, ""),
        (expected(runc="network"), "runc", OK, "as one that cannot (network)"),
        (expected("skips"), "fakerunc", FAILED, ""),
        (expected("skips"), "fakerunc", OK, ""),
    ],
)
def test_the_list_is_held_to(list_: Expected, runtime: str, outcome: str, words: str) -> None:
    found = list(list_.complaints(runtime, "a.bats", [Result("t", outcome)]))
    assert len(found) == bool(words)
    assert all(words in sentence for sentence in found)


def test_the_list_is_whole_in_both_directions() -> None:
    (first, second) = expected().complaints("fakerunc", "a.bats", [Result("u", OK)])
    assert "u: is not in expected.toml" in first
    assert "t: is listed, and no test of" in second


def test_our_own_list_can_be_read() -> None:
    found = load()
    assert sum(len(tests) for tests in found.fake.values()) > 100


def test_reasons_are_known_and_used(tmp_path: Path) -> None:
    text = 'version = "1"\n[reasons]\nmounts = "none"\n[fakerunc."a.bats"]\n"t" = "mounds"\n'
    (tmp_path / "list").write_text(text + "[runc]\n[left-out]\n")
    with pytest.raises(ValueError, match=r"\['mounds', 'mounts'\]"):
        load(tmp_path / "list")


def test_the_machines_own_sources_are_asked_for_source_packages(tmp_path: Path) -> None:
    parts = tmp_path / "machine/sources.list.d"
    parts.mkdir(parents=True)
    (parts / "debian.sources").write_text("Types: deb\nURIs: https://a/debian\nSigned-By: /k.gpg\n")
    (parts / "other.list").write_text("# deb x\ndeb [signed-by=/k] https://b/ bookworm main\n")
    (parts / "off.list.disabled").write_text("deb https://c/ bookworm main\n")
    assert source.write_lists(tmp_path / "machine", tmp_path / "into") == 2
    assert (tmp_path / "into/debian.sources").read_text() == (
        "Types: deb-src\nURIs: https://a/debian\nSigned-By: /k.gpg\n"
    )
    assert (tmp_path / "into/other.list").read_text() == (
        "# deb x\ndeb-src [signed-by=/k] https://b/ bookworm main\n"
    )


def test_no_sources_at_all(tmp_path: Path) -> None:
    assert source.write_lists(tmp_path / "machine", tmp_path / "into") == 0


def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    monkeypatch.setattr("sys.argv", ["runc-suite"])
    assert suite.main() == 1
    return capsys.readouterr().err


def test_it_says_that_it_needs_root(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert refused(monkeypatch, capsys) == (
        "runc-suite: runc makes real containers here, which needs root: run it as root\n"
    )


def test_it_names_what_is_not_installed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("shutil.which", lambda name: None if name in {"bats", "jq"} else name)
    assert "these are not installed: bats, jq: `make runc-suite`" in refused(monkeypatch, capsys)


def test_a_source_that_cannot_be_fetched_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def failing(words: tuple[str, ...], **_: object) -> subprocess.CompletedProcess[str]:
        code = 0 if words[0] == "dpkg-query" else 100
        said = "1.2-3" if words[0] == "dpkg-query" else "E: 1\nE: could not resolve\n"
        return subprocess.CompletedProcess(words, code, said, "")

    monkeypatch.setattr("subprocess.run", failing)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/sources.list").write_text("deb https://a/ b main\n")
    monkeypatch.setattr(source, "_SOURCES", tmp_path / "etc")
    with pytest.raises(Refusal, match=r"apt-get: E: could not resolve\): is there a network\?"):
        source.fetched(tmp_path / "place")


def test_a_machine_without_sources_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(source, "_SOURCES", tmp_path / "etc")
    monkeypatch.setattr(source, "version", lambda: "1.2-3")
    with pytest.raises(Refusal, match="names no Debian archive"):
        source.fetched(tmp_path / "place")


def test_another_machine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(Refusal, match="not run on riscv64: only on x86_64, aarch64"):
        outfit.architecture()


def on_terminal(place: Path, line: str) -> str:
    environment = {"PATH": "/bin:/usr/bin", "TMPDIR": str(place), "RUNC": "./runc"}
    return playing._on_terminal(("sh", "-c", line), place, environment, threading.Event())


def test_a_command_has_a_terminal_and_ends_with_its_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(playing, "FILE_LIMIT_S", 0.5)
    monkeypatch.setattr(playing, "_LOOK_S", 0.1)
    assert on_terminal(tmp_path, "tty; sleep 100").startswith("/dev/pts/")


@pytest.mark.parametrize("line", ["exec ./runc 100", "env -i sleep 100"])
def test_whoever_is_silent_is_hung_up(
    line: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A call of the runtime, and a container's process; who waits for them goes on."""
    monkeypatch.setattr(playing, "TEST_LIMIT_S", 0.5)
    monkeypatch.setattr(playing, "FILE_LIMIT_S", 20)
    monkeypatch.setattr(playing, "_LOOK_S", 0.1)
    (tmp_path / "runc").symlink_to(str(shutil.which("sleep")))
    assert on_terminal(tmp_path, f"x=$({line}); echo on").endswith("on\r\n")
