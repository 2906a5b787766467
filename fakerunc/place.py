"""Where the state of a call lies, made ready for it.

It must never be where runc's own state is: without --root it lies beside that, or the call ends.
"""

import errno
import os

from fakerunc.cgroups import FOLDER
from fakerunc.flavour import RUNC, Flavour
from fakerunc.log import go_error
from fakerunc.model import complaint_about_id
from fakerunc.settings import settings
from fakerunc.state import StateDirectory


class Refused(Exception):
    """A call that ends before the model is asked; str() is the error line."""


def root_of(options: dict[str, str]) -> str:
    """An absolute path, whatever the working directory becomes later."""
    if "root" in options:
        return os.path.abspath(options["root"])
    if told := settings().root:
        return told
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if not runtime:
        raise Refused("no place for the state: give --root DIR, or set XDG_RUNTIME_DIR")
    return os.path.join(runtime, "fakerunc")


def made(root: str) -> str:
    """As runc does, whatever the command."""
    try:
        os.makedirs(root, mode=0o700, exist_ok=True)
    except OSError as failure:
        raise Refused(go_error("mkdir", *_obstacle(root, failure))) from failure
    return root


def _obstacle(root: str, failure: OSError) -> tuple[str, OSError]:
    """Go looks for the file that is in a directory's place, and names that."""
    path = root
    while len(path) > 1:
        if os.path.isfile(path):
            return path, NotADirectoryError(errno.ENOTDIR, "")
        path = os.path.dirname(path)
    return root, failure


def directory_of(name: str, root: str, flavour: Flavour = RUNC) -> StateDirectory:
    if name == FOLDER:
        raise Refused(f"{name} is where fakerunc keeps its cgroups: choose another id")
    # runc misses an id before it makes a root for it.
    directory = StateDirectory(made(root) if name else root, name, flavour)
    try:
        # A name of the wrong form is the model's to refuse; here it is about too long a one.
        _ = complaint_about_id(name) or os.lstat(directory.path)
    except FileNotFoundError:
        pass
    except OSError as failure:
        raise Refused(go_error("lstat", directory.path, failure)) from failure
    return directory
