"""Whoever holds the hypervisor may end in any way: nothing of it stays."""

import os
import select
import signal
import subprocess
import sys

import pytest

from vm.places import TREE

HOLDS = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's job in the background ignores it
from vm.hypervisor import Hypervisor
it = Hypervisor()
print(it.root.split("/")[2], flush=True)
input()
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_it_ends_with_its_holder(number: int) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDS],
        cwd=TREE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with holder:
        assert holder.stdout is not None
        first = int(holder.stdout.readline())
        handle = os.pidfd_open(first)
        # Dead before it can say so: the namespaces' end is the kernel's work alone.
        holder.send_signal(number)
        assert select.select([handle], [], [], 60)[0], "its first process lives"
        os.close(handle)
    assert holder.returncode != 0
    with pytest.raises(FileNotFoundError):
        os.listdir(f"/proc/{first}/root/run/libvirt")
