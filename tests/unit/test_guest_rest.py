"""How long a guest is waited for: until it is at rest, or until waiting mends nothing any more; and whom it finds."""

import os
import subprocess
from itertools import chain, repeat
from pathlib import Path
from typing import cast

import pytest

from scenarios.stages import guest_rest
from scenarios.stages.daemon import Daemon
from scenarios.stages.real_host import ZYGOTE, RealHost
from scenarios.stages.real_rest import Seen
from scenarios.violation import Violation

GOOD, MORE = Seen((), ()), Seen((), ("shim web-1",))
NOT_SEEN = Violation("I1", "not seen")


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guest_rest, "_LOOK_S", 0)


def looks(*seen: Seen | Violation) -> tuple[str, Seen | Violation]:
    """What is told, and what nobody looked at any more."""
    left = chain(seen, repeat(Violation("I9", "looked again")))

    def look() -> Seen:
        found = next(left)
        if isinstance(found, Violation):
            raise found
        return found

    told = guest_rest.rested(look)
    return ("" if told is None else told.what), next(left)


@pytest.mark.parametrize(
    "seen",
    [
        (Violation("I5", "open intents"), Violation("I7", "a shim"), GOOD, GOOD),
        (GOOD, Violation("I7", "a mount"), GOOD, GOOD),
        (GOOD, MORE, MORE),
    ],
)
def test_what_a_host_does_before_it_rests_is_waited_for(seen: tuple[Seen | Violation, ...]) -> None:
    assert looks(*seen, NOT_SEEN) == ("", NOT_SEEN)


@pytest.mark.parametrize("invariant", ["I9", "I11", "I13"])
def test_what_is_durable_stays_as_it_is(invariant: str) -> None:
    told = looks(Violation("I8", "is dead"), Violation(invariant, "is torn"), NOT_SEEN)
    assert told == ("is torn", NOT_SEEN)


def test_what_nothing_mends_is_told_at_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guest_rest, "_REST_S", -1)
    assert looks(Violation("I7", "a shim"), NOT_SEEN) == ("a shim", NOT_SEEN)


class Holding:
    """A host with these things, and no row."""

    def __init__(self, *things: str) -> None:
        self.things = [*things]

    def found(self, rows: tuple[()]) -> list[str]:
        assert rows == ()
        return self.things


def test_what_is_left_is_told_line_by_line() -> None:
    with pytest.raises(Violation) as told:
        guest_rest.looked_at(cast("RealHost", Holding("mount a", "shim b")))
    assert told.value.what == "mount a\nshim b"
    assert guest_rest.looked_at(cast("RealHost", Holding())) == GOOD


@pytest.fixture
def guest(tmp_path: Path) -> guest_rest.GuestHost:
    daemon = Daemon(tmp_path)
    daemon.data, daemon.run = tmp_path / "d", tmp_path / "r"
    for place in (daemon.data, daemon.run):
        place.mkdir()
    (daemon.data / "instance").write_text("of-nobody")
    return guest_rest.GuestHost(daemon, "runc")


@pytest.mark.parametrize("is_ours", [True, False])
def test_a_zygote_of_a_daemon_that_is_no_more_is_left(
    guest: guest_rest.GuestHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_ours: bool
) -> None:
    """Of another daemon that lives nobody knows here: a guest has one."""
    systemctl, program = tmp_path / "systemctl", tmp_path / ZYGOTE
    systemctl.write_text(f"#!/bin/sh\necho {os.getpid() if is_ours else 0}\n")
    systemctl.chmod(0o755)
    program.symlink_to("/bin/cat")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with subprocess.Popen([program], stdin=subprocess.PIPE) as zygote:
        told = [f"zygote {zygote.pid}"]
        assert [one for one in guest.found(()) if one in told] == ([] if is_ours else told)
