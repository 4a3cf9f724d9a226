"""The list of masks: which version counts, and that nothing damaged passes for the truth."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.archive.masks import (
    MASKS_FILE,
    MASKS_LABEL,
    MaskDifference,
    MaskVersion,
    SessionMasks,
    is_roi,
    mask_path,
    masks_document,
    read_masks,
)
from sarcoma_core.errors import ArchiveError
from sarcoma_core.provenance import Outcome, list_files, sha256, write_record
from sarcoma_core.steps import convert
from tests.archive.filed import put
from tests.records import record_of


def version(number: int, roi: str = "tumour", **changes: Any) -> MaskVersion:
    values: dict[str, Any] = {
        "scan": "5",
        "part": "",
        "meaning": "Neoplasm",
        "name": "GTV <b>Mass</b> 腫瘍",
        "source": "SEG",
        "origin": "collection reader",
        "uid": "1.2",
        "number": 1,
        "reader": "",
        "software": "",
        "time": "",
        "placement": "as drawn",
        "volume_ml": 1.5,
        "sha256": "",
        **changes,
    }
    path = mask_path(values["scan"], values["part"], roi, number)
    return MaskVersion(roi=roi, version=number, file=path, **values)


def written(folder: Path, *versions: MaskVersion) -> tuple[SessionFolder, tuple[MaskVersion, ...]]:
    resource = folder / "RESOURCES" / MASKS_LABEL
    told = []
    for one in versions:
        put(resource, one.file, one.handle.encode())
        told.append(replace(one, sha256=sha256(resource / one.file)))
    (resource / MASKS_FILE).write_bytes(masks_document(told))
    outcome = Outcome("5", "MR", "done", files=(MASKS_FILE,))
    write_record(resource, record_of(convert.STEP, outcome, files=list_files(resource)))
    return SessionFolder(folder), tuple(told)


def test_every_version_comes_back(tmp_path: Path) -> None:
    difference = MaskDifference(0.9, 2.5, -1.25)
    session, told = written(
        tmp_path, version(1), version(2, difference=difference, notes=("a", "b")), version(1, "oedema")
    )
    assert set(read_masks(session).versions) == set(told)
    assert read_masks(session).path(told[0]).read_bytes() == b"5/tumour-v1"


def test_a_session_without_masks_has_none(tmp_path: Path) -> None:
    assert read_masks(SessionFolder(tmp_path)).versions == ()


def test_the_newest_locked_version_counts_else_the_newest() -> None:
    open_ones = tuple(version(n) for n in range(1, 6))
    assert SessionMasks(open_ones).current() == (open_ones[4],)
    locked = tuple(replace(one, locked=one.version in (2, 3)) for one in open_ones)
    assert [one.version for one in SessionMasks(locked).current()] == [3]
    assert [one.version for one in SessionMasks(locked[::-1]).current()] == [3]


def test_regions_and_series_have_versions_of_their_own() -> None:
    held = SessionMasks((version(1), version(4, "oedema"), version(2, part="fat"), version(3, scan="6")))
    assert {(v.series, v.roi, v.version) for v in held.current()} == {
        ("5", "tumour", 1),
        ("5", "oedema", 4),
        ("5 fat", "tumour", 2),
        ("6", "tumour", 3),
    }
    assert [v.roi for v in held.of("5")] == ["tumour", "oedema"]


def test_equal_lists_are_equal_bytes_whatever_their_order() -> None:
    one, other = version(1), version(1, "oedema")
    assert masks_document([one, other]) == masks_document([other, one])
    assert "腫瘍" in masks_document([one]).decode()


def _edit(folder: Path, **changes: object) -> None:
    """Change the list and have the manifest agree: what is wrong is the list itself."""
    resource = folder / "RESOURCES" / MASKS_LABEL
    raw = json.loads((resource / MASKS_FILE).read_text())
    raw["masks"][0].update(changes)
    (resource / MASKS_FILE).write_text(json.dumps(raw))
    write_record(resource, record_of(convert.STEP, files=list_files(resource)))


@pytest.mark.parametrize(
    "changes",
    [
        {"file": "../../SCANS/5/1.dcm"},
        {"file": "5/tumour-v2.nii.gz"},
        {"roi": "../x"},
        {"version": "1"},
        {"more": 1},
        {"difference": {"dice": 1}},
        {"sha256": "0" * 64},
    ],
    ids=str,
)
def test_a_list_that_is_wrong_is_refused(tmp_path: Path, changes: dict[str, object]) -> None:
    session, _ = written(tmp_path, version(1))
    _edit(tmp_path, **changes)
    with pytest.raises(ArchiveError, match="MASKS: must be as the step left it"):
        read_masks(session)


@pytest.mark.parametrize("path", [MASKS_FILE, "5/tumour-v1.nii.gz"])
@pytest.mark.parametrize("damage", [Path.unlink, lambda p: p.write_bytes(b"{}")], ids=["gone", "another"])
def test_a_file_that_is_not_as_listed_is_told_before_a_version_is_lost(
    tmp_path: Path,
    path: str,
    damage,  # noqa: ANN001
) -> None:
    session, _ = written(tmp_path, version(1), version(2))
    damage(tmp_path / "RESOURCES" / MASKS_LABEL / path)
    with pytest.raises(ArchiveError, match="MASKS: must be as the step left it") as error:
        read_masks(session)
    assert error.value.hint


def test_a_later_schema_is_refused(tmp_path: Path) -> None:
    session, _ = written(tmp_path, version(1))
    resource = tmp_path / "RESOURCES" / MASKS_LABEL
    (resource / MASKS_FILE).write_text('{"schema": 2, "masks": []}')
    write_record(resource, record_of(convert.STEP, files=list_files(resource)))
    with pytest.raises(ArchiveError, match="schema must be 1"):
        read_masks(session)


@pytest.mark.parametrize(
    ("text", "good"),
    [("tumour", True), ("x" * 40, True), ("x" * 41, False), ("a", True), ("", False), ("_a", False)]
    + [(bad, False) for bad in ("Tumour", "a-b", "a.b", "a/b", "..", "a\n", "ä")],
)
def test_a_key_is_one_part_of_a_path(text: str, *, good: bool) -> None:
    assert is_roi(text) is good
