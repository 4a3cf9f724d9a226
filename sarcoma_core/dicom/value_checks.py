"""The checks of values: whether all images of a scan are readable and in one unit.

An attribute that is absent in some images only is the dangerous one: readers take 1 and 0 for a missing
rescale, and agree with each other on slices in other units.
"""

from sarcoma_core.dicom.headers import MUST_BE_READ
from sarcoma_core.dicom.scan import Check, ScanFinding, ScanImages, refused

_SUV_TYPE = "BW"
"""What an absent SUVType means (PS3.3, C.8.9.1)."""


def readable(scan: ScanImages) -> ScanFinding | None:
    """Whether what decides about the images is in a form that can be read, where it is there."""
    for keyword in MUST_BE_READ:
        count = sum(keyword in header.broken for header in scan.headers)
        if count:
            where = f"{count} of {len(scan.headers)} files"
            return refused(f"{keyword} is there in {where}, but not in a form that can be read")
    return None


def _no_table(scan: ScanImages) -> ScanFinding | None:
    """Neither reader applies a Modality LUT, so the two would agree on values that are not the modality's."""
    count = sum(source.plane.has_lut for source in scan.sources)
    if not count:
        return None
    return refused(
        f"ModalityLUTSequence is in {count} of {len(scan.sources)} images: "
        "values by a table (Modality LUT) are not converted"
    )


def _in_all_or_none(scan: ScanImages) -> ScanFinding | None:
    planes = [source.plane for source in scan.sources]
    for keyword, values in (
        ("RescaleSlope", [plane.slope for plane in planes]),
        ("RescaleIntercept", [plane.intercept for plane in planes]),
        ("RescaleType", [plane.rescale_type or None for plane in planes]),
        ("Units", [source.header.units or None for source in scan.sources]),
    ):
        absent = values.count(None)
        if 0 < absent < len(values):
            return refused(f"{keyword} is absent in {absent} of {len(values)} images")
    return None


def _slope_and_intercept(scan: ScanImages) -> ScanFinding | None:
    """Each is there where the other is (PS3.3, C.11.1); PET alone has no intercept but 0 (C.8.9.4.1.7)."""
    plane = scan.sources[0].plane
    if scan.headers[0].modality == "PT" or (plane.slope is None) == (plane.intercept is None):
        return None
    there, absent = ("RescaleIntercept", "RescaleSlope")[:: 1 if plane.slope is None else -1]
    return refused(f"{absent} is absent in all images, and {there} is there")


def _pixels_as_told(scan: ScanImages) -> ScanFinding | None:
    """Readers of a wrong Rows or NumberOfFrames agree on an image that is sheared, or a part of it."""
    for header in scan.headers:
        if header.surplus >= max(header.planes[0].columns, 2):  # less may be padding
            return refused(
                f"PixelData is {header.surplus} bytes longer than Rows, Columns and NumberOfFrames tell"
            )
    return None


def _one_unit(scan: ScanImages) -> ScanFinding | None:
    for keyword, values in (
        ("Modality", {header.modality for header in scan.headers}),
        ("Units", {header.units for header in scan.headers}),
        ("SUVType", {header.suv_type or _SUV_TYPE for header in scan.headers}),
        ("DecayCorrection", {header.decay_correction for header in scan.headers}),
        ("RescaleType", {source.plane.rescale_type for source in scan.sources}),
    ):
        if len(values) > 1:
            return refused(f"{keyword} must be the same in all images; found {len(values)} values")
    zeros = sum(source.plane.slope == 0 for source in scan.sources)
    return refused(f"RescaleSlope is 0 in {zeros} of {len(scan.sources)} images") if zeros else None


VALUE_CHECKS: tuple[Check, ...] = (
    _pixels_as_told,
    _no_table,
    _in_all_or_none,
    _slope_and_intercept,
    _one_unit,
)
