"""Import: every file accounted for, nothing changed by doing it again, one session for each study."""

import errno
import fcntl
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import UID

from sarcoma_core.archive.catalog import md5, read_catalog
from sarcoma_core.archive.fence import reading_quietly
from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.archive.importing import ImportReport, import_folder, log_path
from sarcoma_core.archive.store import Archive, Session
from sarcoma_core.errors import ArchiveError, InputError, OutputError
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
    return {scan.id: len(scan.files) for scan in SessionFolder(session.path).scans()}


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
    assert sorted(md5(p) for scan in SessionFolder(session.path).scans() for p in scan.files) == sorted(
        md5(p) for p in files(export)
    )


def test_the_catalog_holds_every_file_with_its_uid_and_digest(export: Path, archive: Archive) -> None:
    (session,) = import_folder(archive, "P", export).sessions
    for scan in SessionFolder(session.path).scans():
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


def tagged(path: Path, **values: object) -> None:
    """Set elements of a file, legal or not."""
    with reading_quietly():
        dataset = pydicom.dcmread(path)
        for keyword, value in values.items():
            setattr(dataset, keyword, value)
        dataset.save_as(path)


def with_uid(keyword: str, value: str) -> Callable[[Path], None]:
    return lambda path: tagged(path, **{keyword: value})


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
        (
            with_uid("SOPInstanceUID", "../../../../evil"),
            "SOPInstanceUID must be digits and dots, at most 64; found other characters",
        ),
        (
            with_uid("SeriesInstanceUID", "1.2\x01"),
            "SeriesInstanceUID must be digits and dots, at most 64; found other characters",
        ),
        (
            with_uid("StudyInstanceUID", "1" * 66),
            "StudyInstanceUID must be digits and dots, at most 64; found 66 characters",
        ),
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


def test_a_patient_id_that_is_a_path_does_not_leave_the_archive(
    export: Path, archive: Archive, tmp_path: Path
) -> None:
    tagged(files(export)[0], PatientID="../../../evil")
    report = import_folder(archive, "P", export)
    assert report.count("imported") == 76
    assert {p.relative_to(tmp_path).parts[0] for p in tmp_path.rglob("*evil*")} == {"archive"}
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
    with pytest.raises(InputError, match="FOLDER: must be a folder of DICOM files; found no such folder"):
        import_folder(archive, "P", tmp_path / "none")
    with pytest.raises(InputError, match="FOLDER: must be a folder of DICOM files; found a file"):
        import_folder(archive, "P", files(export)[0])
    with pytest.raises(InputError, match="--project: must be letters"):
        import_folder(archive, "my project", export)
    assert not archive.root.exists()


def test_a_second_import_into_a_project_is_refused_while_the_first_copies(
    export: Path, archive: Archive, tmp_path: Path
) -> None:
    late = tmp_path / "late"
    shutil.move(series_folder(export), late)
    refused: list[OutputError] = []

    def meanwhile(items: Sequence[Path], title: str) -> Iterable[Path]:
        if title != "reading":
            with pytest.raises(
                OutputError, match="must not be written by another import; one is running"
            ) as e:
                import_folder(archive, "P", late)
            refused.append(e.value)
        return items

    (first,) = import_folder(archive, "P", export, track=meanwhile).sessions
    assert [error.hint for error in refused] == ["Wait for it to end, then run the same import again."]
    assert held(first) == {"7": 38}
    (both,) = import_folder(archive, "P", late).sessions
    assert {scan.id: scan.frames for scan in both.scans} == {"4": 38, "7": 38}


def test_a_lock_that_an_import_left_behind_does_not_stop_the_next(export: Path, archive: Archive) -> None:
    import_folder(archive, "P", export)
    with (archive.root / "P" / "database" / ".lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with pytest.raises(OutputError, match="one is running"):
            import_folder(archive, "P", export)
    assert import_folder(archive, "P", export).count("duplicate") == 76
    assert len(archive.sessions("P")) == 1


def test_a_study_that_two_patients_share_is_a_session_for_each_and_reported(
    export: Path, archive: Archive
) -> None:
    for path in files(series_folder(export)):
        tagged(path, PatientID="OTHER")
    report = import_folder(archive, "P", export)
    assert [(s.subject, held(s)) for s in report.sessions] == [
        ("OTHER", {"4": 38}),
        ("STS-PHANTOM-0001", {"7": 38}),
    ]
    assert len({s.id for s in report.sessions}) == 2
    assert {f.reason for f in report.files} == {
        "StudyInstanceUID is shared by 2 PatientIDs: a session for each"
    }
    again = import_folder(archive, "P", export)
    assert (again.count("duplicate"), again.sessions) == (76, report.sessions)


def test_a_study_that_a_later_import_brings_for_another_patient_does_not_join_the_firsts_session(
    export: Path, archive: Archive, tmp_path: Path
) -> None:
    late = tmp_path / "late"
    shutil.move(series_folder(export), late)
    (first,) = import_folder(archive, "P", export).sessions
    for path in files(late):
        tagged(path, PatientID="OTHER")
    report = import_folder(archive, "P", late)
    assert [(s.subject, held(s)) for s in report.sessions] == [("OTHER", {"4": 38})]
    assert {f.reason for f in report.files} == {
        "StudyInstanceUID is shared by 2 PatientIDs: a session for each"
    }
    assert archive.session("P", first.label) == first


@pytest.mark.parametrize("patients", [("A B", "A_B"), ("Jos\u00e9 ", "Jos\u00e8"), ("x" * 300, "x" * 301)])
def test_patients_whose_ids_make_the_same_words_are_two_subjects(
    cohort: Path, archive: Archive, tmp_path: Path, patients: tuple[str, str]
) -> None:
    copy = Path(shutil.copytree(cohort, tmp_path / "copy"))
    for folder, patient in zip(sorted(copy.iterdir()), patients, strict=True):
        for path in files(folder):
            tagged(path, SpecificCharacterSet="ISO_IR 192", PatientID=patient)
    report = import_folder(archive, "P", copy)
    assert report.count("imported") == 152
    assert len({s.subject for s in report.sessions}) == 2


def test_patient_ids_in_a_wrong_character_set_are_two_subjects(
    cohort: Path, archive: Archive, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(cohort, tmp_path / "copy"))
    for folder, letter in zip(sorted(copy.iterdir()), (b"\xe9", b"\xe8"), strict=True):
        for path in files(folder):
            tagged(path, SpecificCharacterSet="ISO_IR 192", PatientID="Jos+")
            content = path.read_bytes()
            assert content.count(b"Jos+") == 1
            path.write_bytes(content.replace(b"Jos+", b"Jos" + letter))
    assert len({s.subject for s in import_folder(archive, "P", copy).sessions}) == 2


def test_studies_without_a_patient_id_are_a_subject_each(
    cohort: Path, archive: Archive, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(cohort, tmp_path / "copy"))
    for path in files(copy):
        tagged(path, PatientID="")
    subjects = {s.subject for s in import_folder(archive, "P", copy).sessions}
    assert len(subjects) == 2
    assert all(subject.startswith("unknown-") for subject in subjects)


def test_control_characters_and_odd_words_in_a_header_do_not_reach_the_archive(
    export: Path, archive: Archive
) -> None:
    for path in files(series_folder(export)):
        tagged(path, Modality="m/r\x02", SeriesDescription="T1\x1b[31m\x07 fat", StudyDate="2013\x010503")
    report = import_folder(archive, "P", export)
    (session,) = report.sessions
    (scan,) = [s for s in session.scans if s.id == "4"]
    assert (scan.modality, scan.description) == ("OT", "T1[31m fat")
    assert session.label == "STS-PHANTOM-0001_20130503_MR"


def test_a_negative_series_number_makes_a_scan_that_is_no_option(export: Path, archive: Archive) -> None:
    for path in files(series_folder(export)):
        tagged(path, SeriesNumber=-4)
    (session,) = import_folder(archive, "P", export).sessions
    assert held(session) == {"7": 38, "neg4": 38}


def test_a_series_number_beyond_its_value_representation_is_rejected(export: Path, archive: Archive) -> None:
    tagged(files(export)[0], SeriesNumber="9" * 300)
    report = import_folder(archive, "P", export)
    assert report.reasons() == {"SeriesNumber must be 2147483647 at most; found a larger one": 1}
    assert report.count("imported") == 75


def gone_after_reading(*paths: Path) -> Callable[[Sequence[Path], str], Iterator[Path]]:
    """The disk of the export loses files between the reading and the copying."""

    def track(items: Sequence[Path], title: str) -> Iterator[Path]:
        if title != "reading":
            for path in paths:
                path.unlink()
        yield from items

    return track


def test_a_file_that_cannot_be_read_when_it_is_copied_is_rejected_and_stops_no_other(
    export: Path, archive: Archive
) -> None:
    lost = files(export)[3]
    report = import_folder(archive, "P", export, track=gone_after_reading(lost))
    assert report.count("imported") == 75
    assert report.reasons() == {"cannot be read (No such file or directory)": 1}


def test_a_series_that_is_lost_while_it_is_copied_leaves_no_empty_scan(
    export: Path, archive: Archive
) -> None:
    lost = files(series_folder(export))
    report = import_folder(archive, "P", export, track=gone_after_reading(*lost))
    assert (report.count("imported"), report.count("rejected")) == (38, 38)
    assert [scan.id for scan in report.sessions[0].scans] == ["7"]


def test_a_session_that_is_lost_while_it_is_copied_is_not_recorded(export: Path, archive: Archive) -> None:
    report = import_folder(archive, "P", export, track=gone_after_reading(*files(export)))
    assert (report.count("rejected"), report.sessions) == (76, ())
    assert archive.sessions("P") == ()


def test_a_disk_that_fails_in_the_midst_of_a_file_rejects_that_file(
    export: Path, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = files(export)[3]
    opened: list[str] = []
    real = Path.open

    def failing(path: Path, mode: str = "r", *rest: object, **more: object) -> object:
        if path == bad:
            opened.append(mode)
            if len(opened) == 3:  # read, hashed, copied
                raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
        return real(path, mode, *rest, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", failing)
    report = import_folder(archive, "P", export)
    assert report.reasons() == {"cannot be read (Input/output error)": 1}
    assert report.count("imported") == 75


def test_what_is_no_readable_file_is_listed_with_its_reason(
    export: Path, archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = Path(shutil.move(series_folder(export), tmp_path / "elsewhere"))
    (export / "linked").symlink_to(elsewhere, target_is_directory=True)
    (export / "broken").symlink_to(tmp_path / "nowhere")
    os.mkfifo(export / "pipe")
    (export / "closed").mkdir()
    real = os.scandir

    def scandir(path: str) -> Iterator[os.DirEntry[str]]:
        if path == str(export / "closed"):  # the rights themselves do not stop root, who may run this
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return real(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", scandir)
        report = import_folder(archive, "P", export)
    assert {f.path: f.reason for f in report.files if f.fate == "rejected"} == {
        "linked": "a link to a folder: not followed",
        "broken": "a broken link",
        "pipe": "a device or pipe, not a file",
        "closed": "a folder that cannot be opened (Permission denied)",
    }
    assert report.count("imported") == 38


def test_a_link_to_a_file_is_imported(export: Path, archive: Archive, tmp_path: Path) -> None:
    path = files(export)[0]
    shutil.move(path, tmp_path / "moved")
    path.symlink_to(tmp_path / "moved")
    assert import_folder(archive, "P", export).count("imported") == 76


def test_the_log_has_one_line_for_each_file_whatever_its_name(archive: Archive, tmp_path: Path) -> None:
    folder = tmp_path / "names"
    folder.mkdir()
    names = ["a\tb", "a\nb", "a\rb", "a\\nb"]
    for name in names:
        (folder / name).write_bytes(b"")
    import_folder(archive, "P", folder)
    header, *lines = log_path(archive, "P").read_bytes().decode().removesuffix("\n").split("\n")
    told = [line.split("\t")[header.split("\t").index("file")] for line in lines]
    assert sorted(told) == sorted([r"a\tb", r"a\nb", r"a\rb", r"a\\nb"])


@pytest.mark.parametrize(
    "spoil", [lambda text: text[:-20], lambda text: text.replace('instanceNumber="1"', 'instanceNumber="x"')]
)
def test_a_damaged_catalog_is_told_and_its_hint_mends_it(
    export: Path, archive: Archive, spoil: Callable[[str], str]
) -> None:
    (session,) = import_folder(archive, "P", export).sessions
    catalog = session.path / "SCANS" / "4" / "DICOM" / "scan_4_catalog.xml"
    good = catalog.read_text()
    assert spoil(good) != good
    catalog.write_text(spoil(good))
    with pytest.raises(
        ArchiveError, match=r"must be an XNAT catalog; a scan_4_catalog\.xml is damaged"
    ) as caught:
        import_folder(archive, "P", export)
    assert "Delete its session's record below database/" in caught.value.hint
    (archive.root / "P" / "database" / f"{session.label}.json").unlink()
    assert import_folder(archive, "P", export).sessions == (session,)
    assert catalog.read_text() == good


def test_every_catalog_is_xml_that_can_be_read(export: Path, archive: Archive) -> None:
    tagged(files(export)[0], SeriesInstanceUID="1.2<\x02&")
    (session,) = import_folder(archive, "P", export).sessions
    catalogs = [p for p in files(session.path) if p.suffix == ".xml"]
    assert sum(len(read_catalog(p)) for p in catalogs) == 75


@pytest.mark.parametrize("record", ["[]", "1", "{", "{}"])
def test_a_damaged_record_is_told_without_its_label(export: Path, archive: Archive, record: str) -> None:
    (session,) = import_folder(archive, "P", export).sessions
    (archive.root / "P" / "database" / f"{session.label}.json").write_text(record)
    with pytest.raises(ArchiveError, match="record of a session of project 'P' must be readable") as caught:
        archive.sessions("P")
    assert session.subject not in str(caught.value)


def test_a_record_that_cannot_be_opened_is_told_without_its_label(export: Path, archive: Archive) -> None:
    (session,) = import_folder(archive, "P", export).sessions
    record = archive.root / "P" / "database" / f"{session.label}.json"
    record.unlink()
    record.mkdir()
    with pytest.raises(ArchiveError, match="one cannot be opened \\(Is a directory\\)") as caught:
        archive.sessions("P")
    assert session.subject not in str(caught.value)


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
