"""What runtimes say when they cannot, and the reason that a client is told."""

from pathlib import Path

import pytest

from conman.core.runtime import failure_of, refusal_of
from conman.errors import Code
from conman.primitives.steps import Failed, Result, RuntimeAnswer, TimedOut
from conman.shim.runtime import is_missing

MISSING, FORBIDDEN, FAILED = "CommandNotFound", "CommandNotExecutable", "RuntimeFailed"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ('exec: "x": executable file not found in $PATH', MISSING),
        ('exec: "/bin/x": stat /bin/x: no such file or directory', MISSING),
        ("executable file `x` not found in $PATH: No such file or directory", MISSING),
        ('exec: "/bin/x": permission denied', FORBIDDEN),
        ('exec: "/bin": is a directory', FORBIDDEN),
        ("open executable: Permission denied", FORBIDDEN),
        ("open executable: Operation not permitted", FORBIDDEN),
        ("cgroups in hybrid mode not supported", FAILED),
        ("mount /proc: no such file or directory", FAILED),
        ("", FAILED),
    ],
)
def test_words_of_runc_and_crun(words: str, reason: str) -> None:
    refusal = refusal_of("create", "runc", RuntimeAnswer(1, "", words), "x")
    assert refusal.reason == reason
    assert words in refusal.what


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (TimedOut(), Code.DEADLINE_EXCEEDED, "did not end in time"),
        (Failed("ENOENT", "no"), Code.FAILED_PRECONDITION, "the runtime /a/crun is not installed"),
        (Failed("EACCES", "no"), Code.FAILED_PRECONDITION, "cannot run /a/crun: no"),
        (RuntimeAnswer(0, "", ""), Code.FAILED_PRECONDITION, "answered 0 but left no container"),
    ],
    ids=repr,
)
def test_a_client_need_not_try_these_again(answer: Result, code: Code, said: str) -> None:
    """UNAVAILABLE would have it repeat them by itself."""
    refusal = refusal_of("create", "/a/crun", answer, "x")
    assert refusal.code is code
    assert said in refusal.what
    assert refusal.hint


def test_what_a_shim_says_of_a_call() -> None:
    assert failure_of(RuntimeAnswer(137, "", "timed out")) == TimedOut()
    missing = RuntimeAnswer(127, "", "cannot run runc: No such file or directory")
    assert failure_of(missing) == Failed("ENOENT", missing.stderr)
    its_own = RuntimeAnswer(127, "", "sh: runc: not found")
    assert failure_of(its_own) == its_own


def test_a_path_that_may_not_be_searched_hides_no_missing_runtime(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("conman.shim.runtime._PATH", str(tmp_path))
    (tmp_path / "text").touch()
    denied = PermissionError(13, "Permission denied")
    assert is_missing("crunch", denied)
    assert is_missing("/a/crun", FileNotFoundError(2, "none"))
    assert not is_missing("text", denied)
    assert not is_missing("/a/crun", denied)
    assert not is_missing("crunch", OSError(12, "no memory"))
