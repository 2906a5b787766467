"""`replay ID`: one run again, with its trace, and what has become of its violation.

Exit 0: it is gone, or there was none; 1: an invariant does not hold; 3: the id is of another version, and
one of its choices cannot be made here, so that nothing is known.
"""

import sys

from scenarios import replay_ids, trace
from scenarios.replay_ids import ReplayId
from scenarios.replaying import Recording, replay
from scenarios.trace import Event

DIVERGED = 3


def show(asked: ReplayId) -> tuple[int, Recording]:
    """Print the trace as it comes, and the verdict after it. The exit code."""
    sys.stdout.writelines(f"{text}\n" for text in trace.legend())
    recording = replay(asked.story, asked.path, _print)
    sys.stdout.writelines(f"{text}\n" for text in verdict(asked, recording))
    if recording.diverged:
        return DIVERGED, recording
    return (1 if recording.violation else 0), recording


def _print(event: Event) -> None:
    sys.stdout.write(trace.line(event) + "\n")


def verdict(asked: ReplayId, recording: Recording) -> list[str]:
    """The last lines: what is broken, or what became of what was expected."""
    if recording.violation is not None:
        again = replay_ids.write(recording.path, recording.invariant)
        return [
            *trace.accusation(recording.violation, recording.events),
            *_compared(asked.expects, recording.invariant),
            f"again: python -m scenarios replay '{again}'",
        ]
    if recording.diverged:
        return [f"diverged at event {len(recording.events)}: {recording.diverged}"]
    if asked.expects:
        return [f"gone: {asked.expects} holds, as do all others"]
    return ["no violation"]


def _compared(expected: str, found: str) -> list[str]:
    if not expected:
        return []
    same = expected == found
    return ["same violation" if same else f"another violation: the id is of {expected}"]
