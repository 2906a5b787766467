"""Requests after which a runtime comes, and moves processes to cgroups: the kernel's lock is opened meanwhile.

What is sent on is what was asked. It must never wait for the lock, nor judge a request.
"""

from typing import Protocol

from conman.api.service import Submit
from conman.core.requests import CreateContainer, CreateExec, Reply, Request, StartExec


class Lock(Protocol):
    """`conman.host.cgroup_lock`; `warm` returns at once."""

    def warm(self) -> None: ...


def warming(submit: Submit, lock: Lock | None) -> Submit:
    """None: there is nothing to be opened."""
    if lock is None:
        return submit

    async def warmed(request: Request) -> Reply:
        # Of an exec both: whoever opens its streams between them may take his time.
        if isinstance(request, CreateContainer | CreateExec | StartExec):
            lock.warm()
        return await submit(request)

    return warmed
