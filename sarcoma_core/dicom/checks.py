"""What a scan must be to become a volume. dcm2niix writes volumes from much less, so the checks are ours.

Each check returns None, or a finding that ends the matter. Their order is part of their meaning: a check may
rely on what those before it have excluded.
"""

from collections.abc import Sequence

import numpy as np

from sarcoma_core.dicom.geometry import PLACE_TOLERANCE_MM, is_orientation
from sarcoma_core.dicom.kinds import reason_to_set_apart
from sarcoma_core.dicom.scan import Check, ScanFinding, ScanImages, refused, set_apart
from sarcoma_core.dicom.stack_checks import STACK_CHECKS
from sarcoma_core.dicom.value_checks import VALUE_CHECKS, readable


def check_images(scan: ScanImages) -> ScanFinding | None:
    """The first finding against the images of a scan, whatever they are to each other; or None."""
    return _first_finding(_CHECKS, scan)


def check_stack(scan: ScanImages) -> ScanFinding | None:
    """The first finding against images without a fault, as one stack; or None."""
    return _first_finding(STACK_CHECKS, scan)


def is_on_one_grid(scan: ScanImages) -> bool:
    """Whether images have one orientation, size and pixel spacing: they may be slices of one stack."""
    return _first_finding((_one_orientation, _one_size), scan) is None


def _first_finding(checks: Sequence[Check], scan: ScanImages) -> ScanFinding | None:
    return next((finding for check in checks if (finding := check(scan))), None)


def _empty(scan: ScanImages) -> ScanFinding | None:
    return None if scan.headers else refused("the scan is empty: it has no DICOM file")


def _one_series(scan: ScanImages) -> ScanFinding | None:
    series = {header.series_instance_uid for header in scan.headers}
    return refused(f"the scan mixes {len(series)} series (SeriesInstanceUID)") if len(series) > 1 else None


def _one_kind(scan: ScanImages) -> ScanFinding | None:
    kinds = {header.sop_class_uid for header in scan.headers}
    if len(kinds) > 1:
        return refused(f"the scan mixes {len(kinds)} SOP classes; an image series has one")
    reason = reason_to_set_apart(kinds.pop())
    return set_apart(reason) if reason else None


def _localizer(scan: ScanImages) -> ScanFinding | None:
    count = sum("LOCALIZER" in header.image_type for header in scan.headers)
    if not count:
        return None
    which = "" if count == len(scan.headers) else f" ({count} of {len(scan.headers)} images)"
    return set_apart(f"a localizer{which}: ImageType says so")


def _grey(scan: ScanImages) -> ScanFinding | None:
    for header in scan.headers:
        if header.samples_per_pixel != 1 or header.photometric_interpretation == "PALETTE COLOR":
            return set_apart("a colour image: not a volume of intensities")
        if header.photometric_interpretation == "MONOCHROME1":
            # dcm2niix keeps the values, as the standard has it (PS3.3, C.7.6.3.1.2); GDCM turns them round.
            return refused("PhotometricInterpretation is MONOCHROME1, whose values readers do not agree on")
    return None


def _whole_frames(scan: ScanImages) -> ScanFinding | None:
    for header in scan.headers:
        expected = 1 if header.mosaic else header.number_of_frames
        described_frames = 1 if header.mosaic else len(header.planes)
        if expected != described_frames or expected < 1:
            return refused(
                f"a file says NumberOfFrames {expected} and has the geometry of {described_frames}: "
                "its functional groups are missing or cut"
            )
    total = max(header.concatenation_total for header in scan.headers)
    if total > len(scan.headers):
        return refused(
            f"InConcatenationTotalNumber is {total}; found {len(scan.headers)} files: a part is missing"
        )
    return None


def _geometry(scan: ScanImages) -> ScanFinding | None:
    planes = [source.plane for source in scan.sources]
    for keyword, attribute in (
        ("ImagePositionPatient", "position"),
        ("ImageOrientationPatient", "orientation"),
        ("PixelSpacing", "pixel_spacing"),
    ):
        absent = sum(getattr(plane, attribute) is None for plane in planes)
        if absent:
            return refused(f"{keyword} is absent in {absent} of {len(planes)} images")
    bad = sum(not is_orientation(row) for row in scan.orientations)
    if bad:
        return refused(
            "ImageOrientationPatient must be two orthogonal unit vectors; "
            f"it is not in {bad} of {len(planes)} images"
        )
    if min(scan.pixel_spacing) <= 0:
        return refused("PixelSpacing must be positive")
    return None


def _one_orientation(scan: ScanImages) -> ScanFinding | None:
    if scan.orientation_count > 1:
        where = ", in several scans" if scan.other_orientations else ""
        return set_apart(
            f"{scan.orientation_count} orientations under one SeriesInstanceUID{where}: not one volume"
        )
    return None


def _one_stack_id(scan: ScanImages) -> ScanFinding | None:
    stacks = {source.plane.stack for source in scan.sources}
    return set_apart(f"{len(stacks)} stacks (StackID): not one volume") if len(stacks) > 1 else None


def _one_size(scan: ScanImages) -> ScanFinding | None:
    planes = [source.plane for source in scan.sources]
    sizes = {(plane.rows, plane.columns) for plane in planes}
    if len(sizes) > 1 or min(sizes.pop()) < 1:
        return refused("Rows and Columns must be the same in all images, and not 0")
    spacings = np.array([plane.pixel_spacing for plane in planes])
    # The far edge of the image is what a difference moves.
    edge = np.ptp(spacings, axis=0) * (planes[0].rows, planes[0].columns)
    if np.any(edge > PLACE_TOLERANCE_MM):
        return refused(
            "PixelSpacing must be the same in all images; "
            f"found {spacings.min():.4g} to {spacings.max():.4g} mm"
        )
    return None


_CHECKS: tuple[Check, ...] = (
    _empty,
    _one_series,
    _one_kind,
    readable,
    _localizer,
    _grey,
    *VALUE_CHECKS,
    _whole_frames,
    _geometry,
    _one_orientation,
    _one_stack_id,
    _one_size,
)
