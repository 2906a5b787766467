"""Bad input that people are known to give: the code, the reason and the field of each, from a real conmand.

And through conmanctl: the exit code, and one sentence on stderr. Each leaves everything as it was. What
no list foresees is test_bad_input's.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from conman.wire.v1 import conman_pb2 as wire
from tests.integration.any_request import RID, request_type
from tests.integration.under_fire import DEADLINE_S, Answer, Target, under_fire

pytestmark = pytest.mark.timeout(120)

HUGE = 2**63 - 1
MIB = 1024 * 1024
TMPFS = wire.Mount(type=wire.Mount.TYPE_TMPFS, target="/t")


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    with under_fire() as one:
        (one.conmand.rootfs / "etc").mkdir(exist_ok=True)
        (one.conmand.rootfs / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\n")
        (one.conmand.rootfs / "etc/group").write_text("root:x:0:\n")
        (one.conmand.rootfs / "bin/text").write_text("no program")
        yield one


@dataclass(frozen=True, slots=True)
class Case:
    """A create with these fields, and with these words of conmanctl's; ROOTFS stands for the good one."""

    name: str
    changes: dict[str, Any]
    field: str
    words: tuple[str, ...] = ()
    told: tuple[str, str] = ("INVALID_ARGUMENT", "BadInput")
    exit_code: int = 1


def bind(source: str, target: str = "/m") -> wire.Mount:
    return wire.Mount(source=source, target=target)


def limits(**more: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever a field takes
    return {"resources": wire.Resources(**more)}


BAD_ROOTFS = ("INVALID_ARGUMENT", "BadRootfs")
BAD_SOURCE = ("INVALID_ARGUMENT", "BadMountSource")
BAD_DEVICE = ("INVALID_ARGUMENT", "BadDevice")
NOT_FOUND = ("INVALID_ARGUMENT", "CommandNotFound")
NOT_EXECUTABLE = ("INVALID_ARGUMENT", "CommandNotExecutable")
UNKNOWN_USER = ("INVALID_ARGUMENT", "UnknownUser")
UNKNOWN_GROUP = ("INVALID_ARGUMENT", "UnknownGroup")
MISSING = ("FAILED_PRECONDITION", "RuntimeMissing")
NO_RUNTIME = ("FAILED_PRECONDITION", "RuntimeFailed")
LIKE_ID = ("INVALID_ARGUMENT", "NameLooksLikeId")
TAKEN = ("ALREADY_EXISTS", "NameTaken")

CREATES = [
    Case("an empty name", {"name": ""}, "name"),
    Case("an illegal name", {"name": "a/b"}, "name"),
    Case("a long name", {"name": "x" * 129}, "name"),
    Case("a name like an id", {"name": "a" * 32}, "name", told=LIKE_ID),
    Case("a taken name", {"name": "created"}, "name", told=TAKEN),
    Case("no root", {"rootfs_path": ""}, "rootfs_path"),
    Case("a relative root", {"rootfs_path": "rootfs"}, "rootfs_path"),
    Case("a root that is missing", {"rootfs_path": "/nowhere"}, "rootfs_path", told=BAD_ROOTFS),
    Case("a root with a line's end", {"rootfs_path": "/no\nwhere"}, "rootfs_path", told=BAD_ROOTFS),
    Case("a file as root", {"rootfs_path": "ROOTFS/bin/serve"}, "rootfs_path", told=BAD_ROOTFS),
    Case("a long root", {"rootfs_path": "/" + "x" * 4096}, "rootfs_path"),
    Case("no command", {"command": ""}, "command"),
    Case("no such command", {"command": "/bin/none"}, "command", told=NOT_FOUND),
    Case("no such name in PATH", {"command": "none"}, "command", told=NOT_FOUND),
    Case("a text as command", {"command": "/bin/text"}, "command", told=NOT_EXECUTABLE),
    Case("NUL in an argument", {"args": ["a\0b"]}, "args"),
    Case("a huge argument", {"args": ["x" * 131_072]}, "args"),
    Case("huge arguments", {"args": ["x" * 131_071] * 17}, "args"),
    Case("env without =", {"env": ["KEY"]}, "env"),
    Case("env without KEY", {"env": ["=b"]}, "env", ("--env", "=b")),
    Case("a relative cwd", {"cwd": "tmp"}, "cwd", ("--workdir", "tmp")),
    Case("an unknown user", {"user": "who"}, "user", ("--user", "who"), UNKNOWN_USER),
    Case("an unknown group", {"user": "0:who"}, "user", ("-u", "0:who"), UNKNOWN_GROUP),
    Case("another unknown group", {"groups": ["x"]}, "groups", ("--group-add", "x"), UNKNOWN_GROUP),
    Case("no user before the colon", {"user": "-1"}, "user", ("--user=-1",)),
    Case("a user beyond all", {"user": "4294967295"}, "user", ("--user", "4294967295")),
    Case("a host name with blanks", {"hostname": "a b"}, "hostname", ("--hostname", "a b")),
    Case("a label without a key", {"labels": {"": "v"}}, "labels", ("--label", "=v")),
    Case("an annotation without a key", {"annotations": {"": "v"}}, "annotations"),
    Case("no such signal", {"stop_signal": "NONE"}, "stop_signal", ("--stop-signal", "NONE")),
    Case("a negative stop timeout", {"stop_timeout_ms": -1}, "stop_timeout_ms"),
    Case("a stop timeout of ages", {"stop_timeout_ms": HUGE}, "stop_timeout_ms"),
    Case("no such capability", {"cap_add": ["FLY"]}, "cap_add", ("--cap-add", "FLY")),
    Case("none to drop", {"cap_drop": ["FLY"]}, "cap_drop", ("--cap-drop", "FLY")),
    Case("negative memory", limits(memory_bytes=-1), "resources.memory_bytes"),
    Case("too little memory", limits(memory_bytes=MIB), "resources.memory_bytes", ("--memory", "1m")),
    Case("less swap than memory", limits(memory_bytes=8 * MIB, memory_swap_bytes=7 * MIB), "resources.memory_swap_bytes", ("-m", "8m", "--memory-swap", "7m")),
    Case("swap alone", limits(memory_swap_bytes=8 * MIB), "resources.memory_swap_bytes", ("--memory-swap", "8m")),
    Case("negative cpus", limits(nano_cpus=-1), "resources.nano_cpus"),
    Case("absurd cpus", limits(nano_cpus=HUGE), "resources.nano_cpus", ("--cpus", "9000")),
    Case("cpus and a quota", limits(nano_cpus=10**9, cpu_quota_us=5000), "resources.nano_cpus"),
    Case("shares of nothing", limits(cpu_shares=1), "resources.cpu_shares", ("--cpu-shares", "1")),
    Case("a short period", limits(cpu_period_us=1), "resources.cpu_period_us", ("--cpu-period", "1")),
    Case("a short quota", limits(cpu_quota_us=-2), "resources.cpu_quota_us", ("--cpu-quota=-2",)),
    Case("no cpus", limits(cpuset_cpus="0-"), "resources.cpuset_cpus", ("--cpuset-cpus", "0-")),
    Case("absurd nodes", limits(cpuset_mems="9999"), "resources.cpuset_mems", ("--cpuset-mems", "9999")),
    Case("negative pids", limits(pids_limit=-2), "resources.pids_limit", ("--pids-limit=-2",)),
    Case("absurd pids", limits(pids_limit=HUGE), "resources.pids_limit"),
    Case("an unknown ulimit", {"ulimits": [wire.Ulimit(name="x")]}, "ulimits", ("--ulimit", "x=1")),
    Case("a ulimit upside down", {"ulimits": [wire.Ulimit(name="core", soft=2, hard=1)]}, "ulimits", ("--ulimit", "core=2:1")),
    Case("a ulimit twice", {"ulimits": [wire.Ulimit(name="core")] * 2}, "ulimits"),
    Case("the host's sysctl", {"sysctls": {"vm.swappiness": "1"}}, "sysctls", ("--sysctl", "vm.swappiness=1")),
    Case("a mount twice", {"mounts": [bind("/etc", "/t"), TMPFS]}, "mounts", ("-v", "/etc:/t", "--tmpfs", "/t")),
    Case("a mount from nowhere", {"mounts": [bind("/nowhere")]}, "mounts", ("-v", "/nowhere:/m"), BAD_SOURCE),
    Case("a source that climbs", {"mounts": [bind("/tmp/../etc")]}, "mounts"),
    Case("a target that climbs", {"mounts": [bind("/etc", "/../../x")]}, "mounts", ("-v", "/etc:/../../x")),
    Case("a relative source", {"mounts": [bind("etc")]}, "mounts"),
    Case("no source", {"mounts": [bind("")]}, "mounts"),
    Case("a relative target", {"mounts": [bind("/etc", "m")]}, "mounts", ("-v", "/etc:m")),
    Case("the root as target", {"mounts": [bind("/etc", "/")]}, "mounts", ("-v", "/etc:/")),
    Case("no such mount type", {"mounts": [wire.Mount(type=7, target="/t")]}, "mounts"),  # pyright: ignore[reportArgumentType]
    Case("a tmpfs of less than nothing", {"mounts": [wire.Mount(type=wire.Mount.TYPE_TMPFS, target="/t", size_bytes=-1)]}, "mounts"),
    Case("too many mounts", {"mounts": [bind("/etc", f"/m{i}") for i in range(1025)]}, "mounts"),
    Case("no such device", {"devices": [wire.Device(host_path="/dev/none")]}, "devices", ("--device", "/dev/none"), BAD_DEVICE),
    Case("a file as device", {"devices": [wire.Device(host_path="/etc/passwd")]}, "devices", ("--device", "/etc/passwd"), BAD_DEVICE),
    Case("permissions of no device", {"devices": [wire.Device(host_path="/dev/null", permissions="x")]}, "devices"),
    Case("a patch that is no JSON", {"runtime_spec_patch": "{"}, "runtime_spec_patch"),
    Case("a patch of the root", {"runtime_spec_patch": '{"root":{"path":"/"}}'}, "runtime_spec_patch", ("--runtime-spec-patch", '{"root":{"path":"/"}}')),
    Case("a bottomless patch", {"runtime_spec_patch": '{"linux":' * 20_000}, "runtime_spec_patch"),
    Case("a huge patch", {"runtime_spec_patch": "{" + " " * 262_144 + "}"}, "runtime_spec_patch"),
    Case("no request_id", {"request_id": "x"}, "request_id"),
    Case("a relative runtime", {"runtime": "bin/runc"}, "runtime", ("--runtime", "bin/runc")),
    Case("no name of a runtime", {"runtime": "-x"}, "runtime", ("--runtime=-x",)),
    Case("a runtime that is missing", {"runtime": "/nowhere/x"}, "runtime", ("--runtime", "/nowhere/x"), MISSING),
    Case("a directory as runtime", {"runtime": "ROOTFS"}, "", told=NO_RUNTIME),
    Case("a text as runtime", {"runtime": "ROOTFS/bin/text"}, "", told=NO_RUNTIME),
    Case("an executable text as runtime", {"runtime": "ROOTFS/bin/serve"}, "", told=NO_RUNTIME),
    Case("a file as a directory of runtimes", {"runtime": "ROOTFS/bin/text/x"}, "", told=NO_RUNTIME),
]  # fmt: skip


def good(target: Target, changes: dict[str, Any]) -> dict[str, Any]:
    values = {"name": "fresh", "command": "/bin/serve", "rootfs_path": "ROOTFS"} | changes
    rootfs = str(target.conmand.rootfs)
    for name in ("rootfs_path", "runtime"):
        if name in values:
            values[name] = values[name].replace("ROOTFS", rootfs)
    return values


def ask(target: Target, method: str, **fields: Any) -> Answer:  # noqa: ANN401 - whatever a field takes
    raw = request_type(method)(**fields).SerializeToString()
    return target.send(method, raw, DEADLINE_S)


@pytest.mark.parametrize("case", CREATES, ids=lambda case: case.name)
def test_a_create_that_makes_no_sense(target: Target, case: Case) -> None:
    before = target.states()
    answer = ask(target, "CreateContainer", **good(target, case.changes))
    assert (answer.code, answer.reason, answer.field) == (*case.told, case.field), answer
    assert answer.details.isprintable(), answer
    assert target.states() == before
    target.is_unharmed()


@pytest.mark.parametrize(
    "case", [case for case in CREATES if case.words], ids=lambda case: case.name
)
def test_and_what_conmanctl_says_of_it(target: Target, case: Case) -> None:
    rootfs = str(target.conmand.rootfs)
    said = target.conmand.ctl(
        "create", *case.words, "--rootfs", rootfs, "fresh", "--", "/bin/serve"
    )
    assert (said.code, said.out) == (case.exit_code, ""), said
    assert_one_sentence(said.error)
    target.is_unharmed()


def assert_one_sentence(told: str) -> None:
    [line] = told.splitlines()
    assert line.startswith("conmanctl: ")
    assert len(line) < 1000


OTHERS = [
    ("StartContainer", {"container_id": "nobody"}, ("NOT_FOUND", "ContainerNotFound", "container_id")),
    ("StartContainer", {"container_id": ""}, ("INVALID_ARGUMENT", "BadInput", "container_id")),
    ("StartContainer", {"container_id": "created", "console_size": {"rows": 0, "cols": 80}}, ("INVALID_ARGUMENT", "BadInput", "console_size.rows")),
    ("StartContainer", {"container_id": "created", "console_size": {"rows": 24, "cols": 65536}}, ("INVALID_ARGUMENT", "BadInput", "console_size.cols")),
    ("StartContainer", {"container_id": "created", "console_size": {"rows": 24, "cols": 80}}, ("FAILED_PRECONDITION", "NoTerminal", "console_size")),
    ("OpenStream", {"container_id": "started", "stdout": True, "console_size": {"rows": 24, "cols": 80}}, ("FAILED_PRECONDITION", "NoTerminal", "console_size")),
    ("StopContainer", {"container_id": "started", "timeout_ms": -1}, ("INVALID_ARGUMENT", "BadInput", "timeout_ms")),
    ("StopContainer", {"container_id": "started", "timeout_ms": HUGE}, ("INVALID_ARGUMENT", "BadInput", "timeout_ms")),
    ("KillContainer", {"container_id": "created"}, ("FAILED_PRECONDITION", "WrongState", "container_id")),
    ("KillContainer", {"container_id": "started", "signal": "65"}, ("INVALID_ARGUMENT", "BadInput", "signal")),
    ("RemoveContainer", {"container_id": "started"}, ("FAILED_PRECONDITION", "WrongState", "container_id")),
    ("RemoveContainer", {"container_id": "x" * 256}, ("INVALID_ARGUMENT", "BadInput", "container_id")),
    ("ContainerStatus", {"container_id": "a\0b"}, ("INVALID_ARGUMENT", "BadInput", "container_id")),
    ("InspectContainer", {"container_id": "nobody"}, ("NOT_FOUND", "ContainerNotFound", "container_id")),
    ("WaitContainer", {"container_id": "started", "condition": 9}, ("INVALID_ARGUMENT", "BadInput", "condition")),
    ("ListContainers", {"filter": {"states": [99]}}, ("INVALID_ARGUMENT", "BadInput", "filter.states")),
    ("ListContainers", {"filter": {"labels": [""]}}, ("INVALID_ARGUMENT", "BadInput", "filter.labels")),
    ("PauseContainer", {"container_id": "created"}, ("FAILED_PRECONDITION", "WrongState", "container_id")),
    ("UnpauseContainer", {"container_id": "started"}, ("FAILED_PRECONDITION", "WrongState", "container_id")),
    ("UpdateContainer", {"container_id": "created"}, ("INVALID_ARGUMENT", "BadInput", "resources")),
    ("UpdateContainer", {"container_id": "created", "resources": {"pids_limit": -5}}, ("INVALID_ARGUMENT", "BadInput", "resources.pids_limit")),
    ("UpdateContainer", {"container_id": "nobody", "resources": {"pids_limit": 5}}, ("NOT_FOUND", "ContainerNotFound", "container_id")),
    ("RenameContainer", {"container_id": "created", "new_name": "started"}, ("ALREADY_EXISTS", "NameTaken", "new_name")),
    ("RenameContainer", {"container_id": "created", "new_name": ""}, ("INVALID_ARGUMENT", "BadInput", "new_name")),
    ("RenameContainer", {"container_id": "created", "new_name": "a b"}, ("INVALID_ARGUMENT", "BadInput", "new_name")),
    ("RenameContainer", {"container_id": "created", "new_name": "f" * 32}, ("INVALID_ARGUMENT", "NameLooksLikeId", "new_name")),
    ("OpenStream", {"container_id": "created"}, ("INVALID_ARGUMENT", "BadInput", "stdout")),
    ("OpenStream", {"container_id": "", "stdout": True}, ("INVALID_ARGUMENT", "BadInput", "container_id")),
    ("OpenStream", {"container_id": "nobody", "stdout": True}, ("NOT_FOUND", "ContainerNotFound", "container_id")),
    ("OpenStream", {"container_id": "started", "stdin": True}, ("FAILED_PRECONDITION", "NoStdin", "stdin")),
    ("OpenStream", {"container_id": "started", "stdout": True, "exec_id": "x"}, ("NOT_FOUND", "ExecNotFound", "exec_id")),
    ("OpenStream", {"container_id": "started", "stdout": True, "exec_id": "\0"}, ("INVALID_ARGUMENT", "BadInput", "exec_id")),
    ("Logs", {"container_id": "started", "tail": -1}, ("INVALID_ARGUMENT", "BadInput", "tail")),
    ("Logs", {"container_id": "started", "since": 2, "until": 1}, ("INVALID_ARGUMENT", "BadInput", "since")),
    ("Logs", {"container_id": "started", "position": "1"}, ("INVALID_ARGUMENT", "BadInput", "position")),
    ("Logs", {"container_id": "nobody"}, ("NOT_FOUND", "ContainerNotFound", "container_id")),
    ("ReopenContainerLog", {"container_id": ""}, ("INVALID_ARGUMENT", "BadInput", "container_id")),
    ("ReopenContainerLog", {"container_id": "nobody"}, ("NOT_FOUND", "ContainerNotFound", "container_id")),
    ("Stats", {"container_ids": [""]}, ("INVALID_ARGUMENT", "BadInput", "container_ids")),
    ("Stats", {"container_ids": ["nobody"]}, ("NOT_FOUND", "ContainerNotFound", "container_id")),
    ("Top", {"container_id": "created"}, ("FAILED_PRECONDITION", "NotRunning", "")),
    ("ReadArchive", {"container_id": "started"}, ("INVALID_ARGUMENT", "BadInput", "path")),
    ("ReadArchive", {"container_id": "started", "path": "/no/such"}, ("NOT_FOUND", "NotThere", "path")),
    ("Events", {"since": -1}, ("INVALID_ARGUMENT", "BadInput", "since")),
    ("Events", {"kinds": ["x"]}, ("INVALID_ARGUMENT", "BadInput", "kinds")),
]  # fmt: skip


@pytest.mark.parametrize(("method", "fields", "told"), OTHERS)
def test_other_calls_that_make_no_sense(
    target: Target, method: str, fields: dict[str, Any], told: tuple[str, str, str]
) -> None:
    answer = ask(target, method, **fields)
    assert (answer.code, answer.reason, answer.field) == told, answer
    assert target.is_settled()


def test_a_request_id_that_was_used_for_something_else(target: Target) -> None:
    assert (
        ask(target, "KillContainer", request_id=RID, container_id="started", signal="CONT").code
        == "OK"
    )
    answer = ask(target, "KillContainer", request_id=RID, container_id="started", signal="KILL")
    assert (answer.code, answer.reason) == ("INVALID_ARGUMENT", "RequestIdReused")
    assert answer.field == "request_id"
    assert target.is_settled()


def test_a_prefix_of_many(target: Target) -> None:
    """Of 17 ids two begin with the same digit."""
    for number in range(15):
        assert ask(target, "CreateContainer", **good(target, {"name": f"c{number}"})).code == "OK"
    firsts = [each[0] for each in target.states()]
    digit = next(first for first in firsts if firsts.count(first) > 1)
    answer = ask(target, "ContainerStatus", container_id=digit)
    assert (answer.code, answer.reason) == ("INVALID_ARGUMENT", "AmbiguousPrefix")
    assert answer.field == "container_id"
    said = target.conmand.ctl("status", digit)
    assert (said.code, said.out) == (1, "")
    assert_one_sentence(said.error)
    target.settle()
    target.is_unharmed()
