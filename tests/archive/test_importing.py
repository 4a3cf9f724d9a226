"""Import: every file accounted for, nothing changed by doing it again, one session for each study."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import UID

from sarcoma_core.archive.catalog import md5, read_catalog
from sarcoma_core.archive.folder import scans
from sarcoma_core.archive.importing import ImportReport, import_folder, log_path
from sarcoma_core.archive.instance import reading_quietly
from sarcoma_core.archive.store import Archive, Session
from sarcoma_core.errors import InputError, OutputError
from sarcoma_core.phantom import hazards


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive")


def series_folder(export: Path) -> Path:
    return next(p for p in sorted(export.rglob("*")) if p.name.startswith("SE"))


def files(folder: Path) -> list[Path]:
    return [p for p in sorted(folder.rglob("*")) if p.is_file()]


def snapshot(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files(folder)}


def held(session: Session) -> dict[str, int]:
    return {scan.id: len(scan.files) for scan in scans(session.path)}


def test_every_file_of_a_nested_export_lands_in_its_scan(cohort: Path, archive: Archive) -> None:
    report = import_folder(archive, "P", cohort)
    assert report.count("imported") == len(files(cohort)) == len(report.files)
    assert [s.label.split("_")[0] for s in report.sessions] == ["STS-PHANTOM-0001", "STS-PHANTOM-0002"]
    for session in report.sessions:
        assert session.xsi_type == "xnat:mrSessionData"
        assert held(session) == {"4": 38, "7": 38}
        assert {scan.id: scan.frames for scan in session.scans} == {"4": 38, "7": 38}


def test_the_bytes_are_the_exports_and_the_export_is_untouched(export: Path, archive: Archive) -> None:
    before = snapshot(export)
    (session,) = import_folder(archive, "P", export).sessions
    assert snapshot(export) == before
    assert sorted(md5(p) for scan in scans(session.path) for p in scan.files) == sorted(
        md5(p) for p in files(export)
    )


def test_the_catalog_holds_every_file_with_its_uid_and_digest(export: Path, archive: Archive) -> None:
    (session,) = import_folder(archive, "P", export).sessions
    for scan in scans(session.path):
        entries = read_catalog(session.path / "SCANS" / scan.id / "DICOM" / f"scan_{scan.id}_catalog.xml")
        told = {(e.uri, e.uid, e.digest, e.instance_number) for e in entries}
        assert told == {
            (p.name, d.SOPInstanceUID, md5(p), d.InstanceNumber)
            for p in scan.files
            for d in [pydicom.dcmread(p, stop_before_pixels=True)]
        }


def test_importing_again_changes_nothing(export: Path, archive: Archive) -> None:
    first = import_folder(archive, "P", export)
    before = snapshot(archive.root)
    again = import_folder(archive, "P", export)
    assert (again.count("imported"), again.count("duplicate")) == (0, len(first.files))
    after = snapshot(archive.root)
    log = log_path(archive, "P").relative_to(archive.root).as_posix()
    assert before.pop(log) != after.pop(log)
    assert after == before


def test_a_late_series_joins_its_session(export: Path, archive: Archive, tmp_path: Path) -> None:
    late = tmp_path / "late"
    shutil.move(series_folder(export), late)
    (first,) = import_folder(archive, "P", export).sessions
    (second,) = import_folder(archive, "P", late).sessions
    assert first.label == second.label
    assert held(second) == {"4": 38, "7": 38}


def fates(report: ImportReport) -> dict[str, tuple[str, str]]:
    return {f.path.rpartition("/")[2]: (f.fate, f.reason) for f in report.files if f.reason}


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def dicomdir(path: Path) -> None:
    dataset = pydicom.dcmread(path)
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = UID("1.2.840.10008.1.3.10")
    dataset.save_as(path)


def without_series_uid(path: Path) -> None:
    dataset = pydicom.dcmread(path)
    del dataset.SeriesInstanceUID
    dataset.save_as(path)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda p: p.write_bytes(b""), "the file is empty"),
        (lambda p: p.write_text("not an image\n" * 40), "not DICOM (no DICM prefix)"),
        (cut, "cut short"),
        (dicomdir, "a DICOMDIR"),
        (without_series_uid, "SeriesInstanceUID must be present; found none"),
    ],
)
def test_a_file_that_cannot_be_taken_is_listed_with_its_reason_and_stops_no_other(
    export: Path, archive: Archive, spoil: Callable[[Path], None], reason: str
) -> None:
    spoiled = files(export)[3]
    spoil(spoiled)
    report = import_folder(archive, "P", export)
    assert report.count("imported") == len(files(export)) - 1
    (told,) = [f for f in report.files if f.fate == "rejected"]
    assert told.path == spoiled.relative_to(export).as_posix()
    assert told.reason.startswith(reason)
    assert f"rejected\t{told.path}\t{told.reason}\n" in log_path(archive, "P").read_text()


def test_the_same_instance_twice_is_a_duplicate_when_the_bytes_are_the_same(
    export: Path, archive: Archive
) -> None:
    hazards.duplicate_file(series_folder(export))
    report = import_folder(archive, "P", export)
    assert report.count("duplicate") == 1
    assert held(report.sessions[0]) == {"4": 38, "7": 38}


def test_the_same_instance_with_other_bytes_is_kept_under_a_suffixed_scan_and_reported(
    export: Path, archive: Archive
) -> None:
    hazards.conflicting_copy(series_folder(export))
    report = import_folder(archive, "P", export)
    assert report.count("imported") == 77
    assert held(report.sessions[0]) == {"4": 38, "4-MR1": 1, "7": 38}
    (reason,) = [f.reason for f in report.files if f.reason]
    assert reason == "same SOPInstanceUID as in scan 4, other content: kept as scan 4-MR1"
    again = import_folder(archive, "P", export)
    assert again.count("duplicate") == 77


def test_a_uid_that_is_a_path_does_not_leave_the_archive(
    export: Path, archive: Archive, tmp_path: Path
) -> None:
    path = files(export)[0]
    dataset = pydicom.dcmread(path)
    dataset.file_meta.MediaStorageSOPInstanceUID = UID("1.2.3")
    dataset.PatientID = "../../../evil"
    with reading_quietly():
        dataset.SOPInstanceUID = "../../../../evil"
        dataset.save_as(path)
    before = {p for p in tmp_path.rglob("*evil*") if p.is_file()}
    report = import_folder(archive, "P", export)
    assert report.count("imported") == 76
    assert {p for p in tmp_path.rglob("*evil*") if p.is_file() and archive.root not in p.parents} == before
    assert all(s.path.resolve().is_relative_to(archive.root.resolve()) for s in report.sessions)


def test_an_archive_inside_the_export_is_not_imported_into_itself(export: Path) -> None:
    archive = Archive(export / "archive")
    import_folder(archive, "P", export)
    again = import_folder(archive, "P", export)
    assert again.count("imported") == 0
    assert len(again.files) == 76


def test_an_empty_folder_gives_an_empty_report(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    report = import_folder(archive, "P", tmp_path / "empty")
    assert (report.files, report.sessions) == ((), ())


def test_a_missing_folder_and_a_bad_project_name_are_told(
    archive: Archive, export: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="FOLDER: must be a folder"):
        import_folder(archive, "P", tmp_path / "none")
    with pytest.raises(InputError, match="--project: must be letters"):
        import_folder(archive, "my project", export)
    assert not archive.root.exists()


def test_an_archive_that_cannot_be_written_is_told(archive: Archive, export: Path) -> None:
    archive.root.write_text("a file stands where the archive should be")
    with pytest.raises(OutputError, match="--archive: must be writable and have space; found: ") as caught:
        import_folder(archive, "P", export)
    assert "same import again" in caught.value.hint


def test_real_pet_mr_and_ct_of_one_study_become_two_sessions_with_their_contours(
    data: Path, archive: Archive
) -> None:
    report = import_folder(archive, "STS", data / "sts_ibsi")
    assert (report.count("imported"), report.count("rejected")) == (831, 2)
    kinds = {s.label: sorted(scan.modality for scan in s.scans) for s in report.sessions}
    assert len(kinds) == 12
    for name, modalities in kinds.items():
        expected = ["MR", "RTSTRUCT"] if name.endswith("_MR") else ["CT", "PT", "RTSTRUCT", "RTSTRUCT"]
        assert modalities == expected


def test_nine_encodings_under_one_series_uid_are_nine_scans(data: Path, archive: Archive) -> None:
    (session,) = import_folder(archive, "Q", data / "quirks" / "transfer_syntaxes").sessions
    assert held(session) == {str(n): 1 for n in range(1, 10)}
