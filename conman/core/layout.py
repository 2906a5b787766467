"""Where things lie, and what they are called: pure functions of (instance, container id, run).

    DATA  containers/<id>/bundle/{config.json,rootfs}   upper/  work-<n>/  log  runs/<n>/exit.json
          trash/<id>
    RUN   runtime/               the runtime's --root
          calls/<id>-<n>.<op>    one lock file a runtime call
          shims/<id>-<n>/        alive (flock), shim.sock, stream.sock, shim.pid, init.pid, FIFOs,
                                 execs/<eid>/
    cgroups  /conman-<instance>/<id>-<n>

Every name carries its owner, so that whatever is found on a host can be traced to a row, an intent,
or nobody. Nothing here may look at a host.
"""

from conman.frozen import frozen

#: The runtime calls of a run that have a lock file, in the order in which they are fenced.
CALLS = ("create", "start", "exec", "delete")


@frozen
class Layout:
    """One daemon's places. `instance`: 8 hex digits; `has_cgroups` False: not root.

    `has_lost_run`: RUN was removed in this boot, under runs that live. An absent lock proves nothing then.
    """

    data: str
    run: str
    instance: str
    boot_id: str
    has_cgroups: bool = True
    has_lost_run: bool = False

    # ---- DATA

    def containers(self) -> str:
        return f"{self.data}/containers"

    def container(self, container_id: str) -> str:
        return f"{self.data}/containers/{container_id}"

    def bundle(self, container_id: str) -> str:
        return f"{self.container(container_id)}/bundle"

    def config(self, container_id: str) -> str:
        return f"{self.bundle(container_id)}/config.json"

    def rootfs(self, container_id: str) -> str:
        return f"{self.bundle(container_id)}/rootfs"

    def upper(self, container_id: str) -> str:
        return f"{self.container(container_id)}/upper"

    def work(self, container_id: str, run: int) -> str:
        return f"{self.container(container_id)}/work-{run}"

    def log(self, container_id: str) -> str:
        return f"{self.container(container_id)}/log"

    def runs(self, container_id: str) -> str:
        return f"{self.container(container_id)}/runs"

    def run_record(self, container_id: str, run: int) -> str:
        return f"{self.runs(container_id)}/{run}"

    def exit_record(self, container_id: str, run: int) -> str:
        return f"{self.run_record(container_id, run)}/exit.json"

    def trash(self, container_id: str = "") -> str:
        return f"{self.data}/trash/{container_id}" if container_id else f"{self.data}/trash"

    # ---- RUN

    def runtime_root(self) -> str:
        return f"{self.run}/runtime"

    def runtime_id(self, container_id: str, run: int) -> str:
        return f"{container_id}-{run}"

    def runtime_state(self, container_id: str, run: int) -> str:
        return f"{self.runtime_root()}/{container_id}-{run}"

    def exec_fifo(self, container_id: str, run: int) -> str:
        """Of runc and crun: it is there for as long as an init waits at it."""
        return f"{self.runtime_state(container_id, run)}/exec.fifo"

    def shim(self, container_id: str, run: int) -> str:
        return f"{self.run}/shims/{container_id}-{run}"

    def shim_lock(self, container_id: str, run: int) -> str:
        return f"{self.shim(container_id, run)}/alive"

    def stream_socket(self, container_id: str, run: int) -> str:
        return f"{self.shim(container_id, run)}/stream.sock"

    def exec_socket(self, container_id: str, run: int, exec_id: str) -> str:
        return f"{self.exec(container_id, run, exec_id)}/stream.sock"

    def console_socket(self, container_id: str, run: int) -> str:
        return f"{self.shim(container_id, run)}/console.sock"

    def init_pid(self, container_id: str, run: int) -> str:
        return f"{self.shim(container_id, run)}/init.pid"

    def execs(self, container_id: str, run: int) -> str:
        return f"{self.shim(container_id, run)}/execs"

    def exec(self, container_id: str, run: int, exec_id: str) -> str:
        return f"{self.execs(container_id, run)}/{exec_id}"

    def call_lock(self, container_id: str, run: int, op: str) -> str:
        return f"{self.run}/calls/{container_id}-{run}.{op}"

    # ---- marks on processes and cgroups

    def cgroup(self, container_id: str, run: int) -> str:
        """The cgroup's path in every hierarchy; the runtime is told it as cgroupsPath."""
        return f"/conman-{self.instance}/{container_id}-{run}"

    def members_cgroup(self, container_id: str, run: int) -> str:
        """As `cgroup`, or "" where members are told by their environment instead."""
        return self.cgroup(container_id, run) if self.has_cgroups else ""

    def run_marker(self, container_id: str, run: int) -> str:
        return f"CONMAN_RUN={self.instance}/{container_id}-{run}"

    def exec_marker(self, container_id: str, run: int, exec_id: str) -> str:
        return f"CONMAN_EXEC={self.instance}/{container_id}-{run}/{exec_id}"

    def shim_marker(self, container_id: str, run: int) -> str:
        return f"CONMAN_SHIM={self.instance}/{container_id}-{run}"

    def call_marker(self, container_id: str, run: int, op: str) -> str:
        return f"CONMAN_CALL={self.instance}/{container_id}-{run}/{op}"
