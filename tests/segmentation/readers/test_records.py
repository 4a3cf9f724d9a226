"""Records as files: what they hold comes back, damage is told, and no name leads out of the folder."""

import json
from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from sarcoma_core.archive.readings import StoredRecord
from sarcoma_core.errors import ArchiveError
from sarcoma_core.segmentation.readers.records import (
    Adjudication,
    Assignments,
    CaseAssignment,
    CaseReader,
    ReadingTarget,
    ReferenceLock,
    is_reader,
    parse_readers_record,
    parse_stored,
    record_document,
)

TARGET = ReadingTarget("S1", "5 echo1", "tumour_2")
ASSIGNED = Assignments(
    (CaseReader("anna", ("Doe^Anna",)), CaseReader("ben")),
    (CaseAssignment("S1", "anna", ("ben",)), CaseAssignment("S2", "ben")),
    when="2026-01-02T03:04:05+00:00",
)
DECIDED = Adjudication(TARGET, "version", "5/h", "0", "", ("5/h",), "A. Ch\u00e4r", "better drawn", "now")
LOCKED = ReferenceLock(TARGET, "locked", "5/h", "0", "A", "readers agree", "now")


@pytest.mark.parametrize("record", [ASSIGNED, DECIDED, LOCKED], ids=lambda one: type(one).__name__)
def test_what_was_written_is_read_again(record: Assignments | Adjudication | ReferenceLock) -> None:
    assert parse_readers_record(type(record), record_document(record), "x-1.json") == record


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        (ASSIGNED, {"schema": 2}),
        (ASSIGNED, {"seed": "0"}),
        (ASSIGNED, {"readers": [{"id": "anna", "names": []}] * 2}),
        (ASSIGNED, {"readers": [{"id": "Anna B", "names": []}]}),
        (ASSIGNED, {"cases": [{"case": "S1", "first": "cleo", "second": []}]}),
        (ASSIGNED, {"cases": [{"case": "S1", "first": "anna", "second": ["anna"]}]}),
        (ASSIGNED, {"cases": [{"case": "S1", "first": "anna", "second": []}] * 2}),
        (DECIDED, {"taken": "nothing"}),
        (DECIDED, {"why": "because"}),
        (DECIDED, {"target": {"case": "S1"}}),
        (ASSIGNED, {"cases": [{"case": "../../x", "first": "anna", "second": []}]}),
        (ASSIGNED, {"cases": [{"case": "a\\b", "first": "anna", "second": []}]}),
        (ASSIGNED, {"cases": [{"case": "..", "first": "anna", "second": []}]}),
        (ASSIGNED, {"cases": [{"case": "", "first": "anna", "second": []}]}),
        (ASSIGNED, {"cases": [{"case": "C\x1b[31m", "first": "anna", "second": []}]}),
        (LOCKED, {"target": {"case": "../../x", "series": "5", "roi": "tumour"}}),
        (LOCKED, {"target": {"case": "S1", "series": "5", "roi": "../x"}}),
        (ASSIGNED, {"roi": "../x"}),
        (LOCKED, {"state": "open"}),
        (LOCKED, {"more": 1}),
        (LOCKED, {"by": "\ud800"}),
    ],
)
def test_what_is_damaged_is_told(
    kind: Assignments | Adjudication | ReferenceLock, changes: dict[str, object]
) -> None:
    content = json.dumps({**json.loads(record_document(kind)), **changes}).encode()
    with pytest.raises(ArchiveError, match=r"READERS/x-1\.json: must be as it was written"):
        parse_readers_record(type(kind), content, "x-1.json")


@pytest.mark.parametrize("case", ["S1", "S 1", "..S1", "S1.", "M\u00fcller", "x" * 200])
def test_a_label_that_is_one_folders_name_is_a_case(case: str) -> None:
    record = replace(ASSIGNED, cases=(CaseAssignment(case, "anna"),))
    assert parse_readers_record(Assignments, record_document(record), "x-1.json") == record


@pytest.mark.parametrize("record", [DECIDED, LOCKED], ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("other", [{"case": "S2"}, {"series": "6"}, {"roi": "oedema"}], ids=str)
def test_a_record_that_lies_in_the_place_of_another_is_damaged(
    record: Adjudication | ReferenceLock, other: dict[str, str]
) -> None:
    def stored(target: ReadingTarget) -> StoredRecord:
        stem = target.decision if isinstance(record, Adjudication) else target.reference
        return StoredRecord(stem, 1, record_document(record), "now")

    assert parse_stored(type(record), stored(TARGET)) == record
    with pytest.raises(ArchiveError, match="it tells of another case, scan or region than its place does"):
        parse_stored(type(record), stored(replace(TARGET, **other)))


@pytest.mark.parametrize("case", ["a/b", "..", "../x", ".", "", " ", "\u00e4", "x" * 200, "a\0b", "-x", ".x"])
def test_no_name_leads_out_of_the_folder_and_two_names_have_two_places(case: str) -> None:
    stem = replace(TARGET, case=case).stem
    assert len(PurePosixPath(stem).parts) == stem.count("/") + 1 == 3
    assert not {"", ".", ".."} & set(stem.split("/"))
    assert stem.isprintable()
    assert stem.isascii()
    assert stem != replace(TARGET, case=f"{case}_").stem
    assert replace(TARGET, case=case).decision == f"decisions/{stem}"


def test_an_ordinary_case_is_called_as_it_is() -> None:
    assert ReadingTarget("STS_001_20200101_MR", "5", "tumour").reference == (
        "references/STS_001_20200101_MR/5/tumour"
    )


@pytest.mark.parametrize(
    ("text", "legal"),
    [
        ("anna", True),
        ("r2", True),
        ("a" * 32, True),
        ("a" * 33, False),
        ("2r", False),
        ("Anna", False),
        ("an na", False),
        ("a_b", False),
        ("", False),
        ("consensus", False),
        ("seg", False),
        ("rtstruct", False),
        ("auto", False),
        ("sega", True),
        ("auto2", True),
    ],
)
def test_the_id_of_a_reader_is_one_word(text: str, legal: bool) -> None:  # noqa: FBT001  a table
    assert is_reader(text) is legal
