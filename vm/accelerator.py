"""KVM where it works, else emulation; a device file proves nothing: there are machines whose guests never run.

It must never guess: what it takes for usable has booted the box's kernel that far that it speaks.
"""

import os
import select
import subprocess
from functools import cache
from pathlib import Path

from vm import box
from vm.places import TOP, VAGRANT

_KVM = "/dev/kvm"
_DRIVERS = ("kvm", "qemu")
_SPEAKS_S = 20


@cache
def driver() -> str:
    """`kvm` or `qemu`; found out once in a boot of this machine."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    if not (found := _known(boot)):
        found = "kvm" if os.access(_KVM, os.R_OK | os.W_OK) and _speaks() else "qemu"
        _keep(boot, found)
    print(f"guests are {'run by KVM' if found == 'kvm' else 'emulated: no usable KVM'}", flush=True)
    return found


def _known(boot: str) -> str:
    """Of this boot; "": nothing, or what is no such word."""
    kept = TOP / "driver"
    words = kept.read_text().split() if kept.exists() else []
    return words[1] if len(words) == 2 and words[0] == boot and words[1] in _DRIVERS else ""


def _keep(boot: str, found: str) -> None:
    """Whole or not at all: whoever ends this may do so here."""
    part = TOP / "driver.part"
    part.write_text(f"{boot} {found}")
    part.replace(TOP / "driver")


def _speaks() -> bool:
    """Whether a kernel under KVM says anything."""
    [kernel] = (VAGRANT / "boxes" / box.name()).glob("*/libvirt/kernel")
    # It ends with this process, however that ends.
    dies = ("setpriv", "--pdeathsig", "KILL")
    machine = ("qemu-system-x86_64", "-accel", "kvm", "-cpu", "host", "-m", "256", "-nographic")
    says = ("-kernel", str(kernel), "-append", "console=ttyS0 panic=-1", "-no-reboot")
    tried = subprocess.Popen(
        [
            *dies,
            *machine,
            "-net",
            "none",
            "-vga",
            "none",
            "-monitor",
            "none",
            "-serial",
            "stdio",
            *says,
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert tried.stdout is not None
    try:
        return _hears(tried.stdout.fileno())
    finally:
        tried.kill()
        tried.wait()
        tried.stdout.close()


def _hears(output: int) -> bool:
    """More than the firmware's few words: the kernel's own first line."""
    heard = b""
    while select.select([output], [], [], _SPEAKS_S)[0]:
        read = os.read(output, 4096)
        if not read or b"Linux version" in heard + read:
            return bool(read)
        heard += read
    return False
