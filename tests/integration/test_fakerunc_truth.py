"""The same calls to real runc and to fakerunc, in the same states: code, stdout, stderr, files left.

This is what makes the model true. A difference is a failure; what is known to differ is not asked
here, but listed in docs/fakerunc.md.
"""

import json
import os
import re
import select
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from threading import Event
from time import monotonic

import pytest

from tests.integration.fakerunc_lab import FAKE, REAL, Lab, Said, exit_of, lab

pytestmark = [
    pytest.mark.runc,
    pytest.mark.skipif(shutil.which("busybox") is None, reason="busybox-static is not installed"),
]

CGROUP = f"fakerunc-truth-{os.getpid()}/c1"


@contextmanager
def two_labs(
    real_: tuple[str, ...] = REAL, fake_: tuple[str, ...] = FAKE, **changes: str
) -> Iterator[tuple[Lab, Lab]]:
    """Real first. Both have a busybox in their rootfs, which only the real one runs.

    `changes`: of a Lab's fields.
    """
    places = [Path(tempfile.mkdtemp(prefix="ft-", dir="/tmp")) for _ in range(2)]
    with lab(places[0], real_) as real, lab(places[1], fake_) as fake:
        try:
            for one in (real, fake):
                one.cgroup = CGROUP
                for name, value in changes.items():
                    setattr(one, name, value)
                furnish(one, "/bin/sleep", "100")
            yield real, fake
        finally:
            # First what exec has left to its subreaper: an unreaped process keeps its cgroup.
            real.clean()
            real.call("delete", "--force", "c1")
            real.clean()
            leave_no_cgroup()


@pytest.fixture
def pair() -> Iterator[tuple[Lab, Lab]]:
    with two_labs() as both_of_them:
        yield both_of_them


def furnish(one: Lab, *args: str, **changes: object) -> None:
    one.prepare(*args, **changes)
    programs = one.bundle / "rootfs/bin"
    for name in ("dev", "proc"):
        # runc makes them, crun wants one of them.
        (one.bundle / "rootfs" / name).mkdir(exist_ok=True)
    if not (programs / "busybox").exists():
        shutil.copy(shutil.which("busybox") or "", programs / "busybox")
        for name in ("sh", "sleep", "true", "false", "cat", "echo"):
            (programs / name).unlink()
            (programs / name).symlink_to("busybox")


def leave_no_cgroup() -> None:
    """The parent that runc leaves behind, in every hierarchy, and what it could not remove itself.

    Whoever was not reaped yet when runc deleted kept a cgroup busy.
    """
    top = Path("/sys/fs/cgroup")
    own = Path("/proc/self/cgroup").read_text().splitlines()
    # What is asked for below a hierarchy's root, and what is below the caller's own cgroup.
    places = {line.split(":", 2)[2].strip("/") for line in own} | {""}
    for name, below in product((CGROUP, Path(CGROUP).parent), places):
        for path in (*top.glob(f"*/{below}/{name}"), *top.glob(f"./{below}/{name}")):
            path.rmdir()


def both(pair: tuple[Lab, Lab], act: Callable[[Lab], object]) -> None:
    for one in pair:
        act(one)


def make(one: Lab, state: str) -> None:
    """Brings about a state, from whatever there is."""
    wipe(one)
    if state in {"created", "running", "paused", "stopped"}:
        assert one.create() == (0, "", "")
    if state in {"running", "paused", "stopped"}:
        assert one.call("start", "c1") == (0, "", "")
        await_name(one.pid(), "sleep")
    if state == "paused":
        assert one.call("pause", "c1") == (0, "", "")
    if state == "stopped":
        one.call("kill", "c1", "KILL")
        assert exit_of(one.pid()) == -signal.SIGKILL
    if state in TORN:
        (one.root / "c1").mkdir(parents=True)
        os.mkfifo(one.root / "c1/exec.fifo")
        if TORN[state] is not None:
            (one.root / "c1" / one.state_file).write_text(TORN[state] or "")


def await_name(pid: int, name: str) -> None:
    """A start may be answered just before its program bears its own name; of that nobody tells."""
    ends = monotonic() + 10
    while Path(f"/proc/{pid}/comm").read_text().strip() != name:
        assert monotonic() < ends, f"{pid} never became {name}"
        Event().wait(0.005)


TORN = {"broken": None, "empty": "", "torn": '{"id":"c1","init', "zeros": "\0" * 64}
STATES = ["absent", "created", "running", "paused", "stopped", *TORN]


def wipe(one: Lab) -> None:
    one.call("delete", "--force", "c1")
    shutil.rmtree(one.root / "c1", ignore_errors=True)
    one.clean()
    one.pid_file.unlink(missing_ok=True)


def plain(one: Lab, said: Said) -> Said:
    """Without what no two calls have in common: times, places, pids, and the width of a table."""

    def words(text: str) -> str:
        text = text.replace(str(one.place), "PLACE")
        text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)", "TIME", text)
        text = re.sub(r'"pid": ?[1-9]\d*', '"pid":PID', text)
        return re.sub(r"(c1 +)[1-9]\d*( +)", r"\1PID\2", text)

    return Said(said.code, re.sub(r" +", " ", words(said.out)), words(said.err))


def compare(
    pair: tuple[Lab, Lab],
    *args: str,
    globals_: tuple[str, ...] = (),
    what: str = "",
    only_headline: bool = False,
) -> Said:
    """The help below a usage error's headline is each one's own."""
    said = [plain(one, one.call(*at(one, args), globals_=at(one, globals_))) for one in pair]
    if only_headline:
        said = [one._replace(out=one.out.partition("\n")[0]) for one in said]
    real, fake = pair
    assert said[1] == said[0], what or args
    assert fake.files() == real.files(), args
    assert fake.modes() == real.modes(), args
    assert (fake.root / "c1").exists() is (real.root / "c1").exists(), args
    return said[0]


def at(one: Lab, args: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(arg.replace("PLACE", str(one.place)) for arg in args)


CREATE = ("create", "--bundle", "PLACE/bundle", "c1")
LOOKS = [
    ("state", "c1"),
    ("list",),
    ("list", "-q"),
    ("list", "--format", "json"),
    ("list", "--format", "xml"),
    ("kill", "c1", "BOGUS"),
    ("kill", "c1", "99"),
    ("kill", "c1", "0"),
    ("exec", "c1", "true"),
    ("exec", "c1", "sh", "-c", "exit 42"),
    ("exec", "--detach", "c1", "true"),
    ("exec", "c1"),
    ("exec", "c1", "/bin/nope"),
    ("exec", "--process", "/nope", "c1"),
    # The last of them: it thaws.
    ("kill", "--all", "c1", "99"),
]
DEEDS = [
    CREATE,
    ("start", "c1"),
    ("pause", "c1"),
    ("resume", "c1"),
    ("kill", "c1", "CONT"),
    ("kill", "--all", "c1", "WINCH"),
    ("kill", "c1"),
    ("kill", "c1", "KILL"),
    ("kill", "-a", "c1", "SIGKILL"),
    ("delete", "c1"),
    ("delete", "--force", "c1"),
]


@pytest.mark.parametrize("state", STATES)
def test_what_changes_nothing(state: str, pair: tuple[Lab, Lab]) -> None:
    both(pair, lambda one: make(one, state))
    for args in LOOKS:
        compare(pair, *args)
    for args in (LOOKS[0], LOOKS[-1]):
        compare(pair, *args, globals_=("--log", "PLACE/log", "--log-format", "json"))
    logs = [plain(one, Said(0, (one.place / "log").read_text(), "")) for one in pair]
    assert logs[1] == logs[0]


@pytest.mark.parametrize("state", STATES)
def test_each_deed_and_the_state_after(state: str, pair: tuple[Lab, Lab]) -> None:
    both(pair, lambda one: make(one, state))
    for deed in DEEDS:
        said = compare(pair, *deed)
        both(pair, settle)
        compare(pair, "state", "c1")
        if said.code == 0 or state in TORN:
            both(pair, lambda one: make(one, state))


def settle(one: Lab) -> None:
    """A killed init is dead when its kill answers, but not yet for everybody to see."""
    try:
        record = json.loads((one.root / "c1" / one.state_file).read_text())
        fd = os.pidfd_open(record[one.state_pid])
    except (OSError, ValueError, LookupError):
        return
    select.select([fd], [], [], 0.2)
    os.close(fd)


BUSYBOX = ("/bin/sleep", "100")
PROCESS = {"args": list(BUSYBOX), "env": ["PATH=/usr/bin:/bin"], "cwd": "/"}
MISFITS: dict[str, dict[str, object]] = {
    "no process": {"process": None},
    "no args": {"process": PROCESS | {"args": []}},
    "no cwd": {"process": PROCESS | {"cwd": ""}},
    "a relative cwd": {"process": PROCESS | {"cwd": "tmp"}},
    "no root": {"root": None},
    "no rootfs": {"root": {"path": "nowhere"}},
    "a file for a rootfs": {"root": {"path": "config.json"}},
    "a link for a rootfs": {"root": {"path": "linked"}},
    "a host name for all": {"hostname": "x", "linux": {"namespaces": [{"type": "pid"}]}},
    "a terminal": {"process": PROCESS | {"terminal": True}},
    "a bad variable": {"process": PROCESS | {"env": ["PATH=/bin", "NAME"]}},
    "a nameless variable": {"process": PROCESS | {"env": ["PATH=/bin", "=x"]}},
    "annotations": {"annotations": {"b": "2é", "a": '1<>&"\\'}},
    "a newer version": {"ociVersion": "9.0.0"},
} | {
    f"args[0]: {name}": {"process": PROCESS | {"args": [name]}}
    for name in (
        "/nope", "nope", "./nope", "", "/bin", "bin", "/bin/plain", "plain", "/bin/dangling",
        "dangling", "/bin/loop", "/bin/plain/x", "bin/sleep", "../../bin/sleep", "/up/sleep",
        "/bin/absolute",
    )
} | {
    f"PATH: {path}": {"process": PROCESS | {"args": ["sleep", "1"], "env": [path]}}
    for path in ("PATH=/nope", "PATH=", "PATH=:/bin", "PATH=bin", "PATH=/nope:/bin", "X=1")
}  # fmt: skip


def test_what_create_says_to_a_bundle(pair: tuple[Lab, Lab]) -> None:
    both(pair, add_odd_files)
    for what, changes in MISFITS.items():
        for one in pair:
            furnish(one, *BUSYBOX, **changes)
        said = compare(pair, *CREATE, what=what)
        if said.code == 0:
            compare(pair, "state", "c1", what=what)
            both(pair, wipe)


def add_odd_files(one: Lab) -> None:
    programs = one.bundle / "rootfs/bin"
    (programs / "plain").write_text("no program")
    (programs / "dangling").symlink_to("/gone")
    (programs / "loop").symlink_to("loop")
    (programs / "absolute").symlink_to("/bin/busybox")
    (one.bundle / "rootfs/up").symlink_to("../../../../bin")
    (one.bundle / "linked").symlink_to("rootfs")


# Not `null`: it makes runc panic.
TEXTS = ["", " ", "{", '{"oci', '{"oci\n', "x", "[]", "{}", "5", '"a"', '{"a":}', "{} x"]


@pytest.mark.parametrize("text", TEXTS)
def test_what_create_says_to_a_config(text: str, pair: tuple[Lab, Lab]) -> None:
    both(pair, lambda one: (one.bundle / "config.json").write_text(text))
    assert compare(pair, *CREATE).code == 1


def test_where_things_lie(pair: tuple[Lab, Lab]) -> None:
    compare(pair, "create", "--bundle", "PLACE/nope", "c1")
    compare(pair, "create", "--bundle", "PLACE/bundle/config.json", "c1")
    compare(pair, "create", "--bundle", "PLACE/bundle/rootfs", "c1")
    compare(pair, "create", "--bundle", "PLACE/bundle", "--pid-file", "PLACE/nope/pid", "c1")
    compare(pair, "create", "--bundle", "PLACE/bundle", "--pid-file", "PLACE/bundle", "c1")
    # Which leaves its temporary name behind, and that is in the next one's way.
    compare(pair, "create", "--bundle", "PLACE/bundle", "--pid-file", "PLACE/bundle", "c1")
    both(pair, lambda one: (one.root / "not-a-directory").write_text(""))
    compare(pair, "list")
    compare(pair, "state", "c1", globals_=("--root", "/proc/nope"))
    compare(pair, "state", "c1", globals_=("--root", "PLACE/root/not-a-directory/x/y"))
    compare(pair, "state", "c1", globals_=("--root", "PLACE/root/not-a-directory"))
    compare(pair, "list", globals_=("--root", "PLACE/other/root"))
    compare(pair, "state", "c1", globals_=("--log", "PLACE/nope/log"))
    compare(pair, "state", "c1", globals_=("--log-format", "xml"))
    compare(pair, "state", "c1", globals_=("--debug", "--log-format=json"))
    compare(pair, "state", "c1", globals_=("--debug",))


NAMES = ["", ".", "..", "a/b", "a b", "ä", "b@d", "a,b", "a%", "=", "_", "a" * 255, "a" * 256]


def test_ids(pair: tuple[Lab, Lab]) -> None:
    for name in NAMES:
        compare(pair, "state", "--", name)
        compare(pair, "delete", "--force", "--", name)
        if name != "a" * 255 and name not in {"_", "a,b"}:
            compare(pair, "create", "--bundle", "PLACE/bundle", "--", name)


PROCESS_FILES = [
    "", "{", "[]", "{}", '{"cwd":"/"}', '{"cwd":"x"}', '{"cwd":"/","args":["true"]}',
    '{"cwd":"/","args":["/bin/true"]}', '{"cwd":"/","args":["/bin/true"],"env":["X"]}',
    '{"cwd":"/nope","args":["/bin/true"]}', '{"cwd":"/bin/sh","args":["/bin/true"]}',
    '{"cwd":"/","args":["sh","-c","exit 5"],"env":["PATH=/bin"],"user":{"uid":3,"gid":4}}',
]  # fmt: skip
EXECS = [
    "nope", "/bin", "/bin/plain", "--cwd /nope c1 true", "--cwd nope c1 true", "--cwd /proc c1 true",
    "-u bogus c1 true", "-u 5:x c1 true", "-u 5: c1 true", "-u 1:2:3 c1 true", "-u 5:6 c1 true",
    "-g -1 c1 true", "-g 7 -g 8 c1 true", "-e A=b -e C=d c1 true", "-e NAME c1 true",
    "-e =x c1 true", "-d -t c1 true", "--console-socket /nope c1 true", "-- c1 true", "c1 -- true",
    "-d --pid-file /nope/pid c1 sleep 3", "--pid-file PLACE/pid c1 true", "--ignore-paused c1 false",
    "--no-new-privs c1 true",
]  # fmt: skip


def test_what_exec_says(pair: tuple[Lab, Lab]) -> None:
    both(pair, add_odd_files)
    both(pair, lambda one: make(one, "running"))
    for line in EXECS:
        words = line.split()
        compare(pair, "exec", *(words if "c1" in words else ["c1", *words]), what=line)
    for text in PROCESS_FILES:
        for one in pair:
            (one.place / "process.json").write_text(text)
        compare(pair, "exec", "--process", "PLACE/process.json", "c1", what=text)


LINES = [
    "exec", "exec --bogus", "exec -g x c1 true", "exec --preserve-fds x c1 true", "exec c1 -e A=b",
    "pause", "resume", "pause a b", "exec -e",
    "state", "state a b", "start", "kill", "kill a b c", "delete", "create", "create a b", "list a",
    "bogus", "state --bogus", "state -x a", "create --bundle", "kill a -9", "kill a --all",
    "kill --all a -- -1", "kill -- a 9", "delete a --force", "delete -f a", "delete --force=no a",
    "delete --force=false a", "delete --force=T a", "state -- a", "list --format", "list -f xml",
    "create --preserve-fds=x a", "create --no-pivot --no-new-keyring --bundle nowhere a",
]  # fmt: skip


def test_command_lines(pair: tuple[Lab, Lab]) -> None:
    for line in LINES:
        compare(pair, *line.split(), only_headline=True)
    for option in ("--bogus", "--root", "--log", "--debug=x"):
        compare(pair, "--systemd-cgroup", option, only_headline=True)


# Every spelling that kill might take for a signal.
SIGNALS = [
    "", " 9", "0", "1", "64", "65", "-1", "015", "+1", "-0", "1x", "0x1", "1_0", "usr1", "SIGUSR1",
    "sigusr1", "Usr1", "SIGSIGUSR1", "RTMIN", "RTMIN+1", "SIGRTMIN", "IOT", "CLD", "POLL", "STKFLT",
    "UNUSED", "PWR", "IO", "SYS_", "9999999999999999999999",
]  # fmt: skip


def test_spellings_of_signals(pair: tuple[Lab, Lab]) -> None:
    """To a stopped container: what is no signal is told from what is."""
    both(pair, lambda one: make(one, "stopped"))
    for text in SIGNALS:
        compare(pair, "kill", "c1", text)


@pytest.mark.parametrize("started", [False, True])
def test_how_signals_end_an_init(started: bool, pair: tuple[Lab, Lab]) -> None:
    for number in (1, 5, 7, 9, 15, 16, 31) if not started else (9,):
        ends: list[int] = []
        for one in pair:
            make(one, "running" if started else "created")
            assert one.call("kill", "c1", str(number)).code == 0
            ends.append(exit_of(one.pid()))
        assert ends[0] == ends[1], number
