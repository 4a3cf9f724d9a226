"""The checks of a stack: whether slices of one orientation and one size are a volume."""

import numpy as np

from sarcoma_core.dicom.geometry import (
    PLACE_TOLERANCE_MM,
    SIDEWAYS_TOLERANCE_PIXELS,
    missing_slices,
    place_tolerance,
)
from sarcoma_core.dicom.scan import Check, ScanFinding, ScanImages, refused, set_apart

_MOST_MISSING = 1 / 4
"""Of the gaps of a stack that lies in several scans: two stacks that are shifted by a part of their spacing
have every other gap too wide, one that lost some slices has a few."""

ECHO_TOLERANCE = 1.05
"""Echo times of one volume agree within 5 %: some scanners write the time of each slice."""


def is_one_stack(scan: ScanImages, *, whole: bool) -> bool:
    """Whether slices lie on one even grid, three at the least.

    Args:
        scan: images of one orientation and size.
        whole: without a hole; else a few slices may be missing.
    """
    gaps = scan.stack.gaps
    if len(gaps) < 2 or _straight(scan):  # noqa: PLR2004  two gaps are the fewest that can differ
        return False
    missing = int(missing_slices(gaps).sum())
    return _even(scan) is None or (not whole and 0 < missing <= _MOST_MISSING * len(gaps))


def _several_slices(scan: ScanImages) -> ScanFinding | None:
    if len(scan.stack.distances) > 1:
        return None
    if all("MOSAIC" in header.image_type and not header.mosaic for header in scan.headers):
        return refused("a Siemens mosaic without its CSA header: nothing tells where its tiles lie")
    times = f" ({len(scan.sources)} images of it)" if len(scan.sources) > 1 else ""
    return set_apart(f"a single slice{times}: not a volume")


def _straight(scan: ScanImages) -> ScanFinding | None:
    tolerance = max(PLACE_TOLERANCE_MM, SIDEWAYS_TOLERANCE_PIXELS * float(scan.pixel_spacing.min()))
    stack = scan.stack
    if stack.sideways <= tolerance:
        return None
    return refused(
        f"gantry tilt or shifted slices: the origins leave the normal by {stack.sideways:.1f} mm "
        f"({stack.tilt:.1f} degrees); a volume needs a right angle"
    )


def _evenly_often(scan: ScanImages) -> ScanFinding | None:
    often = scan.stack.occurrences
    usual = int(np.bincount(often).argmax())
    odd = np.flatnonzero(often != usual)
    if not odd.size:
        return None
    first = odd[0]
    where = f"slice {first + 1} of {len(often)}, at {scan.stack.distances[first]:.1f} mm,"
    if usual == 1:
        return refused(
            f"duplicate slices at {odd.size} of {len(often)} places: {where} is there {often[first]} times"
        )
    return refused(
        f"incomplete volumes: {where} is there {often[first]} times where the others are there {usual} times"
    )


def _no_gap(scan: ScanImages) -> ScanFinding | None:
    gaps = scan.stack.gaps
    missing = missing_slices(gaps)
    if not missing.any() or missing.sum() > len(gaps):  # rather pieces than a stack with a hole
        return None
    first = int(np.flatnonzero(missing)[0])
    total = len(gaps) + 1 + int(missing.sum())
    which = f"slice {first + 2} of {total} is missing"
    if missing.sum() > 1:
        which = f"{missing.sum()} slices of {total} are missing, slice {first + 2} the first"
    single = float(np.median(gaps[missing == 0]))
    return refused(
        f"{which}: the gap at {scan.stack.distances[first]:.1f} mm is {gaps[first]:.1f} mm "
        f"where the others are {single:.1f} mm"
    )


def _even(scan: ScanImages) -> ScanFinding | None:
    stack = scan.stack
    if stack.deviation <= place_tolerance(stack.spacing):
        return None
    return refused(
        f"the spacing varies: gaps are {stack.gaps.min():.2f} to {stack.gaps.max():.2f} mm, "
        f"slices lie up to {stack.deviation:.2f} mm from an even grid"
    )


def _two_slices(scan: ScanImages) -> ScanFinding | None:
    """One gap cannot be compared with others, so something else must say that nothing is missing in it."""
    if len(scan.stack.gaps) != 1:
        return None
    gap = float(scan.stack.gaps[0])
    plane = scan.sources[0].plane
    thickness, stated = abs(plane.thickness or 0), abs(plane.spacing or 0)
    near = place_tolerance(gap)
    # Some write the free space between slices into SpacingBetweenSlices; it is then less than the thickness.
    confirmed = (stated, stated + thickness) if stated < thickness else (stated,)
    if stated and min(abs(gap - distance) for distance in confirmed) <= near:
        return None
    numbers = [header.instance_number for header in scan.headers if header.instance_number is not None]
    one_after_the_other = len(numbers) < len(scan.headers) or max(numbers) - min(numbers) < len(numbers)
    if not stated and one_after_the_other and gap < 2 * thickness - near:
        return None
    known = "no SliceThickness"
    if stated or thickness:
        known = f"SpacingBetweenSlices {stated:.1f} mm" if stated else f"SliceThickness {thickness:.1f} mm"
    return refused(f"two slices {gap:.1f} mm apart with {known}: a slice between them may be missing")


def _declared(scan: ScanImages) -> ScanFinding | None:
    """NumberOfSlices is mandatory in PET (PS3.3, C.8.9.1) and counts the slices of one volume."""
    declared = max(
        (n for h in scan.headers for k, n in h.declared_slices if k == "NumberOfSlices"), default=0
    )
    slices = len(scan.stack.distances)
    if scan.headers[0].modality != "PT" or declared <= slices:
        return None
    return refused(f"slices are missing: NumberOfSlices is {declared}; found {slices}")


def _one_contrast(scan: ScanImages) -> ScanFinding | None:
    """Slices of two images, each at places of its own, look like one volume to the geometry."""
    if scan.stack.occurrences[0] > 1:
        return None
    echoes = [float(v) for v in scan.trait("EchoTime") if isinstance(v, float) and v > 0]
    if echoes and max(echoes) > ECHO_TOLERANCE * min(echoes):
        return refused(f"EchoTime is {min(echoes):g} to {max(echoes):g} ms within one volume")
    for keyword in ("DiffusionBValue", "ComplexImageComponent"):
        values = {v for v in scan.trait(keyword) if v is not None}
        if len(values) > 1:
            return refused(f"{keyword} has {len(values)} values within one volume")
    kinds = sorted(set(scan.maps))
    if len(kinds) > 1:
        count = sum(kind == kinds[-1] for kind in scan.maps)
        return refused(
            f"{count} of {len(scan.maps)} images are {kinds[-1]}, by ImageType, the others are not"
        )
    return None


STACK_CHECKS: tuple[Check, ...] = (
    _several_slices,
    _straight,
    _evenly_often,
    _no_gap,
    _even,
    _two_slices,
    _declared,
    _one_contrast,
)
