"""The steps that change what a run may do, and look at it: its freezer and its limits. Pure data."""

from conman.frozen import frozen


@frozen
class FreezeMembers:
    """Bring every member (as EndMembers has them) to a stand, by the cgroup's freezer, else SIGSTOP.

    Result: Done once the kernel says that all stand; Absent: nobody lives there; TimedOut: some
    stand, perhaps.
    """

    cgroup: str
    marker: str
    timeout_ms: int


@frozen
class ThawMembers:
    """Let all members go on; those that go on already, and a cgroup that is gone, are Done."""

    cgroup: str
    marker: str


@frozen
class ReadFreezer:
    """Result: Freezer. Nobody there, or half of them: not frozen."""

    cgroup: str
    marker: str


@frozen
class ReadControls:
    """Result: Controls, of those of `names` that the cgroup has, in any hierarchy."""

    cgroup: str
    names: tuple[str, ...]


@frozen
class WriteControl:
    """Set one file of a cgroup. Result: Done, Absent (no such file), or Failed: the kernel refuses."""

    cgroup: str
    name: str
    value: str
