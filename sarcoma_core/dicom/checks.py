"""What a scan must be to become a volume. dcm2niix itself writes volumes from much less, so the checks are ours.

Each check returns None, or a finding that ends the matter. Their order is part of their meaning: a check may
rely on what those before it have excluded.
"""

from collections.abc import Callable

import numpy as np

from sarcoma_core.dicom.geometry import (
    SIDEWAYS_TOLERANCE_PIXELS,
    PLACE_TOLERANCE_MM,
    is_orientation,
    missing_slices,
    place_tolerance,
)
from sarcoma_core.dicom.kinds import reason_to_set_apart
from sarcoma_core.dicom.scan import Finding, Scan, Status

Check = Callable[[Scan], Finding | None]

_ECHO_TOLERANCE = 1.05
"""Echo times of one volume agree within 5 %: some scanners write the time of each slice."""


def check_scan(scan: Scan) -> Finding | None:
    """The first finding against converting a scan, or None."""
    for check in _CHECKS:
        if finding := check(scan):
            return finding
    return None


def _refused(reason: str) -> Finding:
    return Finding(Status.REFUSED, reason)


def _set_apart(reason: str) -> Finding:
    return Finding(Status.SET_APART, reason)


def _empty(scan: Scan) -> Finding | None:
    return None if scan.headers else _refused("the scan is empty: it has no DICOM file")


def _one_kind(scan: Scan) -> Finding | None:
    kinds = {header.sop_class_uid for header in scan.headers}
    if len(kinds) > 1:
        return _refused(f"the scan mixes {len(kinds)} SOP classes; an image series has one")
    reason = reason_to_set_apart(kinds.pop())
    return _set_apart(reason) if reason else None


def _one_value(scan: Scan) -> Finding | None:
    for keyword, attribute in (("Modality", "modality"), ("Units", "units")):
        values = {getattr(header, attribute) for header in scan.headers}
        if len(values) > 1:
            return _refused(f"{keyword} must be the same in all files; found {len(values)} values")
    return None


def _localizer(scan: Scan) -> Finding | None:
    count = sum("LOCALIZER" in header.image_type for header in scan.headers)
    if not count:
        return None
    which = "" if count == len(scan.headers) else f" ({count} of {len(scan.headers)} images)"
    return _set_apart(f"a localizer{which}: ImageType says so")


def _grey(scan: Scan) -> Finding | None:
    for header in scan.headers:
        if header.samples_per_pixel != 1 or header.photometric_interpretation == "PALETTE COLOR":
            return _set_apart("a colour image: not a volume of intensities")
    return None


def _whole_frames(scan: Scan) -> Finding | None:
    for header in scan.headers:
        expected = 1 if header.mosaic else header.number_of_frames
        found = 1 if header.mosaic else len(header.planes)
        if expected != found or expected < 1:
            return _refused(
                f"a file says NumberOfFrames {expected} and has the geometry of {found}: "
                "its functional groups are missing or cut"
            )
    totals = {header.concatenation_total for header in scan.headers} - {None}
    if totals and max(t for t in totals if t) > len(scan.headers):
        return _refused(
            f"InConcatenationTotalNumber is {max(t for t in totals if t)}; found {len(scan.headers)} files: "
            "a part of the concatenation is missing"
        )
    return None


def _geometry(scan: Scan) -> Finding | None:
    planes = [source.plane for source in scan.sources]
    for keyword, attribute in (
        ("ImagePositionPatient", "position"),
        ("ImageOrientationPatient", "orientation"),
        ("PixelSpacing", "pixel_spacing"),
    ):
        absent = sum(getattr(plane, attribute) is None for plane in planes)
        if absent:
            hint = "; a Siemens mosaic without its CSA header" if scan.headers[0].mosaic else ""
            return _refused(f"{keyword} is absent or broken in {absent} of {len(planes)} images{hint}")
    bad = sum(not is_orientation(row) for row in scan.orientations)
    if bad:
        return _refused(
            f"ImageOrientationPatient must be two orthogonal unit vectors; it is not in {bad} of {len(planes)} images"
        )
    if min(scan.pixel_spacing) <= 0:
        return _refused("PixelSpacing must be positive")
    return None


def _one_orientation(scan: Scan) -> Finding | None:
    if scan.orientation_count > 1:
        where = "in other scans of the same" if scan.elsewhere else "under one"
        return _set_apart(f"{scan.orientation_count} orientations {where} SeriesInstanceUID: not one volume")
    stacks = {source.plane.stack for source in scan.sources}
    return _set_apart(f"{len(stacks)} stacks (StackID): not one volume") if len(stacks) > 1 else None


def _one_size(scan: Scan) -> Finding | None:
    planes = [source.plane for source in scan.sources]
    sizes = {(plane.rows, plane.columns) for plane in planes}
    if len(sizes) > 1 or min(sizes.pop()) < 1:
        return _refused("Rows and Columns must be the same in all images, and not 0")
    spacings = np.array([plane.pixel_spacing for plane in planes])
    # The far edge of the image is what a difference moves.
    edge = np.ptp(spacings, axis=0) * (planes[0].rows, planes[0].columns)
    if np.any(edge > PLACE_TOLERANCE_MM):
        return _refused(
            "PixelSpacing must be the same in all images; "
            f"found {spacings.min():.4g} to {spacings.max():.4g} mm"
        )
    return None


def _several_slices(scan: Scan) -> Finding | None:
    if len(scan.stack.distances) > 1:
        return None
    times = f" ({len(scan.sources)} images of it)" if len(scan.sources) > 1 else ""
    return _set_apart(f"a single slice{times}: not a volume")


def _straight(scan: Scan) -> Finding | None:
    tolerance = max(PLACE_TOLERANCE_MM, SIDEWAYS_TOLERANCE_PIXELS * float(scan.pixel_spacing.min()))
    stack = scan.stack
    if stack.sideways <= tolerance:
        return None
    return _refused(
        f"gantry tilt or shifted slices: the origins leave the normal by {stack.sideways:.1f} mm "
        f"({stack.tilt:.1f} degrees); a volume needs a right angle"
    )


def _evenly_often(scan: Scan) -> Finding | None:
    often = scan.stack.occurrences
    usual = int(np.bincount(often).argmax())
    odd = np.flatnonzero(often != usual)
    if not odd.size:
        return None
    first = odd[0]
    where = f"slice {first + 1} of {len(often)}, at {scan.stack.distances[first]:.1f} mm,"
    if usual == 1:
        return _refused(
            f"duplicate slices at {odd.size} of {len(often)} places: {where} is there {often[first]} times"
        )
    return _refused(
        f"incomplete volumes: {where} is there {often[first]} times where the others are there {usual} times"
    )


def _no_gap(scan: Scan) -> Finding | None:
    gaps = scan.stack.gaps
    missing = missing_slices(gaps)
    if not missing.any():
        return None
    first = int(np.flatnonzero(missing)[0])
    total = len(gaps) + 1 + int(missing.sum())
    which = f"slice {first + 2} of {total} is missing"
    if missing.sum() > 1:
        which = f"{missing.sum()} slices of {total} are missing, slice {first + 2} the first"
    single = float(np.median(gaps[missing == 0]))
    return _refused(
        f"{which}: the gap at {scan.stack.distances[first]:.1f} mm is {gaps[first]:.1f} mm "
        f"where the others are {single:.1f} mm"
    )


def _even(scan: Scan) -> Finding | None:
    stack = scan.stack
    if stack.deviation <= place_tolerance(stack.spacing):
        return None
    return _refused(
        f"the spacing varies: gaps are {stack.gaps.min():.2f} to {stack.gaps.max():.2f} mm, "
        f"slices lie up to {stack.deviation:.2f} mm from an even grid"
    )


def _two_slices(scan: Scan) -> Finding | None:
    """One gap cannot be compared with others, so something else must say that nothing is missing in it."""
    if len(scan.stack.gaps) != 1:
        return None
    gap = float(scan.stack.gaps[0])
    plane = scan.sources[0].plane
    thickness, stated = abs(plane.thickness or 0), abs(plane.spacing or 0)
    near = place_tolerance(gap)
    # Some write the free space between slices into SpacingBetweenSlices; it is then less than the thickness.
    if stated and (abs(gap - stated) <= near or (stated < thickness and abs(gap - stated - thickness) <= near)):
        return None
    numbers = sorted(h.instance_number for h in scan.headers if h.instance_number is not None)
    skipped = len(scan.headers) == len(numbers) == 2 and numbers[1] - numbers[0] > 1  # noqa: PLR2004  the two slices
    if not stated and not skipped and gap < 2 * thickness - near:
        return None
    known = f"SpacingBetweenSlices {stated:.1f} mm" if stated else f"SliceThickness {thickness:.1f} mm"
    return _refused(f"two slices {gap:.1f} mm apart with {known}: a slice between them may be missing")


def _declared(scan: Scan) -> Finding | None:
    """NumberOfSlices is mandatory in PET (PS3.3, C.8.9.1) and counts the slices of one volume."""
    declared = max((n for h in scan.headers for k, n in h.declared_slices if k == "NumberOfSlices"), default=0)
    found = len(scan.stack.distances)
    if scan.headers[0].modality != "PT" or declared <= found:
        return None
    return _refused(f"{declared - found} slices are missing: NumberOfSlices is {declared}; found {found}")


def _one_contrast(scan: Scan) -> Finding | None:
    """Slices of two images, each at places of its own, look like one volume to the geometry."""
    if scan.stack.occurrences[0] > 1:
        return None
    echoes = [float(v) for v in scan.trait("EchoTime") if isinstance(v, float) and v > 0]
    if echoes and max(echoes) > _ECHO_TOLERANCE * min(echoes):
        return _refused(f"EchoTime is {min(echoes):g} to {max(echoes):g} ms within one volume")
    for keyword in ("DiffusionBValue", "ComplexImageComponent"):
        values = {v for v in scan.trait(keyword) if v is not None}
        if len(values) > 1:
            return _refused(f"{keyword} has {len(values)} values within one volume")
    return None


_CHECKS: tuple[Check, ...] = (
    _empty,
    _one_kind,
    _one_value,
    _localizer,
    _grey,
    _whole_frames,
    _geometry,
    _one_orientation,
    _one_size,
    _several_slices,
    _straight,
    _evenly_often,
    _no_gap,
    _even,
    _two_slices,
    _declared,
    _one_contrast,
)
