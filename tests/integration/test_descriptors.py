"""conmand and shims raise their own limit of descriptors; whatever they begin has the one that conmand was given."""

import os
import select
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.one_conmand import Conmand

GIVEN = 900


@pytest.fixture
def conmand() -> Iterator[Conmand]:
    one = Conmand(Path(tempfile.mkdtemp(prefix="cm", dir="/tmp")), "--runtime", "fakerunc")
    shell = shutil.which("sh")
    assert shell is not None
    one.before = (shell, "-c", f'ulimit -Sn {GIVEN}; exec "$0" "$@"')
    one.start()
    yield one
    one.end()


def limits(pid: int) -> tuple[str, str]:
    """Soft and hard."""
    lines = Path(f"/proc/{pid}/limits").read_text().splitlines()
    [line] = [line for line in lines if line.startswith("Max open files")]
    soft, hard, _ = line.removeprefix("Max open files").split()
    return soft, hard


def end(pid: int) -> None:
    """Kill it, and wait until it is dead."""
    handle = os.pidfd_open(pid)
    try:
        os.kill(pid, signal.SIGKILL)
        assert select.select([handle], [], [], 30)[0]
    finally:
        os.close(handle)


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_a_program_has_what_conmand_was_given_whichever_zygote_its_shim_is_of(
    conmand: Conmand,
) -> None:
    assert conmand.process is not None
    hard = limits(conmand.process.pid)[1]
    assert limits(conmand.process.pid) == (hard, hard)
    for name in ("first", "second"):
        conmand.create(name, "/bin/sleep", "100")
        assert conmand.ctl("start", name).code == 0
        assert limits(conmand.status(name)["pid"]) == (str(GIVEN), hard), name
        shim = conmand.shim_pid(name)
        assert limits(shim) == (hard, hard), name
        if (zygote := parent(shim)) != conmand.process.pid:
            # By exec where the zygote was slow: then there is no other to end.
            assert limits(zygote) == (str(GIVEN), hard), name
            end(zygote)
