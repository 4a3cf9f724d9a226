"""The tables of the ledger, and how a file of an earlier version becomes one of this."""

import sqlite3
from collections.abc import Callable

from sarcoma_core.errors import OutputError

VERSION = 3
"""`user_version` of the file. 0: that of 0.1 and 0.2, whose items were sessions only; 2: without assets."""

_TABLES = """
CREATE TABLE IF NOT EXISTS run (
  id INTEGER PRIMARY KEY, at REAL, server TEXT, login TEXT, project TEXT, what TEXT, steps TEXT,
  settings TEXT, in_flight INTEGER, forced INTEGER, baseline INTEGER,
  level TEXT DEFAULT 'session', assets TEXT DEFAULT '{}');
CREATE TABLE IF NOT EXISTS item (
  id INTEGER PRIMARY KEY, run INTEGER REFERENCES run, target TEXT, label TEXT, type TEXT,
  UNIQUE (run, target));
CREATE TABLE IF NOT EXISTS event (
  id INTEGER PRIMARY KEY, at REAL, run INTEGER REFERENCES run, item INTEGER REFERENCES item, step TEXT,
  attempt INTEGER, state TEXT, workflow TEXT, status TEXT, reason TEXT, hint TEXT);
CREATE INDEX IF NOT EXISTS event_of_item ON event (item, id);
CREATE INDEX IF NOT EXISTS item_of_target ON item (target);
CREATE VIEW IF NOT EXISTS present AS
  SELECT item.id AS item, item.run, item.target, item.label, item.type, event.at, event.step,
         event.attempt, event.state, event.workflow, event.status, event.reason, event.hint
  FROM item LEFT JOIN event ON event.id = (SELECT max(id) FROM event WHERE event.item = item.id);
"""
_APPEND_ONLY = """
CREATE TRIGGER IF NOT EXISTS {table}_is_never_{verb}d BEFORE {verb} ON {table}
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
"""
_OURS = {
    "run": {"id", "server", "project", "what", "steps", "settings", "baseline"},
    "item": {"id", "run", "label"},
    "event": {"id", "run", "item", "step", "state", "workflow"},
}
"""Columns by which a ledger of any version is known."""
_FROM_0 = (
    "DROP VIEW IF EXISTS present",
    "DROP INDEX IF EXISTS item_of_session",
    "ALTER TABLE item RENAME COLUMN session TO target",
    "ALTER TABLE item RENAME COLUMN xsi_type TO type",
)


_FROM_2 = (
    "ALTER TABLE run ADD COLUMN level TEXT DEFAULT 'session'",
    "ALTER TABLE run ADD COLUMN assets TEXT DEFAULT '{}'",
)


def prepare(base: sqlite3.Connection, *, is_worked_on: Callable[[], bool]) -> None:
    """Make the tables of a new file, or bring an earlier one up to date; nothing in it is lost.

    Nothing is written to a file that is no ledger.

    Args:
        base: in autocommit mode; it is locked against other processes meanwhile.
        is_worked_on: whether a launcher works on a run of the file: one of an earlier version would lose it.

    Raises:
        OutputError: the file was written by a later version or another program, or is worked on and old.
        sqlite3.Error: it cannot be read or written, or is no database.
    """
    found = _version(base)
    _require_ledger(base)
    if found < VERSION and _columns(base, "item") and is_worked_on():
        raise OutputError(
            "--ledger: must not be in use by an earlier version; a run in it is being worked on.",
            hint="Let that run end, or stop its launcher; then run the same command again.",
        )
    # FULL: a launch whose intention a power cut takes away could be made twice.
    base.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;")
    base.execute("BEGIN IMMEDIATE")
    try:
        for statement in _upgrades(base):
            base.execute(statement)
        for statement in _statements(_TABLES + _triggers()):  # executescript would commit
            base.execute(statement)
        base.execute(f"PRAGMA user_version = {VERSION}")
    except BaseException:
        base.execute("ROLLBACK")
        raise
    base.execute("COMMIT")


def _upgrades(base: sqlite3.Connection) -> list[str]:
    """What makes the tables of an earlier version those of this; nothing for a new file."""
    items, runs = _columns(base, "item"), _columns(base, "run")
    return [*(_FROM_0 if "session" in items else ()), *(_FROM_2 if runs and "level" not in runs else ())]


def _version(base: sqlite3.Connection) -> int:
    version = int(base.execute("PRAGMA user_version").fetchone()[0])
    if version > VERSION and _is_ledger(base):
        raise OutputError(
            f"--ledger: must be of version {VERSION} or earlier; found {version}.",
            hint="Use the version of sarcoma that wrote it, or name another file: --ledger FILE.",
        )
    return version


def _require_ledger(base: sqlite3.Connection) -> None:
    if _names(base) and not _is_ledger(base):
        raise OutputError(
            "--ledger: must be a ledger of sarcoma; found the database of another program.",
            hint="Name another file: --ledger FILE.",
        )


def _names(base: sqlite3.Connection) -> set[str]:
    return {row[0] for row in base.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def _columns(base: sqlite3.Connection, table: str) -> set[str]:
    return {row[1] for row in base.execute(f"PRAGMA table_info({table})")}


def _is_ledger(base: sqlite3.Connection) -> bool:
    """Whether the tables are those of a ledger, of any version."""
    return _names(base) == set(_OURS) and all(_columns(base, table) >= _OURS[table] for table in _OURS)


def _triggers() -> str:
    return "".join(
        _APPEND_ONLY.format(table=table, verb=verb) for table in _OURS for verb in ("update", "delete")
    )


def _statements(script: str) -> list[str]:
    """The statements of a script; a trigger holds some of its own."""
    statements, so_far = [], ""
    for line in script.splitlines(keepends=True):
        so_far += line
        if sqlite3.complete_statement(so_far):
            statements.append(so_far)
            so_far = ""
    return statements
