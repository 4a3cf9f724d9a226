"""What a region of interest is, in SNOMED's codes: category and type of a segment.

Codes and meanings are those of DICOM's own lists (PS3.16: CID 7150 categories, CID 7159 lesions, CID 7191
tissues), as pydicom's dictionary has them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sarcoma_core.dicom.drawings import CodedConcept


@dataclass(frozen=True, slots=True)
class SegmentMeaning:
    """What a segment is.

    Args:
        category: SegmentedPropertyCategoryCodeSequence.
        type: SegmentedPropertyTypeCodeSequence.
    """

    category: CodedConcept
    type: CodedConcept


def _sct(value: str, meaning: str) -> CodedConcept:
    return CodedConcept(value, "SCT", meaning)


_ABNORMAL = _sct("49755003", "Morphologically Abnormal Structure")
_ANATOMICAL = _sct("91723000", "Anatomical Structure")
_TISSUE = _sct("85756007", "Tissue")

MEANINGS: Mapping[str, SegmentMeaning] = MappingProxyType(
    {
        "tumour": SegmentMeaning(_ABNORMAL, _sct("108369006", "Neoplasm")),
        "oedema": SegmentMeaning(_ABNORMAL, _sct("79654002", "Edema")),
        "necrosis": SegmentMeaning(_ABNORMAL, _sct("6574001", "Necrosis")),
        "haemorrhage": SegmentMeaning(_ABNORMAL, _sct("50960005", "Hemorrhage")),
        "mass": SegmentMeaning(_ABNORMAL, _sct("4147007", "Mass")),
        "lesion": SegmentMeaning(_ABNORMAL, _sct("52988006", "Lesion")),
        "organ": SegmentMeaning(_ANATOMICAL, _sct("91772007", "Organ")),
        "muscle": SegmentMeaning(_TISSUE, _sct("91727004", "Muscle")),
        "fat": SegmentMeaning(_TISSUE, _sct("55603005", "Fat")),
        "bone": SegmentMeaning(_TISSUE, _sct("3138006", "Bone")),
        "tissue": SegmentMeaning(_TISSUE, _TISSUE),
    }
)
"""By the key of a region of interest."""


def meaning_of(roi: str, meaning: str = "") -> SegmentMeaning:
    """What a region of interest is, by its key or what it means; one that is not known is some tissue.

    Args:
        roi: its key, such as `tumour`.
        meaning: CodeMeaning of its type, such as `Neoplasm`, which `tumour_left` has as well.
    """
    known = MEANINGS.get(roi) or next((one for one in MEANINGS.values() if one.type.meaning == meaning), None)
    return known or MEANINGS["tissue"]
