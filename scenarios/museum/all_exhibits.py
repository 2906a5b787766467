"""All exhibits, by the files that hold them, in the order of their letters."""

from scenarios.museum import blind, exits, files, leaks, names, pids, shims, stuck, together

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
)

EXHIBITS = tuple(sorted(_BY_FILES, key=lambda exhibit: exhibit.letter))
