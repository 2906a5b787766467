"""`conmand repair`: shows the records that cannot be read, puts one aside, or takes a mended one back.

Only while no daemon holds the data directory. What goes is saved to a file first, durably; nothing of the
host is touched here: what then belongs to nobody is collected by the next conmand.
"""

import time
from collections.abc import Generator
from contextlib import contextmanager

from conman.core.model import Quarantined
from conman.daemon.config import Config
from conman.errors import Code, HostError, Refusal
from conman.host import salvage
from conman.host.database import Store, look
from conman.host.instance import claim


def quarantined(config: Config) -> tuple[Quarantined, ...]:
    """Beside a daemon too: nothing is changed."""
    return look(f"{config.data_dir}/conman.db").stored.quarantined


def drop(config: Config, prefix: str) -> str:
    """Remove one such record; the path of the file that holds it. Raises ConmanError."""
    with _alone(config) as store:
        [found, *more] = _matching(store, prefix)
        if more:
            raise _refused(f"{prefix!r} fits {len(more) + 1} records", "give more of the id")
        path = salvage.save(config.data_dir, store.raw(found.id), found.why, time.time_ns())
        if why := store.drop_raw(found.id):
            raise _refused(f"the record {found.id} cannot be removed: {why}", "nothing was changed")
        return path


def restore(config: Config, path: str) -> str:
    """Put a saved and mended record back; its id. Raises ConmanError: then nothing was changed."""
    with _alone(config) as store:
        raw = salvage.load(path)
        if why := store.put_raw(raw):
            raise _refused(
                f"the record {raw.id} of {path} cannot be taken back: {why}",
                "mend the file, and try again; nothing was changed",
            )
        return raw.id


def _matching(store: Store, prefix: str) -> list[Quarantined]:
    found = [each for each in store.read().quarantined if prefix and each.id.startswith(prefix)]
    if not found:
        raise _refused(
            f"no record that cannot be read has the id {prefix!r}",
            "conmand repair lists them; readable ones are removed by conmanctl",
        )
    return found


@contextmanager
def _alone(config: Config) -> Generator[Store]:
    """Raises HostError where a daemon, or another repair, holds the data directory."""
    look(f"{config.data_dir}/conman.db")  # before anything is made: is there a store at all?
    claimed = claim(config.data_dir, config.run_dir, patience_s=0)
    try:
        store = Store.open(f"{config.data_dir}/conman.db")
        try:
            yield store
        finally:
            store.close()
    finally:
        claimed.close()


def _refused(what: str, hint: str) -> HostError:
    return HostError(Refusal(Code.FAILED_PRECONDITION, "CannotRepair", what, hint))
