"""What inspect tells of a container is the request that would create it again: there and back."""

from dataclasses import fields

from hypothesis import given
from hypothesis import strategies as st

from conman.api.config import config
from conman.api.spec import container_spec
from conman.core.model import Container, RootfsMode, State
from conman.core.resources import Resources
from conman.core.restart import RestartName, RestartPolicy
from conman.core.spec import ContainerSpec, Device, LogLimits, Mount, MountType, Stdio, Ulimit

#: Every field is other than what a request without it would mean.
FULL = ContainerSpec(
    command="sh",
    args=("-c", "x"),
    rootfs_path="/r",
    rootfs_readonly=True,
    env=("A=1",),
    cwd="/w",
    user="1:2",
    hostname="h",
    labels=(("a", "1"), ("b", "")),
    annotations=(("c", "2"),),
    stop_signal=2,
    runtime="crun",
    resources=Resources(memory_bytes=64 * 2**20, nano_cpus=5 * 10**8, pids_limit=-1),
    groups=("3",),
    mounts=(
        Mount(MountType.BIND, "/a", "/b", readonly=True, propagation="rslave"),
        Mount(MountType.TMPFS, "/t", size_bytes=4096, mode=0o700, options=("exec",)),
    ),
    devices=(Device("/dev/fuse", "/dev/x", "rw"),),
    cap_add=("CAP_NET_ADMIN",),
    cap_drop=("ALL",),
    privileged=True,
    ulimits=(Ulimit("nofile", 10, 20),),
    sysctls=(("net.ipv4.ip_forward", "1"),),
    stop_timeout_ms=0,
    runtime_spec_patch='{"process":{"oomScoreAdj":100}}',
    log=LogLimits(0, 2),
    restart=RestartPolicy(RestartName.ON_FAILURE, 3),
    stdio=Stdio(stdin=True, stdin_once=True, tty=True),
)


def row(spec: ContainerSpec) -> Container:
    return Container("a" * 32, "web", spec, RootfsMode.COPY, State.CREATED, 1)


def there_and_back(spec: ContainerSpec) -> ContainerSpec:
    return container_spec(config(row(spec)))


def test_the_example_leaves_no_field_as_it_is_by_itself() -> None:
    plain = ContainerSpec(command="")
    same = [f.name for f in fields(plain) if getattr(plain, f.name) == getattr(FULL, f.name)]
    # Not together with a restart policy.
    assert same == ["auto_remove"]


def test_there_and_back_of_one_that_goes() -> None:
    spec = ContainerSpec(command="sh", rootfs_path="/r", auto_remove=True)
    assert there_and_back(spec) == spec


def test_there_and_back_with_everything() -> None:
    assert there_and_back(FULL) == FULL
    told = config(row(FULL))
    assert (told.name, told.request_id) == ("web", "")


def test_there_and_back_with_nothing() -> None:
    spec = ContainerSpec(command="sh", rootfs_path="/r")
    assert there_and_back(spec) == spec


words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)


@given(st.lists(words), st.dictionaries(words.filter(bool), words), st.integers(1, 64))
def test_there_and_back_with_any_text(
    args: list[str], labels: dict[str, str], stop_signal: int
) -> None:
    spec = ContainerSpec(
        command="sh",
        args=tuple(args),
        rootfs_path="/r",
        labels=tuple(sorted(labels.items())),
        stop_signal=stop_signal,
    )
    assert there_and_back(spec) == spec
