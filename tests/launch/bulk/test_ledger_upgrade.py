"""A ledger of version 2, without levels and assets, goes on: no row of it is touched, once and for all."""

import fcntl
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sarcoma_core.errors import OutputError
from sarcoma_core.launch.bulk.ledger import LaunchRun, Ledger
from sarcoma_core.launch.bulk.ledger_schema import VERSION
from sarcoma_core.xnat.rest.remote import RemoteTarget

VERSION_2 = """
CREATE TABLE run (
  id INTEGER PRIMARY KEY, at REAL, server TEXT, login TEXT, project TEXT, what TEXT, steps TEXT,
  settings TEXT, in_flight INTEGER, forced INTEGER, baseline INTEGER);
CREATE TABLE item (
  id INTEGER PRIMARY KEY, run INTEGER REFERENCES run, target TEXT, label TEXT, type TEXT,
  UNIQUE (run, target));
CREATE TABLE event (
  id INTEGER PRIMARY KEY, at REAL, run INTEGER REFERENCES run, item INTEGER REFERENCES item, step TEXT,
  attempt INTEGER, state TEXT, workflow TEXT, status TEXT, reason TEXT, hint TEXT);
CREATE INDEX event_of_item ON event (item, id);
CREATE INDEX item_of_target ON item (target);
CREATE VIEW present AS
  SELECT item.id AS item, item.run, item.target, item.label, item.type, event.at, event.step,
         event.attempt, event.state, event.workflow, event.status, event.reason, event.hint
  FROM item LEFT JOIN event ON event.id = (SELECT max(id) FROM event WHERE event.item = item.id);
CREATE TRIGGER run_is_never_updated BEFORE update ON run
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER run_is_never_deleted BEFORE delete ON run
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER item_is_never_updated BEFORE update ON item
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER item_is_never_deleted BEFORE delete ON item
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER event_is_never_updated BEFORE update ON event
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER event_is_never_deleted BEFORE delete ON event
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
INSERT INTO run VALUES(1,17.5,'http://x','me','P','prepare','["convert", "report"]','{"convert": {}}',4,0,7);
INSERT INTO run VALUES(2,18.5,'http://x','me','P','report','["report"]','{}',1,1,9);
INSERT INTO item VALUES(1,1,'E1','S1_MR','xnat:mrSessionData');
INSERT INTO item VALUES(2,1,'E2','S2_MR','xnat:petSessionData');
INSERT INTO item VALUES(3,2,'E1','S1_MR','xnat:mrSessionData');
INSERT INTO event VALUES(1,19.0,1,1,'convert',1,'intended','','','','');
INSERT INTO event VALUES(2,20.0,1,1,'convert',1,'failed','8','Failed','why','what next');
PRAGMA user_version = 2;
"""
"""What the source of version 2 wrote, word for word, and rows in it."""

TABLES = ("run", "item", "event")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.sqlite"
    with closing(sqlite3.connect(path)) as base:
        base.executescript(VERSION_2)
    return path


def rows(path: Path, table: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as base:
        return base.execute(f"SELECT * FROM {table} ORDER BY id").fetchall()  # noqa: S608  names of ours


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as base:
        return int(base.execute("PRAGMA user_version").fetchone()[0])


def test_every_row_stays_and_a_run_of_before_was_one_on_sessions_without_assets(old: Path) -> None:
    assert VERSION == 3, "or another version has to be upgraded from"
    before = {table: rows(old, table) for table in TABLES}
    ledger = Ledger(old)
    first, second = ledger.run(1), ledger.run(2)
    assert (first.level, first.assets, first.steps) == ("session", {}, ("convert", "report"))
    assert (second.level, second.assets, second.forced, second.baseline) == ("session", {}, True, 9)
    one, two = ledger.present(first)
    assert (one.target, one.state, one.reason, one.workflow) == ("E1", "failed", "why", "8")
    assert (two.target, two.type, two.state) == ("E2", "xnat:petSessionData", "")
    ledger.close()
    assert version(old) == VERSION
    assert {table: rows(old, table) for table in ("item", "event")} == {
        k: before[k] for k in ("item", "event")
    }
    assert rows(old, "run") == [(*row, "session", "{}") for row in before["run"]]


def test_it_is_upgraded_once_and_then_not_written_again(old: Path) -> None:
    Ledger(old).close()
    with closing(sqlite3.connect(old)) as base:
        before = list(base.iterdump())
    Ledger(old).close()
    with closing(sqlite3.connect(old)) as base:
        assert list(base.iterdump()) == before


def test_an_upgraded_ledger_is_as_a_new_one(old: Path, tmp_path: Path) -> None:
    Ledger(old).close()
    Ledger(tmp_path / "new.sqlite").close()
    shapes = []
    for path in (old, tmp_path / "new.sqlite"):
        with closing(sqlite3.connect(path)) as base:
            columns = {t: base.execute(f"PRAGMA table_info({t})").fetchall() for t in (*TABLES, "present")}
            kinds = base.execute("SELECT type, name FROM sqlite_master ORDER BY type, name").fetchall()
            shapes.append((columns, kinds))
    assert shapes[0] == shapes[1]


def test_it_goes_on_with_runs_on_scans_that_name_their_assets(old: Path) -> None:
    asked = LaunchRun(
        0, 0.0, "http://x", "me", "P", "check-model", ("check-model",), {}, 1,
        forced=False, baseline=9, level="scan", assets={"model": "MODEL_A"},
    )  # fmt: skip
    ledger = Ledger(old)
    run = ledger.begin(asked, [RemoteTarget("scan", "E1/scans/4", "S1_MR/4", "xnat:mrScanData")])
    assert run.id == 3
    ledger.close()
    again = Ledger(old)
    assert (again.run(3).level, again.run(3).assets) == ("scan", {"model": "MODEL_A"})
    assert [item.target for item in again.present(run)] == ["E1/scans/4"]
    again.close()
    *_, level, assets = rows(old, "run")[-1]
    assert (level, json.loads(str(assets))) == ("scan", {"model": "MODEL_A"})


@pytest.mark.parametrize("table", TABLES)
def test_it_stays_append_only(old: Path, table: str) -> None:
    Ledger(old).close()
    with closing(sqlite3.connect(old)) as base:
        for sql in (f"UPDATE {table} SET id = id + 1", f"DELETE FROM {table}"):  # noqa: S608  names of ours
            with pytest.raises(sqlite3.DatabaseError, match="append-only"):
                base.execute(sql)


def test_one_that_is_worked_on_is_left_to_its_launcher(old: Path) -> None:
    before = old.read_bytes()
    with old.with_name(f"{old.name}.run-1").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(OutputError, match="must not be in use by an earlier version"):
            Ledger(old)
        assert old.read_bytes() == before
    Ledger(old).close()
    assert version(old) == VERSION


def test_an_upgrade_that_fails_leaves_it_as_it_was(old: Path) -> None:
    with closing(sqlite3.connect(old)) as base:
        base.execute("ALTER TABLE run ADD COLUMN assets TEXT")  # in the way of the new one
        base.commit()
        before = list(base.iterdump())
    with pytest.raises(OutputError, match="must be a ledger"):
        Ledger(old)
    with closing(sqlite3.connect(old)) as base:
        assert list(base.iterdump()) == before
    assert version(old) == 2
