"""Import under labels that the caller gives, and with files that take the place of earlier ones."""

import shutil
from pathlib import Path

import pydicom
import pytest

from sarcoma_core.archive.catalog import md5
from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.archive.importing import Naming, import_folder
from sarcoma_core.archive.store import Archive
from sarcoma_core.errors import InputError


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive")


def files(folder: Path) -> list[Path]:
    return [p for p in sorted(folder.rglob("*")) if p.is_file()]


def described(path: Path, text: str) -> None:
    dataset = pydicom.dcmread(path)
    dataset.ImageComments = text
    dataset.save_as(path)


def test_a_named_session_and_subject_have_these_labels(export: Path, archive: Archive) -> None:
    (session,) = import_folder(archive, "P", export, naming=Naming("S1", "E1")).sessions
    assert (session.subject, session.label) == ("S1", "E1")
    assert session.path == archive.root / "P" / "arc001" / "E1"
    assert {scan.id: len(scan.files) for scan in SessionFolder(session.path).scans()} == {"4": 38, "7": 38}


def test_a_named_subject_is_the_subject_of_sessions_that_are_not_named(
    cohort: Path, archive: Archive
) -> None:
    sessions = import_folder(archive, "P", cohort, naming=Naming("S1")).sessions
    assert [s.subject for s in sessions] == ["S1", "S1"]
    assert all(s.label.startswith("S1_") for s in sessions)


def test_more_of_its_study_joins_a_named_session(export: Path, archive: Archive, tmp_path: Path) -> None:
    late = tmp_path / "late"
    shutil.move(next(p for p in sorted(export.rglob("*")) if p.name.startswith("SE")), late)
    naming = Naming("S1", "E1")
    (first,) = import_folder(archive, "P", export, naming=naming).sessions
    (second,) = import_folder(archive, "P", late, naming=naming).sessions
    assert (first.id, first.label) == (second.id, second.label)
    assert [len(s.scans) for s in (first, second)] == [1, 2]


def test_one_study_under_two_names_is_two_sessions_with_ids_of_their_own(
    export: Path, archive: Archive
) -> None:
    for name in ("E1", "E2"):
        import_folder(archive, "P", export, naming=Naming("S1", name))
    first, second = archive.sessions("P")
    assert first.study_uid == second.study_uid
    assert first.id != second.id


def test_several_studies_cannot_go_into_one_named_session(cohort: Path, archive: Archive) -> None:
    with pytest.raises(InputError, match="must hold one study of one subject; found 2"):
        import_folder(archive, "P", cohort, naming=Naming("S1", "E1"))
    assert archive.sessions("P") == ()


@pytest.mark.parametrize(
    ("second", "found"),
    [(Naming("S1", "E1"), "it holds another"), (Naming("S2", "E1"), "it is another subject's")],
)
def test_another_study_or_subject_does_not_join_a_named_session(
    cohort: Path, archive: Archive, second: Naming, found: str
) -> None:
    one, other = sorted(cohort.iterdir())
    (session,) = import_folder(archive, "P", one, naming=Naming("S1", "E1")).sessions
    with pytest.raises(InputError, match=found):
        import_folder(archive, "P", other, naming=second)
    assert archive.sessions("P") == (session,)


@pytest.mark.parametrize("naming", [Naming("../S1"), Naming("S1", "a/b"), Naming("S1", "..")])
def test_a_label_that_is_a_path_is_refused(export: Path, archive: Archive, naming: Naming) -> None:
    with pytest.raises(InputError, match="a label must be letters"):
        import_folder(archive, "P", export, naming=naming)
    assert not archive.root.exists()


def test_an_instance_with_other_bytes_takes_the_place_of_the_one_that_is_there_when_replacing(
    export: Path, archive: Archive
) -> None:
    import_folder(archive, "P", export)
    changed = files(export)[0]
    described(changed, "a second reading")
    report = import_folder(archive, "P", export, naming=Naming(replacing=True))
    (session,) = report.sessions
    assert (report.count("imported"), report.count("duplicate")) == (1, 75)
    assert {scan.id: scan.frames for scan in session.scans} == {"4": 38, "7": 38}
    digests = {md5(p) for scan in SessionFolder(session.path).scans() for p in scan.files}
    assert digests == {md5(p) for p in files(export)}


def test_two_files_of_one_upload_never_replace_each_other(export: Path, archive: Archive) -> None:
    import_folder(archive, "P", export)
    first = files(export)[0]
    second = Path(shutil.copy(first, export / "second"))
    described(first, "one")
    described(second, "two")
    (session,) = import_folder(archive, "P", export, naming=Naming(replacing=True)).sessions
    assert sum(len(scan.files) for scan in SessionFolder(session.path).scans()) == 77
