"""What the census of a stage must see: whoever and whatever is left of a conmand, also where its marks name nobody."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from scenarios.replay_ids import find_single
from scenarios.soak.host import Host
from scenarios.soak.lives import Kills
from scenarios.stages import real_host
from scenarios.stages.census import Place, Thing, census
from scenarios.stages.clearing import clear
from scenarios.stages.play import play
from scenarios.stages.real_host import Process, RealHost, process
from scenarios.stages.small_disk import SmallDisk
from scenarios.violation import Violation
from tests.chaos.test_clearing import DISK, children
from tests.chaos.test_plays_told import program
from tests.integration.one_conmand import Conmand

CREATE = find_single("create")
RUN = f"{'1' * 32}-1"
#: A conmand that leaves something of each kind.
LITTERS = """#!{python}
import os, sys
from pathlib import Path
from conman.daemon.main import main
data, run = (Path(sys.argv[sys.argv.index(one) + 1]) for one in ("--data-dir", "--run-dir"))
for one in (data, run):
    one.mkdir(exist_ok=True)
{littering}
main()
"""


@pytest.fixture
def conmand() -> Iterator[Conmand]:
    one = Conmand(Path(tempfile.mkdtemp(prefix="cc", dir="/tmp")), "--runtime", "fakerunc")
    one.start()
    yield one
    if one.process is not None:
        one.kill()
    clear(one)
    shutil.rmtree(one.top)


@contextmanager
def marked(**marks: str) -> Generator[int]:
    """A process whose environment says whose it is; in the middle of its execve it has none."""
    pipe = subprocess.PIPE
    with subprocess.Popen(["cat"], env=marks, stdin=pipe, stdout=pipe, bufsize=0) as one:
        assert one.stdin is not None
        assert one.stdout is not None
        one.stdin.write(b"x")
        assert one.stdout.read(1) == b"x"
        try:
            yield one.pid
        finally:
            one.kill()


def test_a_zygote_that_outlives_its_daemon_is_seen(
    conmand: Conmand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It bears no instance's name. At rest without a daemon it is told, and beside the next daemon's own."""
    host = RealHost(conmand, "fakerunc")
    assert conmand.process is not None
    [zygote] = children(conmand.process.pid)
    assert host.found(()) == []
    os.kill(zygote, signal.SIGSTOP)
    conmand.kill()
    assert host.found(()) == [f"zygote {zygote}"]
    monkeypatch.setattr(real_host, "PATIENCE_S", 0.2)
    with pytest.raises(Violation, match=f"no rest without a daemon: zygote {zygote}"):
        host.come_to_rest()
    conmand.start()
    assert host.found(()) == [f"zygote {zygote}"]


def test_a_runtime_call_that_hangs_is_waited_for_no_longer_than_patience_lasts(
    conmand: Conmand, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = RealHost(conmand, "fakerunc")
    conmand.kill()
    monkeypatch.setattr(real_host, "PATIENCE_S", 0.2)
    with (
        marked(CONMAN_CALL=f"{conmand.instance}/{RUN}/create"),
        pytest.raises(Violation, match=f"I5 .*runtime call {RUN}"),
    ):
        host.come_to_rest()


def test_who_wakes_up_while_it_is_looked_at_is_no_stranger(
    conmand: Conmand, monkeypatch: pytest.MonkeyPatch
) -> None:
    host, states = RealHost(conmand, "fakerunc"), iter("SR" * 50)

    def flips(pid: int) -> Process | None:
        found = process(pid)
        return replace(found, state=next(states)) if found else None

    monkeypatch.setattr(real_host, "process", flips)
    with marked(CONMAN_RUN=f"{conmand.instance}/{RUN}"):
        assert host.found(()) == [f"init {RUN}"]
    with (
        marked(CONMAN_RUN=f"{conmand.instance}/{RUN}"),
        marked(CONMAN_RUN=f"{conmand.instance}/{RUN}") as second,
    ):
        assert f"stray process {second}" in host.found(())


def test_what_lies_under_a_name_of_nobodys_is_seen(conmand: Conmand) -> None:
    host, data, run = RealHost(conmand, "fakerunc"), conmand.data, conmand.run
    (data / "probe").mkdir()
    (data / "left").mkdir()
    (run / "left").mkdir()
    for half in (data / "containers/x.tmp", run / "shims/stdio.tmp", run / "runtime/own.tmp"):
        half.parent.mkdir(exist_ok=True)
        half.touch()
    assert [one for one in host.found(()) if "file" in one] == [
        *(f"stray file {top}/left" for top in (data, run)),
        *(
            f"temporary file {half}"
            for half in (data / "containers/x.tmp", run / "shims/stdio.tmp")
        ),
    ]


def test_what_a_container_keeps_of_other_runs_is_seen(conmand: Conmand) -> None:
    host = RealHost(conmand, "fakerunc")
    assert conmand.ctl("create", "--rootfs", str(conmand.rootfs), "c", "--", "/bin/true").code == 0
    [row] = host.stored().containers
    directory = conmand.data / "containers" / row.id
    (directory / "work-1").mkdir(exist_ok=True)
    assert [one for one in host.found((row,)) if "file" in one] == []
    left = [directory / "runs/2", directory / "work-0"]
    for one in left:
        one.mkdir()
    assert [one for one in host.found((row,)) if "file" in one] == [
        f"stray file {one}" for one in left
    ]
    over = replace(row, init=None)
    assert f"stray file {directory}/work-1" in host.found((over,))
    # The end of an earlier run was in the row of the next.
    later = host.found((replace(row, run=3),))
    assert f"stray file {directory}/runs/2" in later


def strike_one(host: Host) -> None:
    assert not host.strike(Kills.SHIM, Random(0))


@pytest.mark.parametrize("strike", [strike_one, Host.strike_all])
def test_who_got_the_pid_of_somebody_found_is_not_killed(
    strike: Callable[[Host], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found once, and somebody else when it is looked for again."""
    host = Host("fakerunc", lambda _told: None)
    try:
        with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as stranger:
            found = iter([[stranger.pid], [], [], []])

            def pids(_whom: Kills) -> list[int]:
                return next(found)

            monkeypatch.setattr(host, "_pids", pids)
            monkeypatch.setattr(host.daemon, "died", lambda: -signal.SIGKILL)
            with subprocess.Popen(["sleep", "1000"], text=True) as daemon:
                host.daemon.process = daemon
                strike(host)
                daemon.kill()
            assert stranger.communicate() == (None, None)
            assert stranger.returncode == 0
    finally:
        host.daemon.process = None
        host.close()


@DISK
def test_a_mount_in_the_place_of_a_directory_is_seen(tmp_path: Path) -> None:
    disk = SmallDisk(tmp_path)
    try:
        found = census(Place(tmp_path, Path("/nowhere"), "00000000"))
        assert found == [Thing("mount", disk.place.name, str(disk.place))]
    finally:
        disk.close()


@pytest.mark.parametrize(
    ("littering", "told"),
    [
        ('(data / "left").mkdir(exist_ok=True)', "nobody owns stray file"),
        ('(run / "left.tmp").touch()', "nobody owns temporary file"),
        (
            'os.posix_spawn("/bin/sleep", ["sleep", "1000"], os.environ)',
            "conmand ended with 0, and left ['process",
        ),
    ],
)
def test_what_a_conmand_leaves_is_told(
    littering: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scenarios.stages.real._REST_S", 0.5)
    monkeypatch.setattr("scenarios.stages.clearing.PATIENCE_S", 0.5)
    text = LITTERS.format(python=sys.executable, littering=littering)
    assert told in play(CREATE, "fake", (), program(tmp_path, text)).problem
