"""The deterministic machine: everything that decides, in one object without a clock or a wire.

A driver feeds it inputs (`boot`, `submit`, `forget`, `complete`, `observe`) and does what comes out: effects to
perform, replies to send, alarms to set. The same inputs give the same outputs, byte for byte; that is a
test. One saga at a time per object, many objects at once. It never performs anything itself, and no
exception of a saga is caught here: a bug must be seen.
"""

from collections.abc import Sequence

from conman.core import outputs as o
from conman.core import turns
from conman.core.admission import Now, Setting
from conman.core.effects import vocabulary as v
from conman.core.effects.effect import Committed, Current, DeadlinePassed, Effect, Ended, Outcome
from conman.core.ends import Ends
from conman.core.initiative import Initiative
from conman.core.ledger import Ledger
from conman.core.model import Change, Stored
from conman.core.queues import Queues
from conman.core.readers import Readers, ending
from conman.core.requests import ContainerCreated, ExecQuestion, MutatingRequest, Reply, Request
from conman.core.retries import answer_of, known_answer, not_begun, other_body
from conman.core.tasks import Task, Tasks, awaits
from conman.core.turns import Kind, Result, Work
from conman.errors import Refusal
from conman.primitives.steps import Inventory


class Machine:
    """One daemon's mind. Public: boot, submit, forget, complete, observe, is_ready, ledger (to read)."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.ledger = Ledger(Stored())
        self.is_ready = False
        self._readers = Readers()
        self._tasks = Tasks()
        self._queues = Queues()
        self._waiting: dict[int, tuple[Task, Effect]] = {}
        self._requests: dict[str, tuple[str, Work]] = {}
        self._early: list[tuple[int, Request, bytes]] = []
        self._recovering: set[str] = set()
        #: Not yet looked at since boot, also where conmand is ready without it: its row may be stale.
        self._stale: set[str] = set()
        self._ends = Ends()
        self._initiative = Initiative()
        self._tickets = 0
        self._now = Now(0, 0)
        self._out: list[o.Output] = []

    # ---- inputs

    def boot(self, stored: Stored, now: Now) -> Sequence[o.Output]:
        """The store as read. Recovery begins; Ready comes out when all has been looked at."""
        self._now, self.ledger = now, Ledger(stored)
        ids = sorted({*self.ledger.containers, *self.ledger.intents})
        works = [work for i in ids if (work := turns.recovery_of(i, self.ledger)) is not None]
        self._recovering = {work.key for work in works}
        self._stale = set(self._recovering)
        for work in works:
            self._begin_recovery(work)
        self._ready_if_recovered()
        return self._flush()

    def submit(self, call: int, request: Request, now: Now, entropy: bytes) -> Sequence[o.Output]:
        """A client's request; `call` names it in Send. `entropy`: 16 bytes, a new container's id."""
        self._now = now
        self._submit(call, request, entropy)
        return self._flush()

    def forget(self, call: int) -> None:
        """Nobody waits for the answer of this call any more. Of a question only: what was begun goes on."""
        self._early = [
            one for one in self._early if one[0] != call or isinstance(one[1], MutatingRequest)
        ]
        self._readers.forget(call)

    def complete(self, ticket: int, outcome: Outcome, now: Now) -> Sequence[o.Output]:
        """The one outcome of the effect (or alarm) with this ticket."""
        self._now = now
        if ticket in self._waiting:
            task, effect = self._waiting.pop(ticket)
            self._note(task, effect, outcome)
            self._tell(task, outcome)
        elif object_id := self._initiative.woken(ticket):
            self._by_itself(Kind.SUCCEED, object_id)
            self._by_itself(Kind.SETTLE_EXECS, object_id)
            self._by_itself(Kind.AFTER_END, object_id)
        return self._flush()

    def observe(self, observation: o.Observation, now: Now) -> Sequence[o.Output]:
        """What the driver saw by itself: a watched process ended."""
        self._now = now
        object_id, run = observation.container_id, observation.run
        match observation:
            case o.InitEnded():
                self._observe_end(object_id, run)
            case o.ShimEnded():
                self._initiative.shim_died(object_id, run, now)
                self._by_itself(Kind.SUCCEED, object_id)
            case o.ExecEnded():
                self._initiative.exec_ended(observation)
                self._by_itself(Kind.SETTLE_EXECS, object_id)
        return self._flush()

    # ---- requests

    def _submit(self, call: int, request: Request, entropy: bytes) -> None:
        if not self.is_ready:
            self._early.append((call, request, entropy))
        elif isinstance(request, MutatingRequest):
            self._mutate(call, request, entropy)
        else:
            unsure = ending(self.ledger, self._ends.seen, self._stale)
            if isinstance(request, ExecQuestion):
                unsure |= self._initiative.execs_ending(self.ledger)
            self._out += self._readers.ask(call, request, self.ledger, self.setting.layout, unsure)

    def _mutate(self, call: int, request: MutatingRequest, entropy: bytes) -> None:
        running, known = self._requests.get(request.request_id), known_answer(self.ledger, request)
        if known is not None and not (running and turns.has_answer_first(running[1])):
            self._send(call, known)
        elif running is not None:
            self._join(call, request, running)
        else:
            self._begin(call, request, entropy)

    def _join(self, call: int, request: MutatingRequest, running: tuple[str, Work]) -> None:
        digest, work = running
        if digest != request.digest:
            self._send(call, other_body(request.request_id))
        elif (stuck := self._tasks.stuck(work.key, work)) is not None:
            self._send(call, stuck)
        else:
            # Of what a dead daemon began nobody kept the request.
            work.request = work.request or request
            work.callers.append(call)

    def _begin(self, call: int, request: MutatingRequest, entropy: bytes) -> None:
        key = turns.key_of(request, self.ledger, entropy)
        if isinstance(key, Refusal):
            self._send(call, key)
            return
        if (stuck := self._tasks.stuck(key)) is not None:
            self._send(call, not_begun(stuck))
            return
        work = turns.asked(key, request, call, entropy)
        if request.request_id:
            self._requests[request.request_id] = (request.digest, work)
        self._enqueue(work)

    # ---- queues

    def _enqueue(self, work: Work, *, first: bool = False) -> None:
        self._queues.put(work, first=first)
        self._next(work.key)

    def _next(self, key: str) -> None:
        """Begin what waits for this object, until a saga is under way that lets nobody come between."""
        while (work := self._queues.next(key, self._tasks.get(key))) is not None:
            begun = turns.begin(work, self.ledger, self.setting, self._now, self._ends.seen)
            if isinstance(begun, tuple):
                name, saga = begun
                task = self._tasks.begin(work, saga, name)
                self._out.append(o.SagaBegan(name, key, work.request_id))
                self._crank(task, None)
            else:
                self._finish(work, answer_of(work, begun, self.ledger))
        if key not in self._tasks:
            self._queues.forget(key)
            self._by_itself(Kind.AFTER_END, key)
        elif self._queues.has_no_patience(key):
            self._end_wait(key, DeadlinePassed())

    # ---- the crank

    def _tell(self, task: Task, outcome: Outcome) -> None:
        """Send one outcome in; while another comes between, it is kept until that is over."""
        if self._tasks.has_turn(task, outcome):
            self._crank(task, outcome)

    def _crank(self, task: Task, outcome: Outcome | None) -> None:
        """Send one outcome in; do the machine's own effects at once, hand out the others."""
        while True:
            try:
                effect = task.saga.send(outcome)  # pyright: ignore[reportArgumentType]
            except StopIteration as end:
                self._done(task, end.value)
                return
            if isinstance(effect, v.MachineEffect):
                outcome = self._own(task, effect)
                if outcome is None:
                    return
                continue
            ticket = self._ticket(task, effect)
            self._out.append(o.Perform(ticket, effect, task.point(effect), task.work.key))
            return

    def _own(self, task: Task, effect: v.MachineEffect) -> Outcome | None:
        """The outcome of a machine effect; None: it comes later."""
        match effect:
            case v.Tell(refusal):
                self._stick(task, refusal)
                return Committed()
            case v.Mark(object_id, reason, message):
                self._mark(task, object_id, reason, message)
                return Committed()
            case v.AwaitExit(object_id, run, deadline):
                if (object_id, run) in self._ends.seen:
                    return Ended()
                self._out.append(o.Alarm(self._ticket(task, effect), deadline))
                task.waits = True
                # Found again and watched: a daemon need not hold its tongue until a stop is over.
                self._stale.discard(object_id)
                self._recovered(object_id)
                self._let_between(object_id)
            case v.Reread(object_id):
                return Current(self.ledger.containers[object_id])
            case v.WaitFor(_, duration_ns):
                ticket = self._ticket(task, effect)
                self._out.append(o.Alarm(ticket, self._now.monotonic + duration_ns))
                self._recovered(task.work.key)
            case _:
                raise AssertionError(effect)
        return None

    def _stick(self, task: Task, refusal: Refusal) -> None:
        """Nobody who asked for it is held any more, nor who would be next; of them nothing is durable."""
        for work in task.stick(refusal):
            self._answer(work, refusal)
        for work in self._queues.give_up(task.work.key):
            self._finish(work, not_begun(refusal, is_hurried=turns.has_no_patience(work)))
        self._look_up(task.work.key)

    def _ticket(self, task: Task, effect: Effect) -> int:
        self._tickets += 1
        self._waiting[self._tickets] = (task, effect)
        return self._tickets

    def _note(self, task: Task, effect: Effect, outcome: Outcome) -> None:
        """What an outcome means for the machine itself, before the saga sees it."""
        self._ends.note(task.work.key, effect, outcome, self.ledger)
        self._initiative.noted(effect, outcome)
        match effect, outcome:
            case v.Commit(changes), Committed():
                self._apply(changes)
            case v.Commit(changes), _:
                task.uncertain = changes
            case v.ReopenStore(), Committed():
                self._apply(task.uncertain)
            case _:
                pass

    def _apply(self, changes: tuple[Change, ...]) -> None:
        self.ledger.apply(changes)
        self._out += self._readers.tell(changes, self.ledger, self.setting.layout)

    # ---- ends

    def _done(self, task: Task, result: Result) -> None:
        work = task.work
        self._tasks.end(task)
        self._stale.discard(work.key)
        refusal = result if isinstance(result, Refusal) else None
        warnings = result.warnings if isinstance(result, ContainerCreated) else ()
        self._out.append(o.SagaEnded(task.name, work.key, refusal, warnings))
        self._initiative.concluded(work, result, self.ledger, self._now)
        if isinstance(result, Inventory):
            self._collect(result)
        self._finish(work, answer_of(work, result, self.ledger))
        if task.outer is not None:
            self._go_on(task.outer)
            return
        self._recovered(work.key)
        self._settle_if_ended(work.key)
        self._let_between(work.key)

    def _go_on(self, task: Task) -> None:
        """Nobody comes between any more: it hears what came meanwhile, or lets the next."""
        if task.kept is not None:
            self._tell(task, task.kept)
        else:
            self._let_between(task.work.key)

    def _let_between(self, key: str) -> None:
        """Nothing is done to this object now, or only waited for: whose turn is it?"""
        self._by_itself(Kind.SUCCEED, key)
        self._by_itself(Kind.SETTLE_EXECS, key)
        self._look_up(key)
        self._next(key)

    def _finish(self, work: Work, reply: Reply) -> None:
        self._requests.pop(work.request_id, None)
        self._answer(work, reply)

    def _answer(self, work: Work, reply: Reply) -> None:
        for call in work.callers:
            self._send(call, reply)
        work.callers.clear()

    def _observe_end(self, object_id: str, run: int) -> None:
        self._ends.add(object_id, run)
        if not self._end_wait(object_id, Ended(), run) and object_id not in self._tasks:
            self._settle_if_ended(object_id)

    def _end_wait(self, object_id: str, outcome: Outcome, run: int = 0) -> bool:
        """Whether somebody waited for the end of this run; 0: of any."""
        for ticket, (task, effect) in self._waiting.items():
            if awaits(effect, object_id, run):
                del self._waiting[ticket]
                self._tell(task, outcome)
                return True
        return False

    def _settle_if_ended(self, object_id: str) -> None:
        row = self.ledger.containers.get(object_id)
        self._ends.keep(object_id, row)
        if self._ends.has(row):
            self._enqueue(Work(Kind.SETTLE, object_id), first=True)

    def _by_itself(self, kind: Kind, object_id: str) -> None:
        """What nobody asks for, now or when it is due; in this object's turn."""
        row = self.ledger.containers.get(object_id)
        if self._tasks.is_busy(object_id) or self._ends.has(row):
            return
        # What conman does by itself is no reason to keep a client waiting.
        if kind is Kind.AFTER_END and not (self.is_ready and object_id not in self._queues):
            return
        ticket = self._tickets + 1
        begun = self._initiative.next(
            kind, object_id, self.ledger, self.setting, self._now, ticket=ticket
        )
        if isinstance(begun, Work):
            self._enqueue(begun, first=kind is not Kind.AFTER_END)
        elif begun is not None:
            self._tickets = ticket
            self._out.append(begun)

    def _mark(self, task: Task, object_id: str, reason: str, message: str) -> None:
        if reason:
            self.ledger.marks[object_id] = (reason, message)
        else:
            self.ledger.marks.pop(object_id, None)
            task.stick(None)
        self._out.append(o.Marked(object_id, reason, message))
        self._look_up(object_id)

    def _look_up(self, object_id: str) -> None:
        """Readers who waited for an end to be committed, of this object or its execs, may be answered now."""
        if not self._tasks.is_busy(object_id) or object_id in self.ledger.marks:
            for call, request in self._readers.unpark():
                self._submit(call, request, b"")

    # ---- recovery and garbage

    def _begin_recovery(self, work: Work) -> None:
        """Retries of the interrupted request find the recovery that concerns it."""
        if work.request_id:
            self._requests[work.request_id] = (self.ledger.intents[work.key].digest, work)
        self._enqueue(work)

    def _recovered(self, object_id: str) -> None:
        if object_id in self._recovering:
            self._recovering.discard(object_id)
            self._ready_if_recovered()

    def _ready_if_recovered(self) -> None:
        if self._recovering or self.is_ready:
            return
        self.is_ready = True
        self._out.append(o.Ready())
        self._enqueue(Work(Kind.LOOK_FOR_GARBAGE, ""))
        early, self._early = self._early, []
        for call, request, entropy in early:
            self._submit(call, request, entropy)
        for object_id in sorted(self.ledger.containers):
            self._by_itself(Kind.AFTER_END, object_id)

    def _collect(self, found: Inventory) -> None:
        for work in turns.collections(found):
            self._enqueue(work)

    # ---- small things

    def _send(self, call: int, reply: Reply) -> None:
        self._out.append(o.Send(call, reply))

    def _flush(self) -> Sequence[o.Output]:
        out, self._out = self._out, []
        return out
