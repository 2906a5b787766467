"""One change of conman, met by the simulator in a process of its own, as `mutate` does it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def trial(top: Path, file: str, before: str, after: str, *names: str) -> dict[str, Any]:
    """The verdict. `names`: the stories."""
    shutil.copytree(ROOT / "conman", top / "conman")
    for package in ("scenarios", "fakerunc", "vm"):
        (top / package).symlink_to(ROOT / package)
    source = (top / file).read_text()
    assert source.count(before) == 1, before
    (top / file).write_text(source.replace(before, after))
    done = subprocess.run(
        (sys.executable, "-m", "scenarios.mutation.trial", "--silence=2", *names),
        cwd=top,
        env=os.environ | {"PYTHONPATH": str(top)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
