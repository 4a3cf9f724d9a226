"""Classify a scan: a volume to convert, a set of volumes, or nothing for the chain, and why."""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sarcoma_core.dicom.checks import check_images, check_stack
from sarcoma_core.dicom.dimensions import split_volumes
from sarcoma_core.dicom.geometry import Floats, affine
from sarcoma_core.dicom.headers import Header, read_header
from sarcoma_core.dicom.kinds import reason_to_set_apart
from sarcoma_core.dicom.maps import MAP_WORDS
from sarcoma_core.dicom.parts import DIXON_WORDS, name_parts
from sarcoma_core.dicom.planes import TRAITS
from sarcoma_core.dicom.scan import ScanFinding, ScanImages, Source, Status, refused, set_apart
from sarcoma_core.dicom.small_slopes import lift
from sarcoma_core.dicom.torn_stacks import torn_stack
from sarcoma_core.dicom.units import unit_warnings
from sarcoma_core.errors import DicomError


@dataclass(frozen=True)
class ConversionPlan:
    """What a conversion of a scan has to give.

    Args:
        finding: what becomes of the scan: converted, or set apart when it is 4D.
        headers: of the files, volume after volume, from slice 0 upwards.
        in_order: whether InstanceNumber is in every file and, for one volume, runs along the stack.
        volumes: for each volume its planes, from slice 0 upwards along rows x columns.
        told_apart: what tells the volumes apart, in words; empty where only the order of the images does.
        parts: names of the volumes, where each is a volume for the chain; empty where they are one 4D image.
        affine: voxel (column, row, slice) to RAS, mm, shape (4, 4), from the headers.
        lift: power of two by which the converter gets the rescaling multiplied; see `small_slopes`.
        map: what kind of map the images are; empty for anatomy, and where several kinds are volumes of one.
        warnings: what is odd in the headers but proves nothing.
    """

    finding: ScanFinding
    headers: tuple[Header, ...]
    in_order: bool
    volumes: tuple[tuple[Source, ...], ...]
    told_apart: str
    parts: tuple[str, ...]
    affine: Floats
    lift: int
    map: str
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Reading:
    """The files of a scan, read.

    Args:
        files: how many were given.
        headers: of the images that are different from each other; of all files where none is an image.
        aside: what else lies among images, with a count of each.
        duplicates: how many files were byte-equal copies of another.
        finding: set when the files cannot be used at all.
    """

    files: int
    headers: tuple[Header, ...]
    aside: tuple[str, ...]
    duplicates: int
    finding: ScanFinding | None


def read_scan(files: Sequence[Path]) -> Reading:
    """Read a scan's files; a copy of a file counts once."""
    by_uid: dict[str, Header] = {}
    duplicates, broken, contradictory = 0, [], 0
    for path in sorted(files):
        try:
            header = read_header(path)
        except DicomError as error:
            broken.append(error.message)
            continue
        except OSError as error:  # its own text has the file's name in it
            broken.append(f"cannot be read ({error.strerror})")
            continue
        known = by_uid.setdefault(header.sop_instance_uid, header)
        if known is header:
            continue
        if known.path.read_bytes() == path.read_bytes():
            duplicates += 1
        else:
            contradictory += 1
    headers, aside = _images(tuple(by_uid.values()))
    reason = ""
    if broken:
        reason = f"{len(broken)} of {len(files)} files cannot be used: {'; '.join(sorted(set(broken)))}"
    elif contradictory:
        reason = f"{contradictory} of {len(files)} files: the SOPInstanceUID of another, but other content"
    return Reading(len(files), headers, aside, duplicates, refused(reason) if reason else None)


def _images(headers: tuple[Header, ...]) -> tuple[tuple[Header, ...], tuple[str, ...]]:
    """The images, and what was left aside: what lies under their SeriesInstanceUID and is no slice.

    Scanners file presentation states, reports and raw data with the images that they are about. An object
    with a place in the patient is none of these: a slice of another SOP class is a fault.
    """
    reasons = [reason_to_set_apart(header.sop_class_uid) for header in headers]
    if None not in reasons:
        return headers, ()
    images, aside = list[Header](), Counter[str]()
    for header, reason in zip(headers, reasons, strict=True):
        if reason is None or any(plane.position for plane in header.planes):
            images.append(header)
        else:
            aside[reason] += 1
    told = (f"{n} of {len(headers)} files left aside: {reason}" for reason, n in sorted(aside.items()))
    return tuple(images), tuple(told)


def classify(scan: ScanImages) -> ConversionPlan | ScanFinding:
    """What a scan is: something to convert, with all that the result has to be, or a finding against it."""
    if finding := check_images(scan) or (None if scan.whole else torn_stack(scan)) or check_stack(scan):
        return finding
    stack = scan.stack
    sources = scan.sources
    traits = {keyword: scan.trait(keyword) for keyword in TRAITS}
    order, differ = split_volumes(stack.place, traits, range(len(sources)))
    volumes = tuple(tuple(sources[i] for i in volume) for volume in order)
    headers = {source.header.path: source.header for volume in volumes for source in volume}
    in_order = _in_order([h.instance_number for h in headers.values()], several=len(volumes) > 1)
    finding = ScanFinding(Status.CONVERTED, "")
    told = " and ".join(keyword + _values_of(traits[keyword], keyword) for keyword in differ)
    parts = name_parts(volumes, differ)
    if len(volumes) > 1 and not parts:
        if not differ and not in_order:
            return refused(f"{len(volumes)} images at every place that no header value tells apart or orders")
        by = f"that differ in {told}" if differ else "that no header value tells apart"
        finding = set_apart(f"4D: {len(volumes)} volumes {by}; converted, not for the 3D chain")
    spacing = (float(scan.pixel_spacing[1]), float(scan.pixel_spacing[0]), stack.spacing)
    return ConversionPlan(
        finding=finding,
        headers=tuple(headers.values()),
        in_order=in_order,
        volumes=volumes,
        told_apart=told,
        parts=parts,
        affine=affine(stack.origin, scan.orientation, spacing),
        lift=lift(source.plane.rescaling for source in sources),
        map=scan.maps[0] if len(set(scan.maps)) == 1 else "",
        warnings=tuple(_warnings(replace(scan, headers=scan.whole or scan.headers))),
    )


_TELLING = {"EchoTime": " ms", "ImageType": "", "ComplexImageComponent": "", "DiffusionBValue": " s/mm2"}
"""Traits whose values say what a volume is, and their units."""
_MOST_NAMED = 6
_DEFINED = DIXON_WORDS | MAP_WORDS | {"NONE", "M", "MAGNITUDE", "PHASE", "MIXED", "ND", "NORM", "DIXON"}


def _values_of(values: Sequence[Hashable], keyword: str) -> str:
    """The values that tell volumes apart, in brackets; nothing where they are many or say little."""
    distinct = set(values)
    if keyword not in _TELLING or len(distinct) > _MOST_NAMED:
        return ""
    numbers = sorted(value for value in distinct if isinstance(value, float))
    if len(numbers) == len(distinct):
        return f" ({', '.join(f'{number:g}' for number in numbers)}{_TELLING[keyword]})"
    values_of = [value if isinstance(value, tuple) else (str(value or "none"),) for value in distinct]
    common = set(values_of[0]).intersection(*values_of[1:])
    told = ("/".join(_word(word) for word in each if word not in common) or "none" for each in values_of)
    return f" ({', '.join(sorted(told))})"


def _word(value: Hashable) -> str:
    """A value that tells volumes apart, where the standard or a maker defines it; else it may be anything."""
    word = str(value)
    return word if word.upper() in _DEFINED else "another word"


def _in_order(numbers: Sequence[int | None], *, several: bool) -> bool:
    """Whether InstanceNumbers, told by place, are a guide to the converter and no trap."""
    present = [number for number in numbers if number is not None]
    if several or len(present) < len(numbers):
        return len(present) == len(numbers)
    steps = np.diff(present)
    return bool(np.all(steps > 0) or np.all(steps < 0))


def _warnings(scan: ScanImages) -> list[str]:
    """Signs of a slice missing at an end, which geometry cannot see; each has innocent causes as well."""
    warnings = []
    slices, images = len(scan.stack.distances), len(scan.sources)
    for keyword, count in sorted({pair for header in scan.headers for pair in header.declared_slices}):
        here = images if keyword == "ImagesInAcquisition" else slices
        if count > here:
            warnings.append(f"{keyword} is {count}; found {here}")
    numbers = sorted({h.instance_number for h in scan.headers if h.instance_number is not None})
    if len(numbers) == len(scan.headers) > 1:
        if numbers[0] > 1:
            warnings.append(f"InstanceNumber starts at {numbers[0]}")
        if numbers[-1] - numbers[0] >= len(numbers):
            warnings.append(
                f"InstanceNumber leaves out {numbers[-1] - numbers[0] + 1 - len(numbers)} numbers"
            )
    if any(header.lossy for header in scan.headers):
        warnings.append("LossyImageCompression: the values are not those of the scanner")
    stated = abs(scan.sources[0].plane.spacing or 0)
    if stated and abs(stated - scan.stack.spacing) > 0.01 * scan.stack.spacing:
        warnings.append(
            f"SpacingBetweenSlices is {stated:.2f} mm; positions are {scan.stack.spacing:.2f} mm apart"
        )
    return warnings + unit_warnings(scan.headers)
