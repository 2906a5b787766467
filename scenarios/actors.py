"""Those who go on when the daemon is dead: shims, runtime calls, the users' programs.

Each does one thing at a time, and may be killed between any two. A shim runs `conman.shim.machine`
itself; a runtime call runs the plan of `fakerunc.model`. Nothing here knows what conman wants.
"""

from dataclasses import replace
from typing import assert_never

from conman.primitives.steps import Done, Failed, OomCount, ReadOom, Step
from conman.shim import machine as shim
from scenarios import performing
from scenarios.control_groups import THAWED
from scenarios.coverage import shim_sites
from scenarios.programs import EXITS_BY_ITSELF, OUT_OF_MEMORY
from scenarios.runtime_calls import advance, begin_call, end_call
from scenarios.shims import Shim, left_alone, next_input
from scenarios.tally import met
from scenarios.world import World, run_of

Actor = tuple[str, str]


def enabled(world: World) -> list[Actor]:
    """The actors that can do something now, in a fixed order."""
    calls = [("call", str(pid)) for pid in sorted(world.calls) if pid not in world.hung]
    shims = [("shim", d) for d in sorted(world.shims) if _is_enabled(world, world.shims[d])]
    programs = [
        ("program", str(p.pid))
        for p in world.processes.values()
        if p.image == 2 and p.alive and not p.stopped and p.cmdline in EXITS_BY_ITSELF
        if world.control_group(p.cgroup).freezer == THAWED
    ]
    return [*calls, *shims, *programs]


def act(world: World, actor: Actor) -> str:
    """One thing; its name, for the trace."""
    kind, name = actor
    match kind:
        case "call":
            return advance(world, world.calls[int(name)])
        case "shim":
            done = _shim(world, world.shims[name])
            _alone(world, name)
            return done
        case _:
            process = world.processes[int(name)]
            if process.cmdline in OUT_OF_MEMORY:
                world.memory_runs_out(process.pid)
            code = EXITS_BY_ITSELF[process.cmdline]
            world.end(process.pid, code, code - 128 if code > 128 else 0)
            return f"program exits {EXITS_BY_ITSELF[process.cmdline]}"


# ---- shims -------------------------------------------------------------------------------------


def _is_enabled(world: World, one: Shim) -> bool:
    """One that hangs stands still until it is killed."""
    has_to_do = not one.bound or one.actions or _next_input(one) is not None
    return bool(has_to_do) and not world.processes[one.pid].stopped


def _next_input(one: Shim) -> int | None:
    return next_input(one.state, one.inbox)


def _alone(world: World, directory: str) -> None:
    """Whoever no living daemon has a connection to talks into the void."""
    one = world.shims.get(directory)
    if one is not None and directory not in world.connections:
        world.shims[directory] = left_alone(one)


def _shim(world: World, one: Shim) -> str:
    if one.unheard:
        world.end(one.pid, 1)
        return "shim ends: nobody heard of its birth"
    if one.request:
        world.put(replace(world.processes[one.pid], kind="shim", marks=(one.request,)))
        world.shims[one.directory] = replace(one, request="")
        return "zygote forks a shim"
    if not one.bound:
        world.disk.make(f"{one.directory}/shim.sock", "file")
        world.shims[one.directory] = replace(one, bound=True)
        return "shim binds its socket"
    if one.actions:
        world.shims[one.directory] = replace(one, actions=one.actions[1:])
        return f"shim {_do(world, one, one.actions[0])}"
    index = _next_input(one)
    if index is None:
        raise AssertionError(one)
    event = one.inbox[index]
    state, actions = shim.step(one.state, event)
    inbox = (*one.inbox[:index], *one.inbox[index + 1 :])
    world.shims[one.directory] = replace(one, state=state, actions=actions, inbox=inbox)
    return f"shim {_heard(event)}"


def _do(world: World, one: Shim, action: shim.Action) -> str:
    match action:
        case shim.RunCall(task):
            call = begin_call(world, task.argv, task.lock, task.marker, one.pid)
            if call is None:
                _tell(world, one, shim.CallEnded(127, "", f"{task.argv[0]}: not found", None))
        case shim.EndCall(task):
            for pid in (*world.bearers(task.marker), *world.holders(task.lock)):
                end_call(world, pid)
            _tell(world, one, shim.CallEnded(137, "", "ended by its shim", None))
        case shim.RunExec(exec_task):
            argv, lock, marker = exec_task.argv, exec_task.lock, exec_task.marker
            if begin_call(world, argv, lock, marker, one.pid) is None:
                _tell(world, one, shim.ExecCallEnded(127, f"cannot run {argv[0]}: not found", None))
        case shim.EndExec(exec_task):
            for pid in (*world.bearers(exec_task.marker), *world.holders(exec_task.lock)):
                end_call(world, pid)
            _tell(world, one, shim.ExecCallEnded(137, "ended by its shim", None))
        case shim.DoStep(step):
            failed = _cannot_do(world, step)
            _tell_result(world, one, action, failed or performing.perform(world, step))
        case shim.ReopenOutput(log):
            world.disk.make(log, "file")
            _drain(world, one)
            _tell(world, one, shim.OutputReopened(""))
        case shim.OfferStream():
            world.disk.make(f"{one.directory}/stream.sock", "file")
            _tell(world, one, shim.StreamOffered(""))
        case shim.ReopenLog(log):
            world.disk.make(log, "file")
            _tell(world, one, shim.LogReopened(""))
        case shim.CompleteLog(log):
            world.disk.make(log, "file")
            world.disk.sync(log)
            _drain(world, one)
            _tell(world, one, shim.LogComplete())
        case shim.Send(connection, seq, body):
            world.shim_answers[one.directory, connection, seq] = body
        case shim.Leave():
            world.end(one.pid, 0)
        case _:
            assert_never(action)
    return type(action.step if isinstance(action, shim.DoStep) else action).__name__


def _cannot_do(world: World, step: Step) -> Failed | None:
    """What befalls a step of the record, when its time has come: the disk is full, for now."""
    if isinstance(step, ReadOom):
        return _cannot_read(world)
    if not world.record_fails_in:
        return None
    world.record_fails_in -= 1
    if world.record_fails_in:
        return None
    world.disturbed = True
    return Failed("ENOSPC", "No space left on device")


def _cannot_read(world: World) -> Failed | None:
    """Once; what it could not read is none to the shim."""
    if not world.oom_unread:
        return None
    world.oom_unread, world.disturbed = False, True
    return Failed("EIO", "Input/output error")


def _heard(event: shim.Input) -> str:
    if isinstance(event, shim.Requested):
        return f"is asked: {event.op}"
    return f"is told {type(event).__name__}"


def _drain(world: World, one: Shim) -> None:
    run = run_of(one.directory)
    world.kept.drain(run, living=world.lives(run))


def _tell(world: World, one: Shim, event: shim.Input) -> None:
    now = world.shims[one.directory]
    world.shims[one.directory] = replace(now, inbox=(*now.inbox, event))


def _tell_result(world: World, one: Shim, did: shim.DoStep, result: performing.Outcome) -> None:
    met(shim_sites.site_of_step(type(did.step)).named(type(result).__name__))
    match result:
        case OomCount(kills):
            _tell(world, one, shim.OomRead(kills))
        case Failed() if isinstance(did.step, ReadOom):
            _tell(world, one, shim.OomRead(0))
        case Failed():
            now = world.shims[one.directory]
            world.shims[one.directory] = replace(now, actions=())
            _tell(world, one, shim.RecordWritten(ok=False))
        case Done() if did.last:
            world.kept.recorded.add(run_of(one.directory))
            _tell(world, one, shim.RecordWritten(ok=True))
        case _:
            pass
