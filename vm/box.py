"""The box: a Debian 12 made here from Debian's own packages, known by the hash of its recipe.

No box is ever downloaded. A half-built box has no name yet; one of an older recipe is never used, and
removed when the new one is there. Its disk, as libvirt has it, is a copy that Vagrant makes: one that no guest
has come up from may be half of one, which Vagrant takes for whole, so it is never used either.
"""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

from vm.places import LOGS, POOL, RECIPE, TOP, VAGRANT
from vm.steps import step
from vm.trouble import Trouble

_PREFIX = "conman-debian12-"
_GIB = 6
#: What the initrd loads to find the disk; the network's with it, for udev would only load it later.
_MODULES = ("virtio_pci", "virtio_blk", "ext4", "virtio_net")
_TOOLS = ("vagrant", "virsh", "libvirtd", "qemu-system-x86_64", "mmdebstrap", "mke2fs", "cpio")


def name() -> str:
    """Of the box that today's recipe makes."""
    texts = [path.read_bytes() for path in sorted(RECIPE.iterdir())]
    texts.append(Path(__file__).read_bytes())
    return _PREFIX + hashlib.sha256(b"\0".join(texts)).hexdigest()[:12]


def ensure() -> str:
    """The name of a box that is there. Raises Trouble."""
    must_have_tools(_TOOLS)
    wanted = name()
    if not _whole(wanted).exists():
        _build(wanted)
    if not _copied(wanted).exists():
        _remove_disks(wanted)
    return wanted


def has_come_up(box: str) -> None:
    """A guest of it, so its disk was copied to the end."""
    _copied(box).touch()


def must_have_tools(tools: tuple[str, ...]) -> None:
    """Raises Trouble."""
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        raise Trouble(f"{', '.join(missing)} not found: run make vm-system, as root")
    if os.geteuid() != 0:
        raise Trouble("a box is built, and its guest run, by root: run it by sudo")


def environ() -> dict[str, str]:
    """Vagrant's: a home of its own, and nobody asked for news."""
    quiet = {"VAGRANT_CHECKPOINT_DISABLE": "1", "VAGRANT_NO_COLOR": "1"}
    return dict(os.environ) | quiet | {"VAGRANT_HOME": str(VAGRANT)}


def older(wanted: str) -> list[str]:
    """Boxes of other recipes."""
    there = sorted(path.name for path in (VAGRANT / "boxes").glob(f"{_PREFIX}*"))
    return [one for one in there if one != wanted]


def _place(box: str) -> Path:
    return VAGRANT / "boxes" / box


def _whole(box: str) -> Path:
    """The file that says so: Vagrant may have been ended while it added it."""
    return _place(box) / ".whole"


def _copied(box: str) -> Path:
    """The file that says so of its disk: whoever is ended while Vagrant copies leaves a half, in POOL."""
    return _place(box) / ".copied"


def _remove_disks(box: str) -> None:
    for disk in POOL.glob(f"{box}*"):
        disk.unlink()


def _build(wanted: str) -> None:
    part = TOP / "part"
    for half in (part, _place(wanted)):
        shutil.rmtree(half, ignore_errors=True)
    part.mkdir()
    with step(f"box {wanted}"):
        _debian(part / "root")
        _image(part)
        _initrd(part)
        _add(part, wanted)
    shutil.rmtree(part)
    for box in older(wanted):
        print(f"box {box} is of an older recipe: removed", flush=True)
        shutil.rmtree(_place(box))
        _remove_disks(box)


def _debian(root: Path) -> None:
    # In namespaces of its own, that end with this process: nothing of it works on, its mounts are gone.
    dies = ("setpriv", "--pdeathsig", "KILL")
    own = (*dies, "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
    packages = ",".join((RECIPE / "packages").read_text().split())
    hook = f'"{RECIPE}/customize" "$1" "{_key()}"'
    with step("box: Debian from packages"):
        _run(
            *own,
            "mmdebstrap",
            "--mode=root",
            "--variant=minbase",
            f"--include={packages}",
            # What the power takes while it is built is built again.
            "--dpkgopt=force-unsafe-io",
            *(f"--aptopt={line}" for line in _apt_options()),
            f"--customize-hook={hook}",
            "bookworm",
            str(root),
            *_sources(),
        )


def _image(part: Path) -> None:
    with step("box: disk"):
        raw = part / "root.raw"
        size = f"{_GIB}G"
        _run("mke2fs", "-q", "-t", "ext4", "-m", "0", "-d", str(part / "root"), str(raw), size)
        _run("qemu-img", "convert", "-O", "qcow2", str(raw), str(part / "box.img"))
        raw.unlink()


def _initrd(part: Path) -> None:
    root, inside = part / "root", part / "inside"
    [kernel] = (root / "boot").glob("vmlinuz-*")
    shutil.copy(kernel, part / "kernel")
    version = kernel.name.removeprefix("vmlinuz-")
    for place in ("bin", "dev", "proc", "sys", "root", "modules.d"):
        (inside / place).mkdir(parents=True)
    shutil.copy(root / "bin" / "busybox", inside / "bin" / "busybox")
    shutil.copy(RECIPE / "init", inside / "init")
    shown = [
        _run("chroot", str(root), "modprobe", "-S", version, "--show-depends", one)
        for one in _MODULES
    ]
    lines = "".join(shown).splitlines()
    files = dict.fromkeys(line.split()[1] for line in lines if line.startswith("insmod"))
    for file in files:
        shutil.copy(f"{root}{file}", inside / "modules.d")
    names = "".join(f"/modules.d/{os.path.basename(file)}\n" for file in files)
    (inside / "modules").write_text(names)
    _run("sh", "-c", f"cd '{inside}' && find . | cpio --quiet -o -H newc >'{part}/initrd'")


def _add(part: Path, wanted: str) -> None:
    with step("box: into Vagrant"):
        about = {"provider": "libvirt", "format": "qcow2", "virtual_size": _GIB}
        (part / "metadata.json").write_text(json.dumps(about))
        shutil.copy(RECIPE / "Vagrantfile", part)
        names = ("metadata.json", "Vagrantfile", "box.img", "kernel", "initrd")
        _run("tar", "-C", str(part), "-cf", str(part / "it.box"), *names)
        _run("vagrant", "box", "add", "--name", wanted, str(part / "it.box"))
        _whole(wanted).touch()


def _sources() -> list[str]:
    """This machine's own, so no place to fetch from is named here."""
    top = Path("/etc/apt")
    every = [top / "sources.list", *sorted((top / "sources.list.d").glob("*"))]
    return [str(one) for one in every if one.is_file() and one.suffix in {".list", ".sources"}]


def _apt_options() -> list[str]:
    """How this machine reaches them."""
    dump = subprocess.run(["apt-config", "dump", "Acquire"], check=True, capture_output=True)
    lines = dump.stdout.decode().splitlines()
    return [line.rstrip(";") for line in lines if not line.endswith('"";')]


def _key() -> str:
    """Of the key pair that Vagrant gives to everybody."""
    for top in ("/usr/share", "/opt/vagrant"):
        for found in Path(top).glob("**/keys/vagrant.pub"):
            return str(found)
    raise Trouble(
        "Vagrant's public key is not where Debian puts it: apt-get install --reinstall vagrant"
    )


def _run(*command: str) -> str:
    """Its stdout; what it says on stderr goes to build/vm/log/box. Raises Trouble."""
    with (LOGS / "box").open("ab") as log:
        done = subprocess.run(
            command,
            check=False,
            env=environ(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
        )
    if done.returncode:
        raise Trouble(f"{command[0]} failed: read the end of {LOGS}/box, then run make box again")
    return done.stdout.decode()
