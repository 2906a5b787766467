"""The recipes of an exec. All that it makes lies in RUN, so nothing of it is synced: no exec outlives a boot."""

from conman.core.bundle.process import process_json
from conman.core.effects import vocabulary as v
from conman.core.layout import Layout
from conman.core.shim_call import exec_body, exec_exit_body
from conman.primitives import steps as s

Recipe = tuple[s.Step, ...]

#: What its shim needs to write an answer, beyond the time of the call.
ANSWER_MS = 5_000
EXIT_MS = 15_000
END_MS = 5_000


def runtime_exec(effect: v.RuntimeExec, layout: Layout, runtime_ms: int) -> Recipe:
    container, run, one = effect.container, effect.run, effect.exec
    place = layout.exec(container.id, run, one.id)
    size = effect.console_size
    data = process_json(container, run, one, layout, effect.permits, console_size=size)
    body = exec_body(effect.runtime, layout, container, one, runtime_ms)
    return (
        s.MakeDirectory(layout.execs(container.id, run)),
        s.MakeDirectory(place),
        s.WriteFile(f"{place}/process.json", data),
        s.CallShim(layout.shim(container.id, run), "exec", body, runtime_ms + ANSWER_MS),
    )


def recipe(
    effect: v.WatchExec | v.SignalExec | v.AwaitExecExit | v.EndExec | v.RemoveExec,
    layout: Layout,
) -> Recipe:
    match effect:
        case v.WatchExec(container_id, run, exec_id, process):
            return (s.WatchProcess(container_id, run, process, exec_id),)
        case v.SignalExec(process, signal):
            return (s.SignalProcess(process, signal),)
        case v.AwaitExecExit(container_id, run, exec_id):
            shim = layout.shim(container_id, run)
            return (s.CallShim(shim, "exec-exit", exec_exit_body(exec_id), EXIT_MS),)
        case v.EndExec(container_id, run, exec_id):
            # By its mark alone: its cgroup is its container's, which goes on.
            marker = layout.exec_marker(container_id, run, exec_id)
            return (s.EndMembers("", marker, END_MS),)
        case v.RemoveExec(container_id, run, exec_id):
            return (s.RemoveTree(layout.exec(container_id, run, exec_id)),)
