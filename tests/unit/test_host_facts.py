"""What this host is, compared with who else can say it."""

import os
import platform
import subprocess

import pytest

from conman.host import facts


def test_the_kernel_and_its_machine() -> None:
    said = subprocess.run(("uname", "-r", "-m"), capture_output=True, text=True, check=True)
    assert said.stdout.split() == [facts.kernel(), facts.architecture()]


def test_its_memory() -> None:
    with open("/proc/meminfo", encoding="ascii") as file:
        total = next(int(line.split()[1]) for line in file if line.startswith("MemTotal"))
    assert facts.memory_bytes() == total * 1024


def test_its_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    assert facts.cpus() == os.cpu_count()
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert facts.cpus() == 1


def test_who_says_nothing_is_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> dict[str, str]:
        raise OSError

    assert facts.operating_system()
    monkeypatch.setattr(platform, "freedesktop_os_release", none)
    assert facts.operating_system() == "Linux"


def test_its_runtimes() -> None:
    assert facts.runtimes(("sh", "no-such-runtime")) == (
        ("sh", facts.runtimes(("sh",))[0][1]),
        ("no-such-runtime", ""),
    )
    assert os.access(facts.runtimes(("sh",))[0][1], os.X_OK)


@pytest.mark.parametrize(
    ("there", "version"),
    [
        ((), "v1"),
        (("cgroup.controllers",), "v2"),
        (("unified/cgroup.procs",), "hybrid"),
    ],
)
def test_its_cgroups(
    there: tuple[str, ...],
    version: str,
    tmp_path: os.PathLike[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(facts, "_CGROUPS", str(tmp_path))
    for file in there:
        path = os.path.join(tmp_path, file)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb"):
            pass
    assert facts.cgroup_version(is_root=True) == version
    assert facts.cgroup_version(is_root=False) == "none"
