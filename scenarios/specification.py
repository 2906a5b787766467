"""The API as a sequential machine: which answers a name may give, in which order.

A pure model of one name: the set of states it may be in, narrowed by every answer, widened by what the
environment may have done (programs end, machines reboot). A history that no sequence of states explains
is a violation of I9, whatever the host looks like.
"""

from dataclasses import dataclass, field
from signal import SIGKILL

from conman.core.restart import NEVER, RestartName, RestartPolicy
from scenarios import exec_oracle
from scenarios.clients import MAKE_EXEC, OF_EXEC, Ask, Told
from scenarios.programs import EXITS_BY_ITSELF
from scenarios.violation import Violation

ABSENT, CREATED, RUNNING, EXITED = "ABSENT", "CREATED", "RUNNING", "EXITED"
PAUSED = "PAUSED"
LIVE = {RUNNING, PAUSED}
#: Whoever sends one of these does not want it to be begun again.
ENDING_SIGNALS = {9, 15}
STATES = (CREATED, RUNNING, PAUSED, EXITED)

#: What a question about an exec may be answered, whatever its container is.
_OF_EXECS = ("CREATED", "RUNNING", "EXITED", "ExecNotFound")
_STARTS = ("start-exec", "run-exec")
#: These two are excuses, of a disturbed host alone.
_NOT_BEGUN = exec_oracle.NOT_BEGUN.keys() - {"DiskFull", "HostFailed"}

#: (verb, state before, answer) -> states after.
ALLOWED: dict[tuple[str, str, str], tuple[str, ...]] = {
    ("create", ABSENT, "ok"): (CREATED,),
    ("create", CREATED, "NameTaken"): (CREATED,),
    ("create", RUNNING, "NameTaken"): (RUNNING,),
    ("create", PAUSED, "NameTaken"): (PAUSED,),
    ("create", EXITED, "NameTaken"): (EXITED,),
    ("create", ABSENT, "UnknownUser"): (ABSENT,),
    **{("create", ABSENT, f"Bad{it}"): (ABSENT,) for it in ("MountSource", "Rootfs", "Device")},
    ("start", CREATED, "ok"): (RUNNING,),
    ("start", EXITED, "ok"): (RUNNING,),
    ("start", RUNNING, "ok"): (RUNNING,),
    ("start", CREATED, "StartError"): (EXITED,),
    ("start", EXITED, "StartError"): (EXITED,),
    ("start", PAUSED, "WrongState"): (PAUSED,),
    ("start", ABSENT, "ContainerNotFound"): (ABSENT,),
    ("stop", CREATED, "ok"): (CREATED,),
    ("stop", RUNNING, "ok"): (EXITED,),
    ("stop", PAUSED, "ok"): (EXITED,),
    ("stop", EXITED, "ok"): (EXITED,),
    ("stop", ABSENT, "ContainerNotFound"): (ABSENT,),
    ("kill", RUNNING, "ok"): (RUNNING, EXITED),
    ("kill", RUNNING, "SignalMayBeSent"): (RUNNING, EXITED),
    ("kill", RUNNING, "NotRunning"): (EXITED,),
    ("kill", PAUSED, "ok"): (PAUSED, EXITED),
    ("kill", PAUSED, "SignalMayBeSent"): (PAUSED, EXITED),
    ("kill", PAUSED, "NotRunning"): (EXITED,),
    ("kill", CREATED, "WrongState"): (CREATED,),
    ("kill", EXITED, "WrongState"): (EXITED,),
    ("remove", CREATED, "ok"): (ABSENT,),
    ("remove", EXITED, "ok"): (ABSENT,),
    ("remove", RUNNING, "WrongState"): (RUNNING,),
    ("remove", PAUSED, "WrongState"): (PAUSED,),
    ("remove", ABSENT, "ContainerNotFound"): (ABSENT,),
    ("remove --force", ABSENT, "ContainerNotFound"): (ABSENT,),
    ("remove --force", CREATED, "ok"): (ABSENT,),
    ("remove --force", RUNNING, "ok"): (ABSENT,),
    ("remove --force", PAUSED, "ok"): (ABSENT,),
    ("remove --force", EXITED, "ok"): (ABSENT,),
    ("pause", CREATED, "WrongState"): (CREATED,),
    ("pause", RUNNING, "ok"): (PAUSED,),
    ("pause", RUNNING, "NotRunning"): (EXITED,),
    ("pause", RUNNING, "CannotFreeze"): (RUNNING,),
    ("pause", PAUSED, "ok"): (PAUSED,),
    ("pause", EXITED, "WrongState"): (EXITED,),
    ("unpause", CREATED, "WrongState"): (CREATED,),
    ("unpause", RUNNING, "WrongState"): (RUNNING,),
    ("unpause", PAUSED, "ok"): (RUNNING,),
    ("unpause", EXITED, "WrongState"): (EXITED,),
    ("unpause", ABSENT, "ContainerNotFound"): (ABSENT,),
    **{("update", s, answer): (s,) for s in STATES for answer in ("ok", "LimitRefused")},
    **{("rename", s, answer): (s,) for s in STATES for answer in ("ok", "NameTaken")},
    ("attach", ABSENT, "ContainerNotFound"): (ABSENT,),
    ("attach", CREATED, "ok"): (CREATED,),
    # After a power cut nothing of it is prepared.
    ("attach", CREATED, "NotRunning"): (CREATED,),
    ("attach", RUNNING, "ok"): (RUNNING,),
    ("attach", PAUSED, "ok"): (PAUSED,),
    ("attach", EXITED, "NotRunning"): (EXITED,),
    ("reopen-log", ABSENT, "ContainerNotFound"): (ABSENT,),
    **{("reopen-log", s, "ok"): (s,) for s in (CREATED, RUNNING, PAUSED)},
    **{("reopen-log", s, "NotRunning"): (s,) for s in (CREATED, EXITED)},
    ("exec", RUNNING, "ok"): (RUNNING,),
    **{(v, RUNNING, "UnknownUser"): (RUNNING,) for v in ("exec", "run-exec")},
    **{("exec", s, "WrongState"): (s,) for s in (CREATED, PAUSED, EXITED)},
    **{("start-exec", RUNNING, a): (RUNNING,) for a in ("ExecStarted", "ExecNotFound")},
    **{(v, RUNNING, "ok"): (RUNNING,) for v in _STARTS},
    **{(v, RUNNING, a): (RUNNING, EXITED) for v in _STARTS for a in _NOT_BEGUN},
    **{(v, s, "ExecInterrupted"): (s,) for v in _STARTS for s in (PAUSED, EXITED)},
    **{(v, s, "WrongState"): (s,) for v in _STARTS for s in (CREATED, PAUSED, EXITED)},
    **{("kill-exec", s, a): (s,) for s in (RUNNING, PAUSED) for a in ("ok", "NotRunning")},
    **{("kill-exec", s, "SignalMayBeSent"): (s,) for s in (RUNNING, PAUSED, EXITED)},
    **{("kill-exec", s, "WrongState"): (s,) for s in (CREATED, EXITED)},
    **{(v, ABSENT, "ContainerNotFound"): (ABSENT,) for v in (*MAKE_EXEC, *OF_EXEC)},
    **{("kill-exec", s, "ExecNotFound"): (s,) for s in (RUNNING, PAUSED)},
    **{("attach-exec", s, "ok"): (s,) for s in (RUNNING, PAUSED)},
    **{("attach-exec", s, a): (s,) for s in STATES for a in ("NotRunning", "ExecNotFound")},
    **{(v, s, a): (s,) for v in ("exec-status", "wait-exec") for s in STATES for a in _OF_EXECS},
    ("status", ABSENT, "ContainerNotFound"): (ABSENT,),
    ("status", CREATED, CREATED): (CREATED,),
    ("status", RUNNING, RUNNING): (RUNNING,),
    ("status", PAUSED, PAUSED): (PAUSED,),
    ("status", EXITED, EXITED): (EXITED,),
    ("wait", RUNNING, EXITED): (EXITED,),
    ("wait", EXITED, EXITED): (EXITED,),
    **{("wait-removed", s, EXITED): (ABSENT,) for s in (RUNNING, EXITED, ABSENT)},
}

#: Refusals without effect, allowed where more was disturbed than the daemon: a shim, the store.
EXCUSES = {"DiskFull", "HostFailed", "StoreFailed", "RuntimeFailed", "RuntimeTimedOut"}


def explains(
    history: tuple[Told, ...], *, rebooted: bool, disturbed: bool, dies_later: bool = False
) -> dict[str, set[str]]:
    """The states that each name may be in. Raises Violation when no order of states fits.

    `dies_later`: who is sent a signal may take its time to die of it, as on a real host.
    """
    exec_oracle.explains(history)
    names: dict[str, set[str]] = {}
    programs: dict[str, str] = {}
    dying, killed = set[str](), set[str]()
    again = _Again()
    for told in history:
        ask = told.ask
        if ask.verb == "befalls":
            ends = bool(told.answer)
            names = {
                n: again.widened(n, _widened(names[n], ends=ends, rebooted=ends)) for n in names
            }
            continue
        if ask.verb == "create" and told.answer == "ok":
            programs[ask.name] = ask.program
        before = names.get(ask.name, {ABSENT})
        if not before & LIVE:
            dying.discard(ask.name)
            killed.discard(ask.name)
        at_all = rebooted or ask.name in killed
        ends = rebooted or programs.get(ask.name) in EXITS_BY_ITSELF or ask.name in dying
        before = again.widened(ask.name, _widened(before, ends=ends, rebooted=at_all))
        verb = verb_of(ask)
        after = {s for b in before for s in ALLOWED.get((verb, b, told.answer), ())}
        if disturbed and told.answer in EXCUSES:
            after |= before
        if not after:
            raise Violation(
                "I9", f"{verb} {ask.name} was answered {told.answer}, and it was {sorted(before)}"
            )
        # What stands still is told a signal only when it goes on.
        if ask.verb == "kill" and (PAUSED in after or (dies_later and RUNNING in after)):
            dying.add(ask.name)
            if dies_later and ask.signal == SIGKILL:
                killed.add(ask.name)
        again.heard(told)
        names[ask.name] = again.widened(ask.name, _widened(after, ends=ends, rebooted=at_all))
        if ask.verb == "rename" and told.answer == "ok":
            _renamed(names, programs, ask)
            again.renamed(ask)
    return names


@dataclass(slots=True)
class _Again:
    """Which names conman may start by itself: those with a policy that nobody has stopped since.

    Which it may remove: those that were created so.
    """

    policies: dict[str, RestartPolicy] = field(default_factory=dict[str, RestartPolicy])
    stopped: set[str] = field(default_factory=set[str])
    going: set[str] = field(default_factory=set[str])

    def heard(self, told: Told) -> None:
        ask = told.ask
        if ask.policy is not None and ask.verb in {"create", "update"} and told.answer == "ok":
            self.policies[ask.name] = ask.policy
        if ask.verb == "create" and told.answer == "ok":
            self.going = self.going - {ask.name} | ({ask.name} if ask.goes else set[str]())
        is_end = ask.verb == "stop" or (ask.verb == "kill" and ask.signal in ENDING_SIGNALS)
        if is_end and told.answer in {"ok", "SignalMayBeSent"}:
            self.stopped.add(ask.name)
        elif ask.verb in {"create", "start"}:
            self.stopped.discard(ask.name)

    def widened(self, name: str, states: set[str]) -> set[str]:
        policy = self.policies.get(name, NEVER)
        may = policy.name is not RestartName.NO and name not in self.stopped
        if EXITED not in states:
            return states
        gone = {ABSENT} if name in self.going else set[str]()
        return states | gone | ({RUNNING} if may else set[str]())

    def renamed(self, ask: Ask) -> None:
        self.policies[ask.to] = self.policies.pop(ask.name, NEVER)
        if ask.name in self.stopped:
            self.stopped = (self.stopped - {ask.name}) | {ask.to}


def verb_of(ask: Ask) -> str:
    """As `ALLOWED` names it."""
    return "remove --force" if ask.verb == "remove" and ask.force else ask.verb


def _renamed(names: dict[str, set[str]], programs: dict[str, str], ask: Ask) -> None:
    if names.get(ask.to, {ABSENT}) != {ABSENT}:
        raise Violation("I2", f"{ask.name} became {ask.to}, which was {sorted(names[ask.to])}")
    names[ask.to], names[ask.name] = names[ask.name], {ABSENT}
    programs[ask.to] = programs.pop(ask.name, "")


def _widened(states: set[str], *, ends: bool, rebooted: bool) -> set[str]:
    """Programs end while they run; a power cut ends also those that stand still, and so does KILL."""
    over = states & (LIVE if rebooted else {RUNNING}) if ends else set[str]()
    return states | {EXITED} if over else states
