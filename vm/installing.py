"""conman into a guest, as a user without a network would: wheels, a venv, the unit of packaging/.

It must never give the guest anything that a user has not: no tree, no tools of the house.
"""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from vm.guests import Guest
from vm.places import TOP, TREE
from vm.steps import step
from vm.trouble import Trouble

_RUN, _SUITE = (TREE / "requirements" / f"{name}.txt" for name in ("run", "suite"))
_UNIT = TREE / "packaging" / "conman.service"
#: The guest's Python, and what its C library takes.
_FOR = (
    "--python-version=3.11",
    "--platform=manylinux_2_28_x86_64",
    "--platform=manylinux_2_17_x86_64",
    "--platform=manylinux2014_x86_64",
)
VENV, ROOTFS = "/opt/conman", "/srv/busybox"
#: The house's tests in a guest: beside conman, never in its venv, and where everybody may read them.
SUITE = "/opt/conman-suite"
_TESTED = ("conman", "fakerunc", "scenarios", "benchmarks", "tests", "pyproject.toml")
_INSTALL = f"""set -e
python3 -m venv --without-pip {VENV}
PIP_FIND_LINKS=/root/wheels pip --python {VENV}/bin/python install -q --no-index conman
ln -s {VENV}/bin/conmand {VENV}/bin/conmanctl /usr/bin/
mkdir -p {ROOTFS}/bin
cp /bin/busybox {ROOTFS}/bin/
for program in sh sleep echo true; do ln -s busybox {ROOTFS}/bin/$program; done
cp /root/wheels/conman.service /etc/systemd/system/
systemctl -q enable --now conman
sync
"""
_INSTALL_SUITE = f"""set -e
python3 -m venv --without-pip {SUITE}/.venv
PIP_FIND_LINKS={SUITE}/wheels pip --python {SUITE}/.venv/bin/python install -q --no-index conman hypothesis pytest pytest-timeout
"""


def install(guest: Guest) -> None:
    """Until systemd says that it is up; with a root file system for containers in ROOTFS."""
    with step("wheels"):
        folder = wheels()
    with step("install"):
        guest.put(folder, "/root/wheels")
        guest.run(_INSTALL, timeout_s=900)


def install_suite(guest: Guest) -> None:
    """The tree's tests, in SUITE, with all that they import."""
    with step("wheels"):
        folder = wheels(_SUITE)
    with step("install suite"):
        guest.put(folder, f"{SUITE}/wheels")
        guest.put(TREE, SUITE, *_TESTED)
        guest.run(_INSTALL_SUITE, timeout_s=900)


def wheels(lock: Path = _RUN) -> Path:
    """A directory of today's conman, its unit, and all that `lock` has; what that has is fetched once."""
    folder = TOP / f"wheels-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    if not folder.exists():
        part = TOP / "wheels.part"
        shutil.rmtree(part, ignore_errors=True)
        _pip("download", "--require-hashes", "--only-binary=:all:", *_FOR, "-d", part, "-r", lock)
        part.rename(folder)
    for old in folder.glob("conman-*"):
        old.unlink()
    _pip("wheel", "--no-deps", "--no-build-isolation", "-w", folder, TREE)
    shutil.copy(_UNIT, folder)
    return folder


def _pip(*words: str | Path) -> None:
    quiet = ("-qq", "--disable-pip-version-check")
    done = subprocess.run([sys.executable, "-m", "pip", words[0], *quiet, *words[1:]], check=False)
    if done.returncode:
        raise Trouble(
            f"pip {words[0]} failed, see above: is there a network, and a whole .venv (make setup)?"
        )
