"""RTSTRUCTs that are cut or have wrong bytes: refused, or read right; nothing else ever comes out."""

from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from sarcoma_core.dicom.rtstruct import read_rtstruct
from sarcoma_core.errors import InputError
from tests.dicom.rtstruct.rtstruct_maker import STACK, UID, Drawn, Made, Roi, grid_of

GRID = grid_of(STACK)


@pytest.mark.parametrize("undefined", [False, True], ids=["lengths", "delimiters"])
@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian])
def test_a_file_that_is_cut_anywhere_is_never_read_as_another_mask(
    tmp_path: Path,
    syntax: str,
    undefined: bool,  # noqa: FBT001
) -> None:
    rois = (Roi((Drawn(), Drawn(slice=3)), code=("4147007", "SCT", "Mass")), Roi(number=2))
    content = Made(rois, syntax=syntax, undefined=undefined).encoded()
    path, wanted = tmp_path / "rs.dcm", 200
    for length in range(0, len(content), 7):
        path.write_bytes(content[:length])
        try:
            found = read_rtstruct(path).on(1, GRID).mask.sum()
        except InputError:
            continue
        assert found == wanted


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian])
def test_whatever_bytes_are_wrong_only_the_input_is_at_fault(tmp_path: Path, syntax: str) -> None:
    rng = np.random.default_rng(12)
    rois = (Roi((Drawn(image=f"{UID}.41"), Drawn(slice=3)), code=("4147007", "SCT", "Mass")), Roi(number=2))
    contents = [
        np.frombuffer(Made(rois, syntax=syntax, undefined=u).encoded(), np.uint8) for u in (False, True)
    ]
    path, told = tmp_path / "rs.dcm", []
    for turn in range(400):
        content = contents[turn % 2].copy()
        where = rng.integers(132, len(content), rng.integers(1, 5))
        content[where] = rng.choice([0, 1, 0x5C, 0x39, 0xFE, 0xFF, *rng.integers(0, 256, 3)], len(where))
        path.write_bytes(content.tobytes())
        try:
            drawing = read_rtstruct(path)
            drawing.fits(GRID)
            for region in drawing.regions:
                drawing.on(region.number, GRID)
        except InputError as error:
            told.append(str(error))
    assert len(told) > 50
    assert not [text for text in told if "Doe" in text or UID in text]
