"""Whoever holds the hypervisor may end in any way: nothing of it stays."""

import os
import select
import signal
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from vm.places import TREE

HOLDS = """
import signal
import sys
from pathlib import Path
from vm import hypervisor
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's job in the background ignores it
hypervisor.LOGS, hypervisor.POOL = map(Path, sys.argv[1:])  # the session's are at work
it = hypervisor.Hypervisor()
print(it.root.split("/")[2], flush=True)
input()
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_it_ends_with_its_holder(number: int, tmp_path: Path) -> None:
    places = (tmp_path / "log", tmp_path / "pool")
    for place in places:
        place.mkdir()
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDS, *places],
        cwd=TREE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with holder, ExitStack() as stack:
        assert holder.stdout is not None
        first = int(holder.stdout.readline())
        handles = {os.pidfd_open(pid): name for pid, name in members(first).items()}
        for handle in handles:
            stack.callback(os.close, handle)
        assert {"bash", "libvirtd", "virtlogd"} <= {*handles.values()}
        # Dead before it can say so: the namespaces' end is the kernel's work alone.
        holder.send_signal(number)
        for handle, name in handles.items():
            assert select.select([handle], [], [], 60)[0], f"its {name} lives"
    assert holder.returncode != 0


def members(first: int) -> dict[int, str]:
    """Who lives in the process namespace that this one is the first of. Mounts and bridge go with the last."""
    space, found = os.readlink(f"/proc/{first}/ns/pid"), dict[int, str]()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        # It has ended, or is not even root's to look at: then it is none of ours.
        with suppress(OSError):
            if os.readlink(f"/proc/{pid}/ns/pid") == space:
                found[int(pid)] = Path(f"/proc/{pid}/comm").read_text().strip()
    return found
