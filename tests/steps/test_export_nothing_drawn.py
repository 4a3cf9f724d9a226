"""Where a network looked at a session and drew nothing, there is nothing to export, and no failure."""

from pathlib import Path

import pytest

from sarcoma_core.archive.masks import MASKS_FILE, masks_document
from sarcoma_core.archive.store import Archive
from sarcoma_core.provenance import Outcome, Status, list_files
from sarcoma_core.steps import step_named
from sarcoma_core.steps.running import NothingUsableError, run_step
from tests.archive.filed import filed, put, session

EXPORT = step_named("export-masks")


@pytest.mark.parametrize("status", ["done", "not applicable", "refused"])
def test_of_a_series_without_a_mask_it_is_told_that_none_lies_on_it(tmp_path: Path, status: Status) -> None:
    made = session(Archive(tmp_path / "archive"), "A", "A_MR", {"4": "t1", "7": "pet"})
    put(made.resource("SEG"), MASKS_FILE, masks_document(()))
    told = [Outcome(scan, "MR", status, "the models look elsewhere") for scan in ("4", "7")]
    filed(made.resource("SEG"), *told, step="segment", files=list_files(made.resource("SEG")))
    [record] = run_step(EXPORT, made.path, tmp_path / "out", {"send": False})
    assert [(one.series, one.status) for one in record.outcomes] == [
        ("4", "not applicable"),
        ("7", "not applicable"),
    ]
    assert {one.reason for one in record.outcomes} == {"no mask lies on it"}


def test_of_what_people_drew_a_refused_source_is_no_image(tmp_path: Path) -> None:
    made = session(Archive(tmp_path / "archive"), "A", "A_MR")
    put(made.resource("MASKS"), MASKS_FILE, masks_document(()))
    outcome = Outcome("9", "RTSTRUCT", "refused", "it lies on no series")
    filed(made.resource("MASKS"), outcome, step="import-masks", files=list_files(made.resource("MASKS")))
    with pytest.raises(NothingUsableError):
        run_step(EXPORT, made.path, tmp_path / "out", {"send": False})
