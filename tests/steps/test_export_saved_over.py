"""What a viewer saved over under one UID: the version that counts goes out where the viewer has another."""

from pathlib import Path

import numpy as np
import pydicom

from tests.steps.exported import Case
from tests.steps.exported_edits import by_slicer


def saved(case: Case, path: Path, mask: np.ndarray, uid: str) -> None:
    """A reader's SEG, saved over: the same file, the same UID, other voxels."""
    content = by_slicer(case.collections()[case.label("SEG")], {"GTV_Mass": mask}, case.images())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    dataset = pydicom.dcmread(path)
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = uid
    dataset.save_as(path)


def test_a_version_that_was_saved_over_is_in_no_viewer_and_goes_out(case: Case) -> None:
    uid = "1.2.826.0.1.3680043.8.498.99"
    case.send(objects="SEG")
    path = case.path / "ASSESSORS" / "reader_b" / "SEG" / "reader_b.dcm"
    saved(case, path, np.roll(case.tumour, 1, 0), uid)
    case.bring_in(lock="newest")
    case.send(objects="SEG")
    assert set(case.collections()) == {case.label("SEG"), "reader_b"}  # the viewer has it from who drew it
    saved(case, path, np.roll(case.tumour, 2, 0), uid)
    case.bring_in()
    assert [one.handle for one in case.masks.current()] == ["4/tumour-v2"]
    case.send(objects="SEG")
    (sent,) = case.drawn(f"{case.label('SEG')}_v2").values()
    np.testing.assert_array_equal(sent, np.roll(case.tumour, 1, 0))
