"""Which calls fail with what, and where a disk is full: only what a disk can answer with, and only DATA's."""

from scenarios.syscalls.failing import errors, full
from scenarios.syscalls.preload import Passed

CALLS = [
    Passed("store@1", "pwrite", "/tmp/cs1/d/conman.db-wal"),
    Passed("EndMembers@1", "unlink", "/tmp/cs1/m/d/containers/a/log"),
    Passed("EndShim@1", "unlink", "/tmp/cs1/r/shims/a/alive"),
    Passed("conman-zygote@1", "mkdir", "/sys/fs/cgroup/pids/conman-1"),
    Passed("RuntimeStart@1", "posix_spawn", "runc"),
]


def test_a_call_fails_with_what_a_disk_says_to_it() -> None:
    assert [str(one) for one in errors(CALLS)] == [
        "fails:ENOSPC:store@1",
        "fails:EIO:store@1",
        "fails:EIO:EndMembers@1",
        "fails:EROFS:EndMembers@1",
    ]


def test_a_disk_is_full_before_what_needs_space() -> None:
    assert [str(one) for one in full(CALLS)] == ["full:ext4:store@1", "full:tmpfs:store@1"]
