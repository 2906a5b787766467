"""From limits as a user says them to the files of a cgroup: which, in which order, and the way back.

The simulated kernel refuses what the real one was seen to refuse; v2 is a table of its files.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conman.core import limits
from conman.core.model import Control
from conman.core.resources import Resources, contradiction
from conman.errors import Code
from scenarios.control_groups import IN_USE, MEBI, ControlGroup

ENDLESS = "9223372036854771712"
V2 = {
    "memory.max": "max",
    "memory.swap.max": "max",
    "memory.low": "0",
    "memory.current": "1000000",
    "cpu.weight": "100",
    "cpu.max": "max 100000",
    "cpuset.cpus": "",
    "../cpuset.cpus": "",
    "cpuset.mems": "",
    "pids.max": "max",
}
ANY = st.one_of(st.none(), st.just(0), st.integers(IN_USE // MEBI, 4096).map(lambda n: n * MEBI))
SWAP = st.one_of(st.none(), st.just(-1), st.integers(16, 8192).map(lambda n: n * MEBI))
LIMITS = st.builds(
    Resources,
    memory_bytes=ANY,
    memory_swap_bytes=SWAP,
    cpu_shares=st.one_of(st.none(), st.just(0), st.integers(2, 262_144)),
    nano_cpus=st.one_of(st.none(), st.just(0), st.integers(10_000_000, 10**11)),
    cpu_period_us=st.one_of(st.none(), st.sampled_from([0, 50_000, 100_000, 200_000])),
    cpu_quota_us=st.one_of(st.none(), st.sampled_from([-1, 0, 20_000, 400_000])),
    pids_limit=st.one_of(st.none(), st.sampled_from([-1, 0, 1, 5000])),
)


def v1() -> ControlGroup:
    return ControlGroup()


def names(found: limits.Plan) -> list[tuple[str, str]]:
    return [(control.name, control.value) for control in found.controls]


def planned(change: Resources, held: dict[str, str], old: Resources | None = None) -> limits.Plan:
    return limits.plan(change, limits.merged(old or Resources(), change), held)


def write(group: ControlGroup, pairs: list[tuple[str, str]]) -> ControlGroup:
    for name, value in pairs:
        written = group.write(name, value)
        assert isinstance(written, ControlGroup), (name, value, written)
        group = written
    return group


@given(LIMITS, LIMITS)
def test_the_kernel_takes_the_order_and_the_way_back(first: Resources, second: Resources) -> None:
    group, whole = v1(), Resources()
    for change in (first, second):
        wanted = limits.merged(whole, change)
        if contradiction(wanted) is not None:
            continue
        found = limits.plan(change, wanted, dict(group.controls))
        after = write(group, names(found))
        assert limits.is_set(found.controls, dict(after.controls))
        for begun in range(len(found.controls) + 1):
            half = write(group, names(found)[:begun])
            back = [(c.name, c.before) for c in reversed(found.controls)]
            assert write(half, back) == group
        assert limits.plan(change, wanted, dict(after.controls)).controls == ()
        group, whole = after, wanted


def test_memory_goes_up_with_swap_first_and_down_with_memory_first() -> None:
    both = ["memory.memsw.limit_in_bytes", "memory.limit_in_bytes"]
    held = {"memory.limit_in_bytes": str(64 * MEBI), "memory.memsw.limit_in_bytes": str(64 * MEBI)}
    up = planned(Resources(memory_bytes=128 * MEBI), held)
    assert [name for name, _ in names(up)] == both
    down = planned(Resources(memory_bytes=32 * MEBI), held)
    assert [name for name, _ in names(down)] == both[::-1]


@pytest.mark.parametrize(("period", "first"), [(50_000, "quota"), (200_000, "period")])
def test_period_and_quota(period: int, first: str) -> None:
    held = {"cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": "50000"}
    found = planned(Resources(cpu_period_us=period, cpu_quota_us=20_000), held)
    assert names(found)[0][0].split("_")[1] == first


def test_a_period_alone_leaves_the_quota_where_there_is_none() -> None:
    held = dict(v1().controls)
    assert held["cpu.cfs_quota_us"] == "-1"
    found = planned(Resources(cpu_period_us=50_000), held)
    assert names(found) == [("cpu.cfs_period_us", "50000")]


def test_v2_says_it_in_its_own_files() -> None:
    change = Resources(
        memory_bytes=64 * MEBI,
        memory_swap_bytes=96 * MEBI,
        memory_reservation_bytes=MEBI * 8,
        nano_cpus=1_500_000_000,
        cpu_shares=262_144,
        cpuset_cpus="0",
        pids_limit=10,
    )
    assert names(planned(change, V2)) == [
        ("memory.max", str(64 * MEBI)),
        ("memory.swap.max", str(32 * MEBI)),
        ("memory.low", str(8 * MEBI)),
        ("cpu.weight", "10000"),
        ("cpu.max", "150000 100000"),
        ("cpuset.cpus", "0"),
        ("pids.max", "10"),
    ]


def test_v2_would_kill_where_v1_refuses() -> None:
    refusal = planned(Resources(memory_bytes=999_999), V2).refusal
    assert refusal is not None
    assert (refusal.code, refusal.reason) == (Code.FAILED_PRECONDITION, "LimitRefused")
    assert "the memory limit cannot become 999999 bytes" in refusal.what
    assert planned(Resources(memory_bytes=0), V2).refusal is None


def test_no_limit_is_said_in_the_files_words() -> None:
    held = dict(write(v1(), [("cpu.shares", "2"), ("pids.max", "5")]).controls)
    assert names(planned(Resources(cpu_shares=0, pids_limit=0), held)) == [
        ("cpu.shares", "1024"),
        ("pids.max", "max"),
    ]
    everything = planned(Resources(cpuset_cpus=""), held | {"cpuset.cpus": "1"})
    assert names(everything) == [("cpuset.cpus", "0-1")]


def test_a_file_that_is_not_there_is_a_warning() -> None:
    held = {"memory.limit_in_bytes": ENDLESS}
    found = planned(Resources(memory_bytes=64 * MEBI, pids_limit=5), held)
    assert names(found) == [("memory.limit_in_bytes", str(64 * MEBI))]
    assert [warning.split()[4] for warning in found.warnings] == [
        "memory.memsw.limit_in_bytes",
        "pids.max",
    ]
    assert planned(Resources(memory_bytes=0, pids_limit=-1), {}).warnings == ()
    nowhere = planned(Resources(memory_bytes=64 * MEBI), {}).warnings
    assert [warning.split()[4] for warning in nowhere] == [
        "memory.limit_in_bytes",
        "memory.memsw.limit_in_bytes",
    ]


def test_the_last_way_to_say_processors_holds() -> None:
    old = Resources(cpu_quota_us=20_000, cpu_period_us=50_000, memory_bytes=MEBI)
    assert limits.merged(old, Resources(nano_cpus=10**9)) == Resources(
        nano_cpus=10**9, memory_bytes=MEBI
    )
    back = limits.merged(Resources(nano_cpus=10**9), Resources(cpu_quota_us=5_000))
    assert back == Resources(cpu_quota_us=5_000)


def test_a_quota_holds_beside_no_number_of_processors() -> None:
    change = Resources(nano_cpus=0, cpu_quota_us=20_000)
    held = dict(v1().controls)
    assert names(planned(change, held)) == [("cpu.cfs_quota_us", "20000")]
    assert names(planned(change, V2)) == [("cpu.max", "20000 100000")]


def test_a_period_alone_lifts_no_limit() -> None:
    """It is no limit: of a number of processors it is refused, and that stays."""
    old = Resources(nano_cpus=500_000_000)
    whole = limits.merged(old, Resources(cpu_period_us=50_000))
    assert whole.nano_cpus == 500_000_000
    refusal = contradiction(whole)
    assert refusal is not None
    assert refusal.field == "resources.nano_cpus"
    usual = limits.merged(old, Resources(cpu_period_us=0))
    assert contradiction(usual) is None
    assert usual.nano_cpus == 500_000_000


def test_what_is_read_may_be_in_whole_pages() -> None:
    control = Control("memory.limit_in_bytes", ENDLESS, "10000000")
    assert limits.is_set((control,), {"memory.limit_in_bytes": "9998336"})
    assert not limits.is_set((control,), {"memory.limit_in_bytes": "9994240"})
    assert not limits.is_set((control,), {})


def test_only_memory_is_counted_in_pages() -> None:
    assert not limits.same("cpu.shares", "2", "3")
    assert limits.same("memory.max", "4096", "8191")
    assert not limits.same("memory.max", "4095", "4096")


@given(LIMITS, LIMITS, st.data())
def test_what_holds_where_the_way_back_fails_is_told(
    first: Resources, second: Resources, data: st.DataObject
) -> None:
    """However far it came: what is told then is what a new cgroup would be given to hold the same."""
    group = v1()
    if contradiction(first) is not None or contradiction(limits.merged(first, second)) is not None:
        return
    group = write(group, names(planned(first, dict(group.controls))))
    found = planned(second, dict(group.controls), first)
    half = write(group, names(found)[: data.draw(st.integers(0, len(found.controls)))])
    back = [(c.name, c.before) for c in reversed(found.controls)]
    half = write(half, back[: data.draw(st.integers(0, len(back)))])
    told = limits.in_force(first, limits.merged(first, second), found.controls, dict(half.controls))
    again = limits.plan(told, told, dict(half.controls))
    assert again.controls == ()
    assert contradiction(told) is None, "every later update would be refused"


def test_of_period_and_quota_half_are_told_as_the_cgroup_holds_them() -> None:
    """The quota was refused, and then the way back of the period."""
    first, change = (
        Resources(nano_cpus=500_000_000),
        Resources(cpu_period_us=200_000, cpu_quota_us=400_000),
    )
    held = dict(write(v1(), [("cpu.cfs_quota_us", "50000")]).controls)
    found = planned(change, held, first)
    whole = limits.merged(first, change)
    half = {**held, "cpu.cfs_period_us": "200000"}
    told = limits.in_force(first, whole, found.controls, half)
    assert told == Resources(cpu_period_us=200_000, cpu_quota_us=50_000)
    all_of_it = {**half, "cpu.cfs_quota_us": "400000"}
    assert limits.in_force(first, whole, found.controls, all_of_it) == whole


def test_what_holds_of_memory_on_v2() -> None:
    first = Resources(memory_bytes=64 * MEBI, memory_swap_bytes=96 * MEBI)
    held = {**V2, "memory.max": str(64 * MEBI), "memory.swap.max": str(32 * MEBI)}
    found = planned(Resources(memory_bytes=128 * MEBI, memory_swap_bytes=256 * MEBI), held, first)
    half = {**held, "memory.max": str(128 * MEBI)}
    told = limits.in_force(first, Resources(), found.controls, half)
    assert told == Resources(memory_bytes=128 * MEBI, memory_swap_bytes=160 * MEBI)
    endless = {**held, "memory.max": "max"}
    found = planned(Resources(memory_bytes=0), held, first)
    told = limits.in_force(first, Resources(), found.controls, endless)
    assert told == Resources(memory_bytes=0)
