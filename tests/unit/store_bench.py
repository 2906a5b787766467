"""What the store's tests share: rows to keep, a store to keep them in, a look past it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from conman.core.model import (
    Answer,
    Change,
    Container,
    ContainerSpec,
    Init,
    Intent,
    Operation,
    RootfsMode,
    State,
    Stored,
)
from conman.errors import Code, Refusal
from conman.host.database import Store
from conman.primitives.steps import ProcessId

A, B = "a" * 32, "b" * 32

ROW = Container(
    A,
    "web",
    ContainerSpec("/bin/sh", ("-c", "exit 7"), env=("A=ü",), labels=(("k", "v"),)),
    RootfsMode.COPY,
    State.EXITED,
    2,
    Init(ProcessId("boot", 7, 2**40), 1, 2, "sh\0-c"),
    exit_code=7,
    oom_killed=True,
)
INTENT = Intent(B, Operation.CREATE, 1, "boot", 2**62, "r", "d", draft=replace(ROW, id=B))
REFUSED = Answer("r2", "d", 5, refusal=Refusal(Code.NOT_FOUND, "NoSuchContainer", "what"))


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "conman.db")


@pytest.fixture
def opened(path: str) -> Iterator[Store]:
    store = Store.open(path)
    yield store
    store.close()


def again(store: Store) -> Stored:
    """What another process would read."""
    other = Store.open(store.path)
    try:
        return other.read()
    finally:
        other.close()


def one(store: Store, *changes: Change) -> object:
    [outcome] = store.commit([changes])
    return outcome


@contextmanager
def raw(path: str) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()
