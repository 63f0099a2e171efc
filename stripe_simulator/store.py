"""The local Stripe's memory: one SQLite file of JSON documents, timers, replies kept for idempotency, and logs.

The caller holds the sandbox's lock; one connection serves all threads.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

from .blank import Json

SCHEMA = """
CREATE TABLE IF NOT EXISTS object (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, kind TEXT NOT NULL,
    body TEXT NOT NULL, hidden TEXT NOT NULL DEFAULT '{}');
CREATE INDEX IF NOT EXISTS object_kind ON object (kind, seq);
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS timer (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, due INTEGER NOT NULL, action TEXT NOT NULL, object_id TEXT NOT NULL,
    clock TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS timer_due ON timer (due, seq);
CREATE TABLE IF NOT EXISTS idempotency (
    key TEXT PRIMARY KEY, digest TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL,
    request_id TEXT NOT NULL, created INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS request (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, at INTEGER NOT NULL, method TEXT NOT NULL,
    path TEXT NOT NULL, params TEXT NOT NULL, status INTEGER NOT NULL, reply TEXT NOT NULL,
    idempotency_key TEXT, replayed INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS delivery (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT NOT NULL, endpoint_id TEXT NOT NULL, type TEXT NOT NULL,
    due REAL NOT NULL, rank INTEGER NOT NULL DEFAULT 0, attempt INTEGER NOT NULL DEFAULT 0,
    status TEXT NOT NULL, response INTEGER, detail TEXT);
CREATE INDEX IF NOT EXISTS delivery_status ON delivery (status, due);
CREATE TABLE IF NOT EXISTS past (object_id TEXT NOT NULL, until REAL NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS past_object ON past (object_id, until);
CREATE TABLE IF NOT EXISTS violation (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, place TEXT NOT NULL, detail TEXT NOT NULL);
"""

# What objects are found by, beside their id and kind.
FOUND_BY = ("customer", "invoice", "charge", "lookup_key", "payment.payment_intent")
CHUNK = 200  # objects read at a time where a list may be long

# Columns that came later; a state kept by an earlier version gets them when it is opened.
LATER = {"timer": {"clock": "TEXT NOT NULL DEFAULT ''"}}

TABLES = ("object", "setting", "timer", "idempotency", "request", "delivery", "past", "violation")


class Store:
    def __init__(self, path: str) -> None:
        self.db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self.db.row_factory = sqlite3.Row
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = OFF")  # sample data: a power cut may cost the last second of it
        self.db.executescript(SCHEMA)
        self._upgrade()
        for field in FOUND_BY:
            name, place = field.replace(".", "_"), f"json_extract(body, '$.{field}')"
            self.db.execute(f"CREATE INDEX IF NOT EXISTS object_by_{name} ON object ({place})")

    def _upgrade(self) -> None:
        for table, columns in LATER.items():
            known = {row["name"] for row in self.db.execute(f"PRAGMA table_info({table})")}
            for name in columns.keys() - known:
                self.db.execute(f"ALTER TABLE {table} ADD COLUMN {name} {columns[name]}")

    def clear(self) -> None:
        for table in TABLES:
            self.db.execute(f"DELETE FROM {table}")  # noqa: S608  our own names

    # Objects

    def insert(self, body: Json, hidden: Json | None = None) -> None:
        values = (body["id"], body["object"], json.dumps(body), json.dumps(hidden or {}))
        self.db.execute("INSERT INTO object (id, kind, body, hidden) VALUES (?, ?, ?, ?)", values)

    def save(self, body: Json) -> None:
        self.db.execute("UPDATE object SET body = ? WHERE id = ?", (json.dumps(body), body["id"]))

    def get(self, identifier: str) -> Json | None:
        row = self.db.execute("SELECT body FROM object WHERE id = ?", (identifier,)).fetchone()
        return json.loads(row["body"]) if row else None

    def delete(self, identifier: str) -> None:
        self.db.execute("DELETE FROM object WHERE id = ?", (identifier,))

    def of_kind(self, kind: str, limit: int = -1) -> Iterator[Json]:
        """The objects of a kind, newest first; all of them without a limit."""
        sql = "SELECT body FROM object WHERE kind = ? ORDER BY seq DESC LIMIT ?"
        rows = self.db.execute(sql, (kind, limit)).fetchall()
        return (json.loads(row["body"]) for row in rows)

    def where(self, kind: str, field: str, value: str | None) -> Iterator[Json]:
        """The objects of a kind with this value in an indexed field (FOUND_BY), newest first."""
        if field not in FOUND_BY:
            raise ValueError(f"objects are not found by {field}")
        sql = f"SELECT body FROM object WHERE json_extract(body, '$.{field}') = ? AND kind = ? ORDER BY seq DESC"  # noqa: S608  ours
        return (json.loads(row["body"]) for row in self.db.execute(sql, (value, kind)).fetchall())

    def newest(self, kind: str, after: str | None = None) -> Iterator[Json]:
        """The objects of a kind, newest first, from the one after `after` on; read as they are asked for."""
        seq = self.db.execute("SELECT seq FROM object WHERE id = ?", (after,)).fetchone() if after else None
        below = seq["seq"] if seq else 1 << 62
        sql = "SELECT seq, body FROM object WHERE kind = ? AND seq < ? ORDER BY seq DESC LIMIT ?"
        while rows := self.db.execute(sql, (kind, below, CHUNK)).fetchall():
            yield from (json.loads(row["body"]) for row in rows)
            below = rows[-1]["seq"]

    def keep(self, body: Json, until: float) -> None:
        """Remembers what an object looked like until this moment of the real time."""
        self.add("past", object_id=body["id"], until=until, body=json.dumps(body))

    def as_of(self, body: Json, moment: float) -> Json:
        sql = "SELECT body FROM past WHERE object_id = ? AND until > ? ORDER BY until LIMIT 1"
        row = self.row(sql, body["id"], moment)
        found: Json = json.loads(row["body"]) if row else body
        return found

    def hidden(self, identifier: str) -> Json:
        """What the local Stripe knows of an object and does not send, such as a card's number."""
        row = self.db.execute("SELECT hidden FROM object WHERE id = ?", (identifier,)).fetchone()
        found: Json = json.loads(row["hidden"]) if row else {}
        return found

    def hide(self, identifier: str, **values: Any) -> None:
        merged = json.dumps(self.hidden(identifier) | values)
        self.db.execute("UPDATE object SET hidden = ? WHERE id = ?", (merged, identifier))

    # Settings

    def setting(self, name: str, default: Any = None) -> Any:
        row = self.db.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return json.loads(row["value"]) if row else default

    def set(self, name: str, value: Any) -> None:
        self.db.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, json.dumps(value)))

    # Rows of the other tables

    def rows(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in self.db.execute(sql, values).fetchall()]

    def row(self, sql: str, *values: Any) -> dict[str, Any] | None:
        found = self.rows(sql, *values)
        return found[0] if found else None

    def add(self, table: str, **values: Any) -> int:
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        cursor = self.db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values()))  # noqa: S608
        return int(cursor.lastrowid or 0)
