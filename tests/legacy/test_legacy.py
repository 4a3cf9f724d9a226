"""What 0.1.0 left goes on working: manifests of schema 1, its archive, its ledger."""

import fcntl
import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.archive.holdings import FolderHoldings, fingerprint
from sarcoma_core.archive.importing import import_folder
from sarcoma_core.archive.store import Archive, Session
from sarcoma_core.chains import CHAINS
from sarcoma_core.errors import OutputError
from sarcoma_core.launch.bulk.ledger import Ledger
from sarcoma_core.launch.bulk.ledger_schema import VERSION
from sarcoma_core.launch.chain import RunPlan, run_chain
from sarcoma_core.launch.targets import session_target
from sarcoma_core.launch.work import Work, WorkPlace, already_done, manifest, stale_files
from sarcoma_core.report.page import render
from sarcoma_core.report.session import read_session
from sarcoma_core.runners.local import LocalRunner
from sarcoma_core.steps import report, step_named
from tests.launch.test_chain import Silent
from tests.legacy.dicom import SPACING, voxels, write

HERE = Path(__file__).parent
LABELS = {"convert": "NIFTI", "bias-field": "N4", "normalise": "NORMALISED", "report": "REPORT"}


@pytest.fixture
def session(tmp_path: Path) -> Session:
    """The archive of 0.1.0: DICOM as it filed it, its record, its manifests, files of the sizes they list."""
    archive = Archive(tmp_path / "archive")
    write(tmp_path / "dicom")
    import_folder(archive, "OWN", tmp_path / "dicom")
    (imported,) = archive.sessions("OWN")
    record = archive.root / "OWN" / "database" / f"{imported.label}.json"
    assert json.loads(record.read_text()) == json.loads((HERE / "session.json").read_text())
    shutil.copyfile(HERE / "session.json", record)
    for label in LABELS.values():
        folder = imported.resource(label)
        folder.mkdir(parents=True)
        shutil.copyfile(HERE / f"{label}.json", folder / "run.json")
        for file in json.loads((HERE / f"{label}.json").read_text())["files"]:
            (folder / file["path"]).parent.mkdir(exist_ok=True)
            (folder / file["path"]).write_bytes(bytes(file["size"]))
    return Archive(archive.root).session("OWN", imported.label)


@pytest.mark.parametrize(("step", "label"), LABELS.items())
def test_its_manifests_are_of_the_first_revision_and_its_fingerprints_hold(
    session: Session, step: str, label: str
) -> None:
    holdings = FolderHoldings(session.path)
    record = manifest(holdings, label)
    assert record
    assert (record.schema, record.step, record.version, record.revision) == (1, step, "0.1.0", 1)
    assert set(record.reads) <= set(step_named(step).reads)
    assert dict(record.inputs) == dict(fingerprint(holdings, step_named(step).reads)) != {}
    assert stale_files(record, holdings.files(label)) == ()


@pytest.mark.parametrize("step", LABELS)
def test_its_work_is_that_of_a_first_revision_and_of_no_later_one(session: Session, step: str) -> None:
    today = step_named(step)
    holdings = FolderHoldings(session.path)
    (record,) = already_done(WorkPlace(holdings, holdings), Work(replace(today, revision=1), today.defaults))
    assert record.version == "0.1.0"
    assert already_done(WorkPlace(holdings, holdings), Work(replace(today, revision=2), today.defaults)) == ()
    assert today.revision >= 2, "0.2.0 changed the output of all four"


def test_a_server_with_another_version_knows_its_own_work_again(session: Session) -> None:
    today = step_named("convert")
    holdings = FolderHoldings(session.path)
    assert already_done(WorkPlace(holdings, holdings), Work(today, today.defaults, version="0.1.0"))
    assert not already_done(WorkPlace(holdings, holdings), Work(today, today.defaults, version="0.1.1"))


def test_its_volumes_are_told_by_the_report(session: Session) -> None:
    affine = np.diag([*SPACING[1:], SPACING[0], 1.0])
    for label in ("NIFTI", "N4", "NORMALISED"):
        path = session.resource(label) / "4" / "4.nii.gz"
        nib.save(nib.Nifti1Image(voxels().T.astype(np.float32), affine), path)
    page = render(read_session(SessionFolder(session.path, report.READS), slices=1))
    assert "1 series: 1 ready for the models" in page
    assert page.count("0.1.0, revision 1") == 3


def test_its_sessions_are_prepared_again_and_then_no_more(session: Session, tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive")
    for outcome in ("done", "already done"):
        (result,) = run_chain(
            archive,
            RunPlan("prepare", session.project),
            (session_target(session),),
            runner=LocalRunner(),
            watch=Silent(),
        )
        assert [(run.step, run.outcome) for run in result.runs] == [
            (step, outcome) for step in CHAINS["prepare"]
        ]
    record = manifest(FolderHoldings(session.path), "N4")
    assert record
    assert (record.schema, record.revision, record.outcomes[0].status) == (2, 2, "done")


@pytest.fixture
def old_ledger(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.sqlite"
    with closing(sqlite3.connect(path)) as base:
        base.executescript((HERE / "ledger.sql").read_text())
    return path


def rows(path: Path, table: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as base:
        return base.execute(f"SELECT * FROM {table} ORDER BY id").fetchall()  # noqa: S608  names of ours


def test_its_ledger_is_read_and_nothing_in_it_is_lost(old_ledger: Path) -> None:
    before = {table: rows(old_ledger, table) for table in ("run", "item", "event")}
    ledger = Ledger(old_ledger)
    run = ledger.run()
    assert (run.project, run.what, run.steps) == ("OWN", "prepare", tuple(LABELS))
    (item,) = ledger.present(run)
    assert (item.label, item.type, item.step, item.state) == (
        "P01_20200102_MR",
        "xnat:mrSessionData",
        "report",
        "complete",
    )
    assert item.ended(run.steps)
    assert ledger.workflows(run, item.target) == {"1", "2", "3", "4"}
    assert ledger.latest_workflow(run.server, item.label) == "4"
    ledger.close()
    after = {table: rows(old_ledger, table) for table in before}
    assert after["item"] == before["item"]
    assert after["event"] == before["event"]
    # What a run has since: the level of its items, and the assets that were named.
    assert after["run"] == [(*row, "session", "{}") for row in before["run"]]
    assert (run.level, run.assets) == ("session", {})


def test_its_ledger_goes_on_append_only_and_is_upgraded_once(old_ledger: Path) -> None:
    Ledger(old_ledger).close()
    ledger = Ledger(old_ledger)
    (item,) = ledger.present(ledger.run())
    ledger.write(ledger.run(), replace(item, state="failed", reason="for the test"))
    assert [each.state for each in ledger.present(ledger.run())] == ["failed"]
    ledger.close()
    with closing(sqlite3.connect(old_ledger)) as base:
        assert base.execute("PRAGMA user_version").fetchone() == (VERSION,)
        for sql in ("UPDATE item SET target = 'x'", "DELETE FROM event"):
            with pytest.raises(sqlite3.DatabaseError, match="append-only"):
                base.execute(sql)
        new = {row[0] for row in base.execute("SELECT name FROM sqlite_master WHERE sql LIKE '%item_of%'")}
    assert new == {"item_of_target"}


def test_an_upgrade_that_fails_leaves_the_ledger_as_it_was(old_ledger: Path) -> None:
    with closing(sqlite3.connect(old_ledger)) as base:
        base.execute("ALTER TABLE item ADD COLUMN type TEXT")  # in the way of xsi_type
        base.commit()
        before = list(base.iterdump())
    with pytest.raises(OutputError, match="must be a ledger"):
        Ledger(old_ledger)
    with closing(sqlite3.connect(old_ledger)) as base:
        assert list(base.iterdump()) == before
        assert base.execute("PRAGMA user_version").fetchone() == (0,)


@pytest.mark.parametrize("version", [VERSION, VERSION + 1])
def test_a_ledger_of_a_later_version_is_left_alone(tmp_path: Path, version: int) -> None:
    path = tmp_path / "ledger.sqlite"
    Ledger(path).close()
    with closing(sqlite3.connect(path)) as base:
        base.execute(f"PRAGMA user_version = {version}")
    if version == VERSION:
        Ledger(path).close()
        return
    with pytest.raises(OutputError, match=rf"must be of version {VERSION} or earlier; found {version}"):
        Ledger(path)


def test_a_ledger_of_0_1_that_is_worked_on_is_left_to_its_launcher(old_ledger: Path) -> None:
    before = old_ledger.read_bytes()
    with old_ledger.with_name(f"{old_ledger.name}.run-1").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(OutputError, match="a run in it is being worked on"):
            Ledger(old_ledger)
        assert old_ledger.read_bytes() == before
    Ledger(old_ledger).close()


@pytest.mark.parametrize(
    "tables",
    [
        "CREATE TABLE bookmarks (id INTEGER, url TEXT)",
        "CREATE TABLE item (id INTEGER, session TEXT, xsi_type TEXT, price REAL)",
        "CREATE TABLE run (id INTEGER); CREATE TABLE item (id INTEGER); CREATE TABLE event (id INTEGER)",
    ],
)
@pytest.mark.parametrize("version", [0, VERSION, VERSION + 1])
def test_the_database_of_another_program_is_not_touched(tmp_path: Path, tables: str, version: int) -> None:
    path = tmp_path / "places.sqlite"
    with closing(sqlite3.connect(path)) as base:
        base.executescript(f"{tables}; PRAGMA user_version = {version}")
    before = path.read_bytes()
    with pytest.raises(OutputError, match="found the database of another program"):
        Ledger(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_what_is_missing_in_a_ledger_is_made_again(old_ledger: Path) -> None:
    Ledger(old_ledger).close()
    with closing(sqlite3.connect(old_ledger)) as base:
        base.execute("DROP VIEW present")
        base.commit()
    ledger = Ledger(old_ledger)
    assert [item.state for item in ledger.present(ledger.run())] == ["complete"]


def test_a_ledger_that_another_process_holds_is_told_as_such(
    old_ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: connect(*a, **{**k, "timeout": 0.01}))
    ledger = Ledger(old_ledger)
    with closing(connect(old_ledger, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for use in (lambda: ledger.begin(ledger.run(), ()), lambda: Ledger(old_ledger)):
            with pytest.raises(OutputError, match="another process has held it for too long") as refused:
                use()
            assert "wait" in refused.value.hint
