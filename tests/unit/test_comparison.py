"""The store and the host compared: each kind of difference, once, and nothing where there is none."""

from dataclasses import replace

import pytest

from conman.core.comparison import Finding, Seen, compare
from conman.core.model import (
    Container,
    ContainerSpec,
    Init,
    Intent,
    Operation,
    Quarantined,
    RootfsMode,
    State,
    Stored,
)
from conman.primitives.steps import ProcessId

A, B = "a" * 32, "b" * 32
INIT = Init(ProcessId("boot", 7, 70), 1, 2, "runc init")
ROW = Container(
    A, "web", ContainerSpec("/bin/true"), RootfsMode.OVERLAY, State.RUNNING, 2, init=INIT
)
REST = replace(ROW, state=State.EXITED, init=None)
STORED = Stored((ROW,), names=(("web", A),))
RUNS = {(A, 2): ("shim", "cgroup", "runtime state")}
WHOLE = Seen(
    "boot",
    has_daemon=False,
    directories=(A,),
    mounted=(A,),
    traces=RUNS,
    living=((A, 2),),
    shims=((A, 2),),
)
NOTHING = Seen("boot", has_daemon=False)


def told(stored: Stored, seen: Seen) -> list[str]:
    found = compare(stored, seen)
    assert all(each.advice for each in found)
    return [each.what for each in found]


def test_nothing_to_find() -> None:
    assert told(Stored(), NOTHING) == []
    assert told(STORED, WHOLE) == []
    assert told(Stored((REST,)), replace(NOTHING, directories=(A,))) == []
    copied = Stored((replace(ROW, rootfs_mode=RootfsMode.COPY),))
    assert told(copied, replace(WHOLE, mounted=())) == []


@pytest.mark.parametrize(
    ("seen", "what"),
    [
        (replace(WHOLE, directories=()), "its directory is missing"),
        (replace(WHOLE, living=()), "its process 7 has ended, and nobody settled that"),
        (replace(WHOLE, shims=()), "the shim of run 2 is gone"),
        (replace(WHOLE, mounted=()), "its root file system is not mounted"),
        (replace(WHOLE, boot_id="next"), "run 2 was of an earlier boot and is not settled"),
        (
            replace(WHOLE, traces={**RUNS, (A, 1): ("call lock",)}),
            "left of run 1: call lock",
        ),
        (
            replace(WHOLE, unreadable=("/d/containers/odd",)),
            "/d/containers/odd is nothing of conman's",
        ),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_a_prepared_run(seen: Seen, what: str) -> None:
    assert told(STORED, seen) == [what]


def test_what_rests_owns_its_directory_only() -> None:
    seen = replace(WHOLE, living=(), shims=())
    assert told(Stored((REST,)), seen) == [
        "left of run 2: shim, cgroup, runtime state",
        "its root file system is still mounted",
    ]


def test_what_nobody_owns() -> None:
    seen = replace(
        NOTHING, directories=(A,), trash=(B,), mounted=(A,), traces={(A, 1): ("cgroup",)}
    )
    dead = "no record owns it: run 1: cgroup; a directory; a mount"
    assert told(Stored(), seen) == [dead, "no record owns it: a directory in the trash"]
    living = replace(seen, trash=(), members={(A, 1): (5, 6)})
    [found] = compare(Stored(), living)
    assert found.what == f"{dead}; processes 5, 6 live"
    assert found.advice == f"conmanctl container remove --force {A}"


@pytest.mark.parametrize("has_daemon", [True, False])
def test_what_is_being_done_is_a_finding_only_when_nobody_does_it(*, has_daemon: bool) -> None:
    intent = Intent(A, Operation.STOP, 2, "boot", 1)
    stored = replace(STORED, intents=(intent,))
    seen = replace(NOTHING, has_daemon=has_daemon)
    assert told(stored, seen) == ([] if has_daemon else ["stop of run 2 was interrupted"])


def test_a_quarantined_record_keeps_its_objects() -> None:
    stored = Stored((), (), (), (("web", A),), (Quarantined(A, "torn"),))
    assert compare(stored, replace(WHOLE, living=(), shims=())) == (
        Finding(A, "web", "its record cannot be read: torn", "conmand repair shows and saves it"),
    )
