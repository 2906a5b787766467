"""Looks at what a run uses and who its processes are, on workers: nothing is recorded, nobody is waited for.

It must never look on the event loop: a thousand files in /proc take their time.
"""

import asyncio
from collections.abc import Callable

from conman.core.effects import vocabulary as v
from conman.core.effects.recipes import recipe
from conman.core.layout import Layout
from conman.core.model import Container
from conman.core.usage import Process, Usage
from conman.frozen import replace
from conman.host import process_list, usage
from conman.primitives.steps import Remaining, Result, Step


class Looks:
    """`perform`: the daemon's performer, which knows who belongs to a run."""

    def __init__(
        self, layout: Layout, perform: Callable[[Step], Result], memory_bytes: int
    ) -> None:
        self._layout = layout
        self._perform = perform
        self._memory_bytes = memory_bytes

    async def usage(self, row: Container) -> Usage | None:
        """None: it has just ended."""
        return await asyncio.to_thread(self._usage, row)

    async def processes(self, row: Container) -> tuple[Process, ...]:
        return await asyncio.to_thread(lambda: process_list.listed(self._members(row)))

    def _usage(self, row: Container) -> Usage | None:
        init = row.init.process.pid if row.init is not None else 0
        cgroup = self._layout.members_cgroup(row.id, row.run)
        if cgroup:
            found = usage.of_cgroup(cgroup, init)
        else:
            found = usage.of_processes(self._members(row), init)
        if found is None or found.memory_limit_bytes:
            return found
        # As docker tells it: whoever has no limit may have all there is.
        return replace(found, memory_limit_bytes=self._memory_bytes)

    def _members(self, row: Container) -> tuple[int, ...]:
        [step] = recipe(v.LookForMembers(row.id, row.run), self._layout)
        found = self._perform(step)
        return found.pids if isinstance(found, Remaining) else ()
