"""A restart policy, and whether it makes sense; and back again. Nothing else knows its words on the wire."""

from typing import Protocol

from conman.api.fields import bad, shown
from conman.core.restart import NEVER, RestartName, RestartPolicy
from conman.wire.v1 import conman_pb2 as wire

FIELD = "restart_policy"
_NAMES = {each.value: each for each in RestartName}


class _HasPolicy(Protocol):
    """A request that may have one."""

    @property
    def restart_policy(self) -> wire.RestartPolicy: ...


def restart_policy(message: _HasPolicy) -> RestartPolicy:
    """Absent: no restarts."""
    given = message.restart_policy
    name, count = _NAMES.get(given.name or RestartName.NO.value), given.maximum_retry_count
    if name is None:
        bad(
            FIELD,
            f"there is no restart policy {shown(given.name)}",
            f"give one of {', '.join(_NAMES)}",
        )
    if count < 0:
        bad(
            FIELD,
            f"the maximum retry count is {count}",
            "give how often it may be restarted, or 0 for any number of times",
        )
    if count and name is not RestartName.ON_FAILURE:
        bad(
            FIELD,
            f"a maximum retry count of {count} is given with the restart policy {name.value}",
            "give it with on-failure only",
        )
    return RestartPolicy(name, count)


def told(policy: RestartPolicy) -> wire.RestartPolicy | None:
    """None: it is never restarted."""
    if policy == NEVER:
        return None
    count = policy.maximum_retry_count
    return wire.RestartPolicy(name=policy.name.value, maximum_retry_count=count)
