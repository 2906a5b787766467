"""The store's schema, as numbered steps. `PRAGMA user_version` counts those that were done.

A step that was released is never edited: a change is a new step at the end. Bodies are JSON
(`database` knows the types), so a new field with a default needs no step.
"""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        # instance: 8 hex digits, for ever. token: the last group commit's nonce.
        "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
        "CREATE TABLE containers (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID",
        "CREATE TABLE intents (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID",
        "CREATE TABLE names (name TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE) WITHOUT ROWID",
        # With a rowid: it rises with every answer, so that the oldest are found without counting.
        (
            "CREATE TABLE answers"
            " (request_id TEXT NOT NULL PRIMARY KEY, body TEXT NOT NULL, at INTEGER NOT NULL)"
        ),
        "CREATE INDEX answers_by_age ON answers (at)",
        "CREATE TABLE events (seq INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL)",
    ),
    # 0: of before this step; the old go with the first that is known to be younger.
    ("ALTER TABLE events ADD COLUMN at INTEGER NOT NULL DEFAULT 0",),
)
