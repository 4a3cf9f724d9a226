"""What the values of a scan mean, and what its headers leave open about it."""

from collections.abc import Sequence

from sarcoma_core.dicom.headers import Header
from sarcoma_core.dicom.kinds import reason_to_set_apart
from sarcoma_core.dicom.planes import REAL_WORLD
from sarcoma_core.provenance import UNKNOWN_UNITS

ARBITRARY = "arbitrary"


def units_of(headers: Sequence[Header]) -> str:
    """The unit of the rescaled values.

    CT is in HU unless RescaleType says otherwise, and PET in its Units (PS3.3, C.8.2.1 and C.8.9.1), but only
    if the attributes that lead from the stored values to it are there. MR has no unit.

    Args:
        headers: of one scan, whose attributes are in all of them or in none.
    """
    first = headers[0]
    if reason_to_set_apart(first.sop_class_uid):
        return first.units
    if first.modality == "MR":
        return ARBITRARY
    known = (first.planes[0].rescale_type or "HU") if first.modality == "CT" else first.units
    return UNKNOWN_UNITS if _absent(headers) else known or UNKNOWN_UNITS


def unit_warnings(headers: Sequence[Header]) -> list[str]:
    """What to know of the values, as sentences without a full stop."""
    warnings = []
    absent = _absent(headers)
    if absent:
        verb = "is" if len(absent) == 1 else "are"
        warnings.append(f"{' and '.join(absent)} {verb} absent: the unit of the values is unknown")
    if any(REAL_WORLD in header.misleading for header in headers):
        warnings.append(f"{REAL_WORLD} without RescaleSlope: the stored values are written, not multiplied")
    return warnings


def _absent(headers: Sequence[Header]) -> list[str]:
    """Mandatory attributes of the modality's rescaling that an image lacks (PS3.3, C.8.2.1 and C.8.9.4)."""
    planes = [plane for header in headers for plane in header.planes]
    slopes, intercepts = [plane.slope for plane in planes], [plane.intercept for plane in planes]
    needed: dict[str, dict[str, Sequence[object]]] = {
        "CT": {"RescaleSlope": slopes, "RescaleIntercept": intercepts},
        "PT": {"RescaleSlope": slopes, "Units": [header.units or None for header in headers]},
    }
    return [keyword for keyword, values in needed.get(headers[0].modality, {}).items() if None in values]
