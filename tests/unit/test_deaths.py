"""How a life is to end on a real stage: its words, and what of it makes no sense."""

import pytest

from conman.core.effects import vocabulary
from conman.engine.thread_names import COMM_BYTES
from scenarios import __main__ as harness
from scenarios.stages.deaths import By, Death, With, death
from scenarios.usage import Usage


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("start-container/RuntimeStart/after@2", Death("start-container/RuntimeStart/after@2")),
        ("call:PrepareBundle@3", Death("PrepareBundle@3", By.CALL)),
        ("call:conman-shim#2@3", Death("conman-shim#2@3", By.CALL)),
        ("fails:EIO:conman-shim#12@7", Death("conman-shim#12@7", By.ERROR, what="EIO")),
        ("cut:call:store@7", Death("store@7", By.CALL, With.CUT)),
        ("cut:a/B/before", Death("a/B/before", company=With.CUT)),
        ("group:a/B/before", Death("a/B/before", company=With.GROUP)),
        ("all:call:store@7", Death("store@7", By.CALL, With.ALL)),
        ("runtime:create@make-cgroup#3", Death("create@make-cgroup#3", By.RUNTIME)),
        ("fails:EIO:store@7", Death("store@7", By.ERROR, what="EIO")),
        ("full:tmpfs:store@7", Death("store@7", By.FULL, what="tmpfs")),
    ],
)
def test_a_death_is_read_and_written(text: str, expected: Death) -> None:
    assert death(text) == expected
    assert str(expected) == text


@pytest.mark.parametrize(
    "text",
    [
        *("call:PrepareBundle", "call:@3", "call:store@0", "call:store@x", "cut:call:store@"),
        *("call:store#1@3", "call:store#0@3", "call:store#02@3", "call:store#@3", "call:#2@3"),
        *("call:store#2#2@3", "call:store@2#2", "call:x@1@2"),
    ],
)
def test_what_is_no_syscall_point_is_refused(text: str) -> None:
    with pytest.raises(Usage, match="COMM@N"):
        death(text)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("runtime:create", "COMMAND@STEP"),
        ("runtime:create@rename-state#0", "COMMAND@STEP"),
        ("fails:EBUSY:store@1", "ERROR one of ENOSPC"),
        ("fails:EIO:store", "COMM@N"),
        ("full:store@1", "DISK one of ext4"),
    ],
)
def test_what_is_no_such_thing_is_refused(text: str, form: str) -> None:
    with pytest.raises(Usage, match=form):
        death(text)


@pytest.mark.parametrize(
    "text", ["cut:call:conman-shim@1", "group:runtime:create@begin", "all:fails:EIO:store@1"]
)
def test_who_dies_with_the_daemon_dies_of_its_death(text: str) -> None:
    with pytest.raises(Usage, match="with the daemon"):
        death(text)


def test_whose_death_it_is() -> None:
    assert death("call:store@1").is_the_daemons
    assert not death("call:conman-shim@1").is_the_daemons
    assert not death("call:conman-zygote@1").is_the_daemons
    assert not death("call:conman-shim#2@1").is_the_daemons
    assert death("call:conman-shim#2@1").is_a_shims
    assert death("call:conman-zygote#3@1").whose == "zygote"
    assert not death("runtime:create@begin").is_the_daemons
    assert not death("fails:EIO:store@1").is_the_daemons


def test_no_two_effects_have_the_same_thread_name() -> None:
    names = [each.__name__ for each in vars(vocabulary).values() if isinstance(each, type)]
    assert len({name[:COMM_BYTES] for name in names}) == len(names) > 20


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("sweep", "--stage", "simulated"), "it has no system calls"),
        (("sweep", "--stage", "moon"), "there is no stage 'moon'"),
        (("sweep", "--every", "0"), "--every 0 makes no sense"),
        (("sweep", "create", "--plant", "/dev/null"), "--plant /dev/null"),
        (("sweep", "pause-refused"), "cannot be played on fake"),
        (("play", "create", "--crash", "cut:create-container/MountRootfs/after"), "explore cuts"),
        (("play", "create", "--crash", "all:a/B/before"), "nobody dies with a daemon"),
        (("play", "create", "--crash", "group:a/B/before"), "no control group to kill"),
        (("play", "create", "--crash", "runtime:create@begin"), "no runtime can be killed"),
        (
            ("play", "create", "--stage", "fake", "--crash", "runtime:create@moon"),
            "the steps of fakerunc are begin, make-directory",
        ),
    ],
)
def test_what_cannot_be_swept_is_said(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert harness.main(words) == 2
    assert said in capsys.readouterr().err
