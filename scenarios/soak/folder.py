"""A violation of a soak as a folder, as `report_folder` has them; its notes say who was killed when.

It must never be made twice for one violation.
"""

from pathlib import Path
from time import strftime

from scenarios.soak.soak import Soak
from scenarios.stages.report_folder import Report
from scenarios.violation import Violation


def write(parent: Path, soak: Soak, violation: Violation, again: str) -> Path:
    """The folder that was made."""
    folder = parent / f"{strftime('%Y%m%d-%H%M%S')}-seed-{soak.totals.terms['seed']}"
    report = Report(str(violation), again, soak.notes, soak.rest.things)
    report.write(folder, soak.host.daemon, soak.host.real)
    return folder
