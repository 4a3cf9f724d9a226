"""The archive's records of sessions: read once, seen anew when they change, renamed and removed whole."""

from dataclasses import replace
from pathlib import Path

import pytest

from sarcoma_core.archive.store import Archive, Scan, Session, modality_of


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path)


def session(archive: Archive, label: str, **told: str) -> Session:
    empty = {"id": f"ID_{label}", "subject": "S", "study_uid": "1.2", "part": "", "date": ""}
    found = Session(
        project="P", label=label, scans=(), path=archive.session_path("P", label), **{**empty, **told}
    )
    found.path.mkdir(parents=True)
    archive.write(found)
    return found


def test_a_session_is_found_by_label_without_the_others(archive: Archive, tmp_path: Path) -> None:
    wanted = session(archive, "A")
    (tmp_path / "P" / "database" / "B.json").write_text("damaged")
    assert archive.labelled("P", "A") == wanted
    assert archive.labelled("P", "NONE") is None


def test_a_record_that_another_process_writes_is_seen(archive: Archive, tmp_path: Path) -> None:
    before = session(archive, "A")
    assert archive.session("P", "A").date == ""
    Archive(tmp_path).write(replace(before, date="20260102"))
    assert archive.session("P", "A").date == "20260102"


def test_a_relabelled_session_keeps_its_id_and_files(archive: Archive) -> None:
    before = session(archive, "A")
    (before.path / "x").write_text("x")
    after = archive.relabel(before, "B")
    assert [(s.label, s.id) for s in archive.sessions("P")] == [("B", before.id)]
    assert (after.path / "x").read_text() == "x"
    assert not before.path.exists()


@pytest.mark.parametrize("files", [True, False])
def test_a_removed_session_leaves_files_only_when_told_to(archive: Archive, *, files: bool) -> None:
    gone, other = session(archive, "A"), session(archive, "B")
    archive.remove(gone, files=files)
    assert archive.sessions("P") == (other,)
    assert gone.path.exists() is not files


def test_a_declared_type_counts_before_what_the_scans_tell(archive: Archive) -> None:
    declared = session(archive, "A", declared_type="xnat:petmrSessionData")
    assert declared.xsi_type == "xnat:petmrSessionData"
    scanned = replace(declared, declared_type="", scans=(Scan("1", "1.3", 1, "CT", "", 1),))
    assert scanned.xsi_type == "xnat:ctSessionData"


def test_a_session_without_scans_has_the_modality_of_its_type(archive: Archive) -> None:
    assert session(archive, "A", declared_type="xnat:petSessionData").modality == "PT"
    assert session(archive, "B").modality == "OT"


def test_a_scan_type_tells_its_modality() -> None:
    assert modality_of("xnat:mrScanData") == "MR"
    assert modality_of("xnat:otherDicomScanData") == "OT"


def test_other_folders_of_a_project_are_no_sessions(archive: Archive, tmp_path: Path) -> None:
    session(archive, "A")
    (tmp_path / "P" / "resources" / "R").mkdir(parents=True)
    (tmp_path / "P" / "subjects" / "S" / "R").mkdir(parents=True)
    (tmp_path / "folder").mkdir()
    assert [s.label for s in archive.sessions("P")] == ["A"]
    assert archive.projects() == ("P",)
