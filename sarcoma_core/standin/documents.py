"""What a server keeps in its database and a folder cannot hold: JSON documents in one SQLite file."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path
from threading import RLock
from typing import Any

Document = dict[str, Any]
"""A JSON object; the module that owns its kind turns it into a dataclass."""

_SCHEMA = "CREATE TABLE IF NOT EXISTS document (kind TEXT, key TEXT, body TEXT, PRIMARY KEY (kind, key))"


class Documents:
    """Documents by kind and key, safe between threads; every change is on disk when a method returns.

    Args:
        path: the file; None keeps them in memory only.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.lock = RLock()
        if path:
            path.touch(mode=0o600)  # it holds the hashes of passwords, and what containers printed
        self._base = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None)
        self._base.execute("PRAGMA journal_mode=WAL")
        self._base.execute(_SCHEMA)

    def get(self, kind: str, key: str) -> Document | None:
        """One document, a copy; None when there is none."""
        with self.lock:
            row = self._base.execute(
                "SELECT body FROM document WHERE kind = ? AND key = ?", (kind, key)
            ).fetchone()
        return json.loads(row[0]) if row else None

    def all(self, kind: str) -> Mapping[str, Document]:
        """Every document of a kind by key, the first written first."""
        with self.lock:
            rows = self._base.execute(
                "SELECT key, body FROM document WHERE kind = ? ORDER BY rowid", (kind,)
            ).fetchall()
        return {key: json.loads(body) for key, body in rows}

    def some(self, kind: str, keys: Iterable[str]) -> Mapping[str, Document]:
        """Those documents of a kind that are there, by key; one question, however many keys."""
        with self.lock:
            rows = self._base.execute(
                "SELECT key, body FROM document WHERE kind = ? AND key IN (SELECT value FROM json_each(?))",
                (kind, json.dumps(tuple(keys))),
            ).fetchall()
        return {key: json.loads(body) for key, body in rows}

    def put(self, kind: str, key: str, document: Document) -> None:
        """Write a document: new, or in the place of an earlier one."""
        body = json.dumps(document)
        with self.lock:
            self._base.execute(
                "INSERT INTO document VALUES (?, ?, ?)"
                " ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body",
                (kind, key, body),
            )

    def delete(self, kind: str, key: str) -> bool:
        """Delete a document; whether there was one."""
        with self.lock:
            return (
                self._base.execute("DELETE FROM document WHERE kind = ? AND key = ?", (kind, key)).rowcount
                > 0
            )

    def next_id(self, kind: str) -> int:
        """The next number of a sequence: 1, 2, 3 ...; none is given twice, even after a restart."""
        with self.lock:
            last = (self.get("sequence", kind) or {"last": 0})["last"]
            self.put("sequence", kind, {"last": last + 1})
        return int(last) + 1

    def close(self) -> None:
        """Close the file."""
        with self.lock:
            self._base.close()
