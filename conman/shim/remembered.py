"""How a program can be talked with, as its first shim was told, and every successor has to know.

Only where there is something to know: a program without input and terminal leaves no trace here.
"""

from conman.primitives.perform import perform
from conman.primitives.shared_results import Absent, Content, Done
from conman.shim import recipes
from conman.shim.task import Stdio, parse_stdio, stdio_text

_NEITHER = Stdio()


def remember(directory: str, stdio: Stdio) -> None:
    """Raises OSError."""
    if stdio == _NEITHER:
        return
    for step in recipes.keep_stdio(directory, stdio_text(stdio)):
        if not isinstance(result := perform(step), Done):
            raise OSError(f"a successor would not know of its input: {result}")


def remembered(directory: str) -> Stdio:
    """Raises OSError where that cannot be known."""
    found = perform(recipes.kept_stdio(directory))
    if isinstance(found, Absent):
        return _NEITHER
    if not isinstance(found, Content):
        raise OSError(f"what is known of its input cannot be read: {found}")
    try:
        return parse_stdio(found.data.decode())
    except (ValueError, KeyError, TypeError) as error:
        raise OSError(f"what is known of its input is no such thing: {found.data!r}") from error
