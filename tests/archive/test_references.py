"""`DRAWN/references.json`: what a study of readers has locked, on its way to MASKS."""

from pathlib import Path

import pytest

from sarcoma_core.archive.drawn import DRAWN_LABEL, REFERENCES_FILE, drawn_files, reader_folder
from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.archive.references import ReferenceMark, read_references, references_document
from sarcoma_core.errors import ArchiveError
from tests.archive.filed import put

MARKS = (
    ReferenceMark("5/tumour-v2", "ab" * 32, locked=True),
    ReferenceMark("5/oedema-v1", "cd" * 32, locked=False),
)
PLACE = f"RESOURCES/{DRAWN_LABEL}/{REFERENCES_FILE}"


@pytest.fixture
def session(tmp_path: Path) -> SessionFolder:
    (tmp_path / "SCANS").mkdir()
    return SessionFolder(tmp_path)


def test_marks_come_back_and_their_order_is_of_no_matter(session: SessionFolder) -> None:
    document = references_document(MARKS)
    assert document == references_document(reversed(MARKS))
    put(session.path, PLACE, document)
    assert set(read_references(session)) == set(MARKS)


def test_a_session_of_no_study_has_none(session: SessionFolder) -> None:
    assert read_references(session) == ()


def test_it_is_no_drawing(session: SessionFolder) -> None:
    put(session.path, PLACE, references_document(MARKS))
    put(session.path, f"RESOURCES/{DRAWN_LABEL}/5/{REFERENCES_FILE}", b"{}")
    assert [one.name for one in drawn_files(session)] == [f"5/{REFERENCES_FILE}"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"schema": 1}',
        b'{"schema": 1, "references": [1]}',
        b'{"schema": 1, "references": [{"handle": "5/tumour-v2", "sha256": "ab"}]}',
        b'{"schema": 1, "references": [{"handle": 5, "sha256": "ab", "locked": true}]}',
        b"\xff\xfe",
    ],
)
def test_what_is_damaged_is_told(session: SessionFolder, content: bytes) -> None:
    put(session.path, PLACE, content)
    with pytest.raises(ArchiveError, match="it cannot be read"):
        read_references(session)


def test_a_later_schema_is_told(session: SessionFolder) -> None:
    put(session.path, PLACE, references_document(MARKS).replace(b'"schema": 1', b'"schema": 2'))
    with pytest.raises(ArchiveError, match="its schema must be 1"):
        read_references(session)


@pytest.mark.parametrize(
    ("origin", "folder"),
    [
        ("DRAWN/5/anna/tumour.nii.gz", "anna"),
        ("DRAWN/5/anna/second/tumour.nii.gz", "anna/second"),
        ("DRAWN/5/tumour.nii.gz", ""),
        ("DRAWN/tumour.nii.gz", ""),
        ("collection S1_anna", ""),
        ("scan 5", ""),
        ("", ""),
    ],
)
def test_who_drew_is_the_folder_below_the_scans(origin: str, folder: str) -> None:
    assert reader_folder(origin) == folder
