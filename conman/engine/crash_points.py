"""conmand's own crash points: CONMAN_CRASH_AT, checked against the names that the core knows.

The list of names is made only when something is armed. It must never let conmand start with a name that
would never be reached.
"""

from collections.abc import Mapping

from conman.core.points import CrashPointNames
from conman.errors import Code, ConfigError, Refusal
from conman.primitives.crash_points import CrashPoints, UnknownCrashPoint

VARIABLE = "CONMAN_CRASH_AT"
DISARM = "CONMAN_CRASH_DISARM"


def crash_points(environ: Mapping[str, str], directory: str) -> CrashPoints:
    """Those armed for this process; markers of what has happened lie in `directory` by default."""
    text = environ.get(VARIABLE, "")
    try:
        known = CrashPointNames() if text else ()
        return CrashPoints(text, known, environ.get(DISARM) or directory)
    except UnknownCrashPoint as error:
        raise ConfigError(
            Refusal(
                Code.INVALID_ARGUMENT,
                "UnknownCrashPoint",
                f"{VARIABLE} cannot be followed: {error}",
                "python -m scenarios points lists all of them",
            )
        ) from error
