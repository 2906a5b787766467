"""What runc's tests expect around them, made by ourselves: root file systems, recvtty, a `go`, the two runtimes.

The roots are one busybox with its links; the Debian one has ldconfig as well, which a test of hooks calls.
It must never put anything outside the directory it is given.
"""

import io
import os
import platform
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from runc_suite.refusal import Refusal

RUNTIMES = ("runc", "fakerunc")
RECVTTY = Path(__file__).with_name("recvtty.c")
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_FOLDERS = ("bin", "dev", "etc", "home", "lib", "root", "run", "sbin", "tmp", "usr/bin", "var")
_FILES = {"etc/passwd": "root:x:0:0:root:/root:/bin/sh\n", "etc/group": "root:x:0:\n"}
# On cgroup v1 runc has so many hierarchies; the tests do not look, but fakerunc should have them.
_HIERARCHIES = 10


def architecture() -> str:
    """As Go calls it."""
    machine = platform.machine()
    if machine not in _ARCHITECTURES:
        raise Refusal(f"runc's tests are not run on {machine}: only on {', '.join(_ARCHITECTURES)}")
    return _ARCHITECTURES[machine]


def equip(tree: Path, place: Path) -> dict[str, Path]:
    """Completes the source tree; returns the programs to test, by RUNTIMES."""
    data = tree / "tests/integration/testdata"
    _root(data / f"busybox-{architecture()}.tar.xz", {})
    _root(data / f"debian-{architecture()}.tar.xz", {"sbin/ldconfig": _program("ldconfig")})
    compiled(RECVTTY, tree / "contrib/cmd/recvtty/recvtty")
    _script(place / "bin/go", f"#!/bin/sh\n# For `go env GOARCH`.\necho {architecture()}\n")
    return {"runc": _program("runc"), "fakerunc": _launcher(place / "fakerunc")}


def _program(name: str) -> Path:
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if not found:
        raise Refusal(f"there is no {name} here: `make runc-suite` installs what it can")
    return Path(found)


def _launcher(place: Path) -> Path:
    """Named runc, as whoever calls it expects."""
    _script(
        place / "runc",
        f"#!{sys.executable}\nimport sys\nfrom fakerunc.main import main\n\nsys.exit(main())\n",
    )
    (place / "fakerunc.conf").write_text(f"hierarchies = {_HIERARCHIES}\n")
    return place / "runc"


def _script(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def compiled(source: Path, program: Path) -> None:
    words = ("cc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-o", program, source)
    subprocess.run(words, check=True)


def _root(archive: Path, programs: dict[str, Path]) -> None:
    """Without /proc and /sys: some tests put something else there."""
    busybox = _program("busybox")
    listed = subprocess.run((busybox, "--list"), stdout=subprocess.PIPE, text=True, check=True)
    with tarfile.open(archive, "w:xz", preset=0) as tar:
        for folder in _FOLDERS:
            tar.addfile(_member(folder, tarfile.DIRTYPE, 0o1777 if folder == "tmp" else 0o755))
        for name, text in _FILES.items():
            tar.addfile(_member(name, size=len(text)), io.BytesIO(text.encode()))
        for name, program in {**programs, "bin/busybox": busybox}.items():
            tar.add(os.path.realpath(program), name)
        for applet in {*listed.stdout.split()} - {"busybox", *map(os.path.basename, programs)}:
            tar.addfile(_member(f"bin/{applet}", tarfile.SYMTYPE, 0o777, target="busybox"))


def _member(
    name: str, kind: bytes = tarfile.REGTYPE, mode: int = 0o644, size: int = 0, target: str = ""
) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.mode, member.size, member.linkname = kind, mode, size, target
    return member
