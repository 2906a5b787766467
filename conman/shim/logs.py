"""The log of a run, for its first shim and for every successor: the same files, within the same limits.

The first is told the limits, and writes them down beside its socket; a successor finds them there. It must
never do without a log because of them: whoever finds none rotates nothing.
"""

from conman.primitives.perform import perform
from conman.primitives.shared_results import Content, Done
from conman.primitives.shared_steps import Shared
from conman.shim import recipes
from conman.shim.complaint import complain
from conman.shim.log import Log
from conman.shim.rotation import Do, Rotation, put_aside
from conman.shim.task import LogLimits, limits_text, parse_limits


class Logs:
    """`do`: performs a rotation's steps, as `Rotation` needs it."""

    __slots__ = ("_directory", "_do")

    def __init__(self, directory: str, do: Do) -> None:
        self._directory = directory
        self._do = do

    def first(self, path: str, limits: LogLimits) -> Log:
        for step in recipes.keep_limits(self._directory, limits_text(limits)):
            if not isinstance(result := perform(step), Done):
                complain(f"a successor will not know how large the log may be: {result}")
                break
        return Log(path, Rotation(path, limits, self._do))

    def next(self, path: str) -> Log:
        """A successor's."""
        found = perform(recipes.kept_limits(self._directory))
        try:
            limits = parse_limits(found.data.decode()) if isinstance(found, Content) else None
        except (ValueError, KeyError, TypeError):
            limits = None
        if limits is None:
            complain(f"how large the log may be is not known: {found}")
            return Log(path)
        return Log(path, Rotation(path, limits, self._do))

    def complete(self, path: str) -> tuple[Shared, ...]:
        """The steps that make all of it durable."""
        try:
            numbers = put_aside(path)
        except OSError as error:
            complain(f"earlier files of the log are not synced: {error}")
            numbers = ()
        return recipes.complete_log(path, numbers)
