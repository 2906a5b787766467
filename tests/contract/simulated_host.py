"""The simulator's world as a stage for the contract suite: the same steps, the same outcomes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from conman.primitives import steps as s
from scenarios.performing import Pending, perform
from scenarios.world import DAEMON, Process, World


@dataclass
class SimulatedHost:
    """One world; nothing in it waits for an actor, so every step has its result at once."""

    world: World = field(default_factory=World)
    top: str = "/data/containers"

    @property
    def boot_id(self) -> str:
        return self.world.boot_id

    def perform(self, step: s.Step) -> s.Result:
        result = perform(self.world, step)
        assert not isinstance(result, Pending), step
        return result

    def start(self, *argv: str, marker: str = "", lock: str = "", cgroup: str = "") -> s.ProcessId:
        """A process that lives until it is ended."""
        del argv
        if cgroup:
            self.world.cgroups.add(cgroup)
        born = Process("other", DAEMON, marks=(marker,), cgroup=cgroup, image=2, cmdline="sleep")
        process = self.world.spawn(born)
        if lock:
            self.world.lock(lock, process.pid)
        return s.ProcessId(self.boot_id, process.pid, process.pid)

    def lives(self, process: s.ProcessId) -> bool:
        return self.world.alive(process) is not None


@contextmanager
def simulated_host() -> Iterator[SimulatedHost]:
    yield SimulatedHost()
