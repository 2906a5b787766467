"""`swarm --seed S`: one run again, with its trace, and as a page; `--but` some of its choices."""

import sys

from scenarios import trace
from scenarios.commands.replay import Page
from scenarios.edits import Edits
from scenarios.swarm_recording import recorded


def run(seed: int, edits: Edits, where: Page) -> int:
    """Print the trace as it comes, and the verdict after it. The exit code."""
    sys.stdout.writelines(f"{text}\n" for text in trace.legend())
    recording = recorded(seed, edits, lambda event: print(trace.line(event)))
    if recording.violation is None:
        print("no violation")
    else:
        sys.stdout.writelines(
            f"{text}\n" for text in trace.accusation(recording.violation, recording.events)
        )
        print(f"again: {recording.again}")
    where.write(recording, "")
    return 1 if recording.violation else 0
