"""A conmand with a bug planted, for the real stages: what a file of PATCHES changes is changed before it starts.

Only conmand itself is changed: a shim is a program of its own. It must never be mistaken for the real one, so it
lies in a directory that goes with whoever asked for it.
"""

import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from scenarios.museum.exhibit import ANYWHERE
from scenarios.museum.plant_file import patches_of

_CONMAND = """#!{python}
from conman.daemon.main import main
from scenarios.museum.exhibit import ANYWHERE, planted
from scenarios.museum.plant_file import patches_of

with planted(patches_of({plant!r}, ANYWHERE), ANYWHERE):
    main()
"""


@contextmanager
def conmand(plant: str) -> Generator[str]:
    """The program's path; "": for no plant, and the real one is meant. Raises Usage for a file that does not fit."""
    if not plant:
        yield ""
        return
    patches_of(plant, ANYWHERE)
    with tempfile.TemporaryDirectory(prefix="cp", dir="/tmp") as top:
        program = Path(top, "conmand")
        text = _CONMAND.format(python=sys.executable, plant=str(Path(plant).resolve()))
        program.write_text(text, encoding="utf-8")
        program.chmod(0o755)
        yield str(program)
