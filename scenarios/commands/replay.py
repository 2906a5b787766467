"""`replay ID`: one run again, with its trace, and what has become of its violation.

Exit 0: it is gone, or there was none; 1: an invariant does not hold; 3: the id is of another version, and
one of its choices cannot be made here, so that nothing is known.
"""

import os
import sys
from pathlib import Path

from scenarios import trace
from scenarios.replay_ids import ReplayId
from scenarios.replaying import Recording, command
from scenarios.replaying_several import replay_any
from scenarios.report.page import page
from scenarios.trace import Event
from scenarios.usage import Usage

DIVERGED = 3


class Page:
    """Where `--html` wants the first run that is shown; "" = nowhere. Refused before anything runs."""

    def __init__(self, path: str) -> None:
        folder = os.path.dirname(path) or "."
        if os.path.isdir(path):
            raise Usage(f"--html {path} is a directory: name a file in it")
        if path and not os.path.isdir(folder):
            raise Usage(f"--html {path}: there is no directory {folder}")
        self._path = path

    def write(self, recording: Recording, plant: str) -> None:
        """Once; later runs are not written. Raises Usage."""
        path, self._path = self._path, ""
        if not path:
            return
        try:
            Path(path).write_text(page(recording, plant), encoding="utf-8")
        except OSError as error:
            raise Usage(f"--html {path}: {error.strerror}") from error
        sys.stdout.write(f"page: {path}\n")


def run(asked: ReplayId, where: Page) -> int:
    """Print the trace as it comes, and the verdict after it. The exit code."""
    sys.stdout.writelines(f"{text}\n" for text in trace.legend())
    recording = replay_any(asked.story, asked.path, _print)
    sys.stdout.writelines(f"{text}\n" for text in verdict(asked, recording))
    where.write(recording, asked.plant)
    if recording.diverged:
        return DIVERGED
    return 1 if recording.violation else 0


def _print(event: Event) -> None:
    sys.stdout.write(trace.line(event) + "\n")


def verdict(asked: ReplayId, recording: Recording) -> list[str]:
    """The last lines: what is broken, or what became of what was expected."""
    if recording.violation is not None:
        return [
            *trace.accusation(recording.violation, recording.events),
            *_compared(asked.expects, recording.invariant),
            f"again: {command(recording, asked.plant)}",
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
