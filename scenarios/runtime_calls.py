"""Runtime calls in flight on the simulated host: the plans of `fakerunc.model`, one step at a time.

A call outlives whoever made it. Killed between two steps it leaves exactly the half-state that runc was
measured to leave. Nothing here knows what conman wants.
"""

import json
from dataclasses import replace
from itertools import pairwise
from typing import Any

from conman.shim import machine as shim
from conman.shim.execs import ExecProcess, in_flight
from conman.shim.task import Init
from fakerunc import model
from fakerunc.model import StepKind
from scenarios.control_groups import FROZEN, made_for
from scenarios.exec_ghosts import exec_of
from scenarios.programs import MISSING
from scenarios.shims import Shim
from scenarios.violation import Violation
from scenarios.world import DAEMON, INSTANCE, Call, Process, World, run_of

#: What is installed on the simulated host; of the last two conman knows nothing. The liar's start does nothing, and says 0.
LIAR = "liar"
RUNTIMES = {"runc", "fakerunc", "other", LIAR}


def begin_call(
    world: World, argv: tuple[str, ...], lock: str, marker: str, parent: int
) -> Call | None:
    """Fork and exec the runtime; None: there is no such binary."""
    if argv[0] not in RUNTIMES:
        # As a real fork does: the lock was made before it was known.
        world.disk.make(lock, "file")
        return None
    words = dict(pairwise(argv))
    runtime_id, state = argv[-1], f"{words['--root']}/{argv[-1]}"
    command: model.Command
    if "create" in argv:
        command = model.Create(runtime_id, pid_file=True)
    elif "exec" in argv:
        defect = _defect_of(world, words["--process"])
        command = model.Exec(runtime_id, detach=True, pid_file=True, defect=defect)
    elif "start" in argv:
        command = model.Start(runtime_id)
    else:
        command = model.Delete(runtime_id, force="--force" in argv)
    if world.holders(lock):
        raise Violation("I3", f"two calls at once hold {lock}")
    process = world.spawn(Process("call", parent, marks=(marker,)))
    world.lock(lock, process.pid)
    # Of an exec its process.json is what a bundle is of a create.
    bundle = words.get("--bundle", words.get("--process", ""))
    call = Call(process.pid, parent, command, bundle, words.get("--pid-file", ""), state)
    if argv[0] == LIAR and isinstance(command, model.Start):
        call = replace(call, steps=())
    world.calls[call.pid] = call
    return call


def _defect_of(world: World, path: str) -> str:
    """What the runtime will find wrong with the program, as a root file system without it has it."""
    program = json.loads(world.disk.read(path) or b"{}")["args"][0]
    if program not in MISSING:
        return ""
    return f'unable to start container process: exec: "{program}": stat {program}: no such file or directory'


def end_call(world: World, pid: int) -> None:
    """SIGKILL of a runtime: an init that state.json does not yet name dies with its create."""
    call = world.calls.get(pid)
    if world.processes[pid].alive:
        world.end(pid, 137, 9)
    if (
        call is not None
        and call.init
        and world.disk.read(f"{call.state_directory}/state.json") is None
    ):
        world.end(call.init, 137, 9)


def advance(world: World, call: Call) -> str:
    """The next thing that this call does; its name."""
    name = type(call.command).__name__.lower()
    if call.steps is None:
        planned = model.plan(call.command, _view(world, call))
        world.calls[call.pid] = replace(call, steps=planned.steps, answer=planned.answer)
        return f"runtime {name} looks"
    if not call.steps:
        _answer(world, call)
        return f"runtime {name} answers {call.answer.code}"
    step, *rest = call.steps
    world.calls[call.pid] = call = replace(call, steps=tuple(rest))
    _runtime_step(world, call, step)
    return f"runtime {name}: {step.name}"


def _answer(world: World, call: Call) -> None:
    world.end(call.pid, call.answer.code)
    if call.parent == DAEMON:
        world.ended_calls[call.pid] = call.answer
        return
    for one in list(world.shims.values()):
        if one.pid == call.parent and isinstance(call.command, model.Exec):
            _answer_exec(world, one, call)
        elif one.pid == call.parent and one.state.phase == shim.Phase.CREATING:
            init = _init_facts(world, call) if call.answer.code == 0 else None
            if init is not None and one.state.task is not None:
                world.disk.make(one.state.task.log, "file")
            ended = shim.CallEnded(call.answer.code, "", call.answer.stderr, init)
            world.shims[one.directory] = replace(one, inbox=(*one.inbox, ended))


def _answer_exec(world: World, one: Shim, call: Call) -> None:
    if in_flight(one.state.execs) is None:
        return
    process = ExecProcess(world.boot_id, call.init, call.init) if call.answer.code == 0 else None
    ended = shim.ExecCallEnded(call.answer.code, call.answer.stderr, process)
    world.shims[one.directory] = replace(one, inbox=(*one.inbox, ended))


def _init_facts(world: World, call: Call) -> Init:
    pid = int(world.disk.read(call.pid_file) or b"0")
    process = world.processes[pid]
    image = process.image if process.alive else 0
    return Init(world.boot_id, pid, pid, 1, image, process.cmdline)


def _view(world: World, call: Call) -> model.View:
    directory = call.state_directory
    data = world.disk.read(f"{directory}/state.json")
    init = _recorded_init(world, directory)
    return model.View(
        directory=world.disk.find(directory) is not None,
        fifo=world.disk.find(f"{directory}/exec.fifo") is not None,
        state=model.StateFile.ABSENT if data is None else model.StateFile.VALID,
        init=model.InitState.ALIVE if init and init.alive else model.InitState.GONE,
        frozen=world.control_group(_cgroup_of(directory)).freezer == FROZEN,
    )


def _recorded_init(world: World, directory: str) -> Process | None:
    data = world.disk.read(f"{directory}/state.json")
    return world.processes.get(int(json.loads(data)["pid"])) if data else None


def _runtime_step(world: World, call: Call, step: model.Step) -> None:
    directory, disk = call.state_directory, world.disk
    match step.kind:
        case StepKind.MAKE_DIRECTORY:
            disk.make(directory, "dir")
        case StepKind.MAKE_FIFO:
            disk.make(f"{directory}/exec.fifo", "fifo")
        case StepKind.MAKE_CGROUP:
            config = _config(world, call)
            world.cgroups.add(config["linux"]["cgroupsPath"])
            world.control_groups[config["linux"]["cgroupsPath"]] = made_for(config)
        case StepKind.SPAWN_INIT:
            _spawn_init(world, call)
        case StepKind.SPAWN_PROCESS:
            _spawn_process(world, call)
        case StepKind.WRITE_STATE:
            disk.write(f"{directory}/state-tmp", json.dumps({"pid": call.init}).encode())
        case StepKind.RENAME_STATE:
            disk.rename(f"{directory}/state-tmp", f"{directory}/state.json")
        case StepKind.WRITE_PID_FILE:
            disk.write(f"{call.pid_file}.tmp", str(call.init).encode())
        case StepKind.RENAME_PID_FILE:
            disk.rename(f"{call.pid_file}.tmp", call.pid_file)
        case StepKind.UNLINK_FIFO:
            disk.unlink(f"{directory}/exec.fifo")
        case StepKind.REMOVE_CGROUPS:
            world.remove_cgroup(_cgroup_of(directory))
        case StepKind.REMOVE_DIRECTORY:
            for path in reversed([directory, *disk.tree(directory)]):
                disk.remove(path)
        case _:
            _move_init(world, call, step)


def _move_init(world: World, call: Call, step: model.Step) -> None:
    init = _recorded_init(world, call.state_directory)
    if init is None or not init.alive:
        if step.kind is StepKind.RELEASE_INIT:
            world.calls[call.pid] = replace(call, steps=(), answer=model.stuck(step))
        return
    match step.kind:
        case StepKind.RELEASE_INIT:
            _release(world, init)
        case StepKind.KILL_INIT:
            world.thaw(init.cgroup)
            world.end(init.pid, 137, 9)
        case StepKind.SIGNAL_INIT | StepKind.SIGNAL_MEMBERS:
            world.signal(init.pid, step.signal)
        case _:
            raise AssertionError(step)


def _spawn_init(world: World, call: Call) -> None:
    config = _config(world, call)
    cgroup = config["linux"]["cgroupsPath"]
    environment = tuple(sorted(config["process"]["env"]))
    marks = (*environment, f"_LIBCONTAINER_STATEDIR={call.state_directory}")
    program = config["process"]["args"][0]
    waiting = Process(
        "init", call.parent, marks=marks, cgroup=cgroup, program=program, cmdline="runc init"
    )
    init = world.spawn(waiting)
    world.calls[call.pid] = replace(call, init=init.pid)


def _spawn_process(world: World, call: Call) -> None:
    """It runs at once, or its container has ended meanwhile."""
    init = _recorded_init(world, call.state_directory)
    if init is None or not init.alive:
        words = "exec failed: cannot exec in a stopped container"
        world.calls[call.pid] = replace(call, steps=(), answer=model.Answer(255, "", words))
        return
    asked = json.loads(world.disk.read(call.bundle) or b"{}")
    marks, program = tuple(sorted(asked["env"])), asked["args"][0]
    running = Process(
        "exec",
        call.parent,
        marks=marks,
        cgroup=init.cgroup,
        program=program,
        cmdline=program,
        image=2,
    )
    process = world.spawn(running)
    world.execs.begins(exec_of(marks), run_of(init.cgroup))
    world.calls[call.pid] = replace(call, init=process.pid)


def _release(world: World, init: Process) -> None:
    """The user's program begins; from here on its environment is its own."""
    marks = tuple(m for m in init.marks if not m.startswith("_LIBCONTAINER"))
    world.put(replace(init, image=2, marks=marks, cmdline=init.program))
    world.started = (*world.started, (run_of(init.cgroup), world.boot))


def _config(world: World, call: Call) -> dict[str, Any]:
    data = world.disk.read(f"{call.bundle}/config.json")
    return json.loads(data or b"{}")


def _cgroup_of(directory: str) -> str:
    return f"/conman-{INSTANCE}/{directory.rpartition('/')[2]}"
