"""Who is to run again on a real host at rest: by the policy that its program ended under."""

import pytest

from conman.core.model import Container, State
from conman.core.restart import RestartName, RestartPolicy
from conman.frozen import replace
from scenarios.replay_ids import find_single
from scenarios.stages.real_rest import is_owed
from tests.unit.api_lab import ROW

ALWAYS = RestartPolicy(RestartName.ALWAYS)


def ended(policy: RestartPolicy) -> Container:
    return replace(ROW, state=State.EXITED, exit_code=255, spec=replace(ROW.spec, restart=policy))


@pytest.mark.parametrize(
    ("story", "rebooted", "owed"),
    [
        ("restart-killed-before-its-policy", True, False),
        ("restart-killed-before-its-policy", False, True),
        ("restart-after-reboot", True, True),
    ],
)
def test_a_policy_that_came_after_the_end_owes_nothing(
    story: str, *, rebooted: bool, owed: bool
) -> None:
    """A power cut may have ended the program before: found by a cut at a call of the store."""
    assert is_owed(ended(ALWAYS), find_single(story), rebooted=rebooted) is owed
