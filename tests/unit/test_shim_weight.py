"""What a shim carries: every module that its zygote loads is in the memory of each of them."""

import subprocess
import sys
from pathlib import Path

#: Each is half a megabyte or more, or brings one that is.
HEAVY = {
    "collections",
    "contextlib",
    "dataclasses",
    "enum",
    "json",
    "re",
    "signal",
    "socket",
    "typing",
}

ROOT = Path(__file__).resolve().parents[2]


def test_a_zygote_loads_nothing_heavy() -> None:
    words = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import conman.shim.zygote; print(*sys.modules)"
    told = subprocess.run(
        [sys.executable, "-ISE", "-c", words], check=True, capture_output=True, text=True
    )
    loaded = set(told.stdout.split())
    assert "conman.shim.performer" in loaded
    assert not loaded & HEAVY
    # Of conman's own: classes that only a daemon has use for.
    assert not loaded & {"conman.primitives.steps", "conman.primitives.results"}
