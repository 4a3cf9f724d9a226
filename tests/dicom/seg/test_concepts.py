"""Codes of SNOMED, against pydicom's dictionary of the standard's own lists."""

import pytest
from pydicom.sr.codedict import codes

from sarcoma_core.dicom.drawings import CodedConcept
from sarcoma_core.dicom.seg import MEANINGS, meaning_of

TYPES = {
    "tumour": codes.cid7159.Neoplasm,
    "oedema": codes.cid7159.Edema,
    "necrosis": codes.cid7159.Necrosis,
    "haemorrhage": codes.cid7159.Hemorrhage,
    "mass": codes.cid7159.Mass,
    "lesion": codes.cid7159.Lesion,
    "organ": codes.cid7191.Organ,
    "muscle": codes.cid7191.MuscleTissue,
    "fat": codes.cid7191.AdiposeTissue,
    "bone": codes.cid7191.BoneTissue,
    "tissue": codes.cid7191.Tissue,
}
CATEGORIES = {getattr(codes.cid7150, name).value for name in codes.cid7150.dir()}


@pytest.mark.parametrize("roi", MEANINGS)
def test_a_region_has_the_code_of_the_standard(roi: str) -> None:
    code = TYPES[roi]
    assert meaning_of(roi).type == CodedConcept(code.value, code.scheme_designator, code.meaning)
    assert meaning_of(roi).category.value in CATEGORIES


def test_a_region_that_is_not_known_is_some_tissue() -> None:
    assert meaning_of("anything") == MEANINGS["tissue"]
