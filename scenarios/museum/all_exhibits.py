"""All exhibits, by the files that hold them, in the order of their letters."""

from scenarios.museum import (
    blind,
    clocks_and_disks,
    execs,
    exits,
    files,
    leaks,
    names,
    on_the_host,
    pids,
    restarts,
    shims,
    stuck,
    together,
)
from scenarios.museum.exhibit import AnyExhibit

_BY_FILES = (
    *names.EXHIBITS,
    *stuck.EXHIBITS,
    *exits.EXHIBITS,
    *shims.EXHIBITS,
    *leaks.EXHIBITS,
    *files.EXHIBITS,
    *pids.EXHIBITS,
    *together.EXHIBITS,
    *blind.EXHIBITS,
    *clocks_and_disks.EXHIBITS,
    *restarts.EXHIBITS,
    *execs.EXHIBITS,
    *on_the_host.EXHIBITS,
)

EXHIBITS: tuple[AnyExhibit, ...] = tuple(sorted(_BY_FILES, key=lambda exhibit: exhibit.letter))
