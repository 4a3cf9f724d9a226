"""What a series is to the others of its session: a copy on their grid, one under their frame of reference."""

import math
import re
from collections.abc import Iterable, Iterator

import numpy as np

from sarcoma_core.dicom.roles.facts import SeriesFacts, SeriesGrid

SAME_DIRECTION = 0.001
"""Greatest difference of direction cosines on one grid."""
SAME_SPACING = 0.001
"""Greatest difference of spacings on one grid, as a part of them."""
ON_LATTICE = 0.05
"""How far, in voxels, the origin may be off the other's lattice: what 16 characters and rounding leave."""
FINEST_PET, COARSEST_CT = 1.9, 2.4
"""In-plane spacings, mm: below the first no PET, above the second no CT is reconstructed."""

_SECOND = re.compile(
    r"(?<![a-z])(mim|mirada|hermes|velocity|raysearch|raystation|slicer|pmod|osirix|horos|itk|simpleitk|elastix|"
    r"plastimatch|terarecon|brainlab)(?![a-z])"
)
"""Programs that register and resample; no scanner is made by them."""
_NAMES = (
    "siemens",
    "philips",
    "canon",
    "toshiba",
    "hitachi",
    "fuji",
    "uih",
    "united imaging",
    "mediso",
    "esaote",
)


def second_software(manufacturer: str) -> str:
    """The program for registration that stands in Manufacturer; empty where none does."""
    found = _SECOND.search(manufacturer.casefold())
    return found.group(1) if found else ""


def maker(manufacturer: str) -> str:
    """Who made the scanner, whatever else stands in Manufacturer; empty where that is not known."""
    text = manufacturer.casefold()
    if re.match(r"\s*(ge\b|gems\b|general electric)", text):
        return "ge"
    return next((name for name in _NAMES if name in text), "")


def relations(facts: SeriesFacts, others: Iterable[SeriesFacts]) -> frozenset[str]:
    """What a series is to the others, in the words of the rules."""
    return frozenset(_relations(facts, tuple(other for other in others if other.series != facts.series)))


def _relations(facts: SeriesFacts, others: tuple[SeriesFacts, ...]) -> Iterator[str]:
    beside = [o for o in others if o.modality != facts.modality and {o.modality, facts.modality} <= _IMAGES]
    if any(_is_copy_on(facts, other) for other in beside):
        yield "on the grid of another modality"
    pet_or_ct = [other for other in others if other.modality in ("PT", "CT")]
    if facts.modality == "MR":
        framed = [
            o for o in pet_or_ct if o.frame_of_reference and o.frame_of_reference == facts.frame_of_reference
        ]
        if any(_differ(facts, other) for other in framed):
            yield "in the frame of reference of another maker's PET or CT"
        filed = [other for other in pet_or_ct if other.study and other.study == facts.study]
        if {other.modality for other in filed} == {"PT", "CT"}:
            yield "in the study of a PET/CT"
        if any(_differ(facts, other) for other in filed if other.modality == "PT"):
            yield "in the study of another maker's PET"
        if filed and facts.series_date and facts.study_date and facts.series_date < facts.study_date:
            yield "older than the study of the PET or CT that it is filed in"
        yield from _contrast_of(facts, [other for other in others if other.modality == "MR"])


_IMAGES = {"MR", "PT", "CT"}


def _contrast_of(facts: SeriesFacts, others: list[SeriesFacts]) -> Iterator[str]:
    """What contrast agents in the other MR series say of this one."""
    if facts.agent and len(others) > 1 and all(other.agent for other in others):
        yield "a contrast agent is recorded in every MR series"
    if not facts.agent and any(other.agent for other in others):
        yield "a contrast agent is recorded in other MR series"


def _differ(facts: SeriesFacts, other: SeriesFacts) -> bool:
    """Whether two series come from scanners of two makers."""
    makers = {maker(facts.manufacturer), maker(other.manufacturer)} - {""}
    return len(makers) > 1


def _is_copy_on(facts: SeriesFacts, other: SeriesFacts) -> bool:
    """Whether a series lies on the grid of one of another modality, and is not the one whose grid it is."""
    mine, theirs = facts.grid, other.grid
    if mine is None or theirs is None or not same_lattice(mine, theirs):
        return False
    finest = min(mine.spacing[:2])
    match facts.modality, other.modality:
        case "MR", "PT":  # of one maker it may be a PET/MR, whose maps of attenuation lie on the PET's grid
            one_scanner = maker(facts.manufacturer) == maker(other.manufacturer) != ""
            return finest >= FINEST_PET and not one_scanner
        case "MR", _:
            return not _is_derived(other) or _is_derived(facts)
        case "CT", "MR":
            return _is_derived(facts) and not _is_derived(other)
        case "CT", _:
            return finest > COARSEST_CT
    return finest < FINEST_PET


def _is_derived(facts: SeriesFacts) -> bool:
    return "DERIVED" in facts.image_type


def same_lattice(a: SeriesGrid, b: SeriesGrid) -> bool:
    """Whether voxels of two grids fall on one another, wherever each grid ends."""
    if not np.allclose(a.orientation, b.orientation, rtol=0, atol=SAME_DIRECTION):
        return False
    if not np.allclose(a.spacing, b.spacing, rtol=SAME_SPACING, atol=0):
        return False
    x, y = np.array(b.orientation[:3]), np.array(b.orientation[3:])
    shift = np.array(a.origin) - np.array(b.origin)
    steps = [float(shift @ axis) / mm for axis, mm in zip((x, y, np.array(b.normal)), b.spacing, strict=True)]
    return all(math.isfinite(step) and abs(step - round(step)) < ON_LATTICE for step in steps)
