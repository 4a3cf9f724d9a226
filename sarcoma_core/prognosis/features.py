"""Features of the tumour of each patient of a cohort, from the very files that were frozen.

Sessions are read one after the other, so that memory holds one image. One that is damaged, changed or
without a mask has no features, and the reason is told; it stops no other.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sarcoma_core.archive.cohort import CohortSeries
from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.archive.frozen import frozen_masks, frozen_volume
from sarcoma_core.archive.masks import MASKS_LABEL, MaskVersion, SessionMasks
from sarcoma_core.errors import ArchiveError, InputError
from sarcoma_core.imaging.grids import grid_difference
from sarcoma_core.imaging.nifti_masks import read_mask
from sarcoma_core.imaging.volume import read_nifti
from sarcoma_core.prognosis.frozen import CohortMember, FrozenCohort
from sarcoma_core.segmentation.radiomics.features import FEATURES, radiomic_features

ROI: Final = "tumour"
ROLES: Final = ("T1CE", "T2FS", "T1", "T2")
"""Whose series is taken: the first of these on which the tumour was drawn."""
LEAST_PART: Final = 0.5
"""Of the patients must have features, else a model of them is one of filled-in values."""
_OF_SHAPE: Final = "morph_"
"""How names begin that hang on the mask alone."""


@dataclass(frozen=True)
class TumourFeatures:
    """What was measured of one patient.

    Args:
        role: of the series.
        series: that it was measured on.
        mask: its handle.
        locked: whether a person has said that the mask is final.
        values: of `FEATURES`, by name.
    """

    role: str
    series: str
    mask: str
    locked: bool
    values: Mapping[str, float]


@dataclass(frozen=True)
class CohortFeatures:
    """Features of a cohort.

    Args:
        found: by subject.
        missing: why a patient has none, by subject.
    """

    found: Mapping[str, TumourFeatures]
    missing: Mapping[str, str]

    @property
    def role(self) -> str:
        """The most frequent role: intensities of others are not comparable, and do not count."""
        counts = Counter(one.role for one in self.found.values())
        return min(counts, key=lambda role: (-counts[role], ROLES.index(role)), default="")

    def of(self, subject: str) -> Mapping[str, float]:
        """The values of a patient by name; those that are missing are left out."""
        one = self.found.get(subject)
        if one is None:
            return {}
        whole = one.role == self.role
        return {name: value for name, value in one.values.items() if whole or name.startswith(_OF_SHAPE)}

    @property
    def too_few(self) -> str:
        """Why no model can be made of them; empty where one can."""
        patients = len(self.found) + len(self.missing)
        if len(self.found) >= LEAST_PART * patients and self.found:
            return ""
        return f"{len(self.found)} of {patients} patients have features, fewer than {LEAST_PART:.0%}"


def cohort_features(cohort: FrozenCohort, sessions: Mapping[str, Path]) -> CohortFeatures:
    """Measure the tumour of each patient.

    Args:
        cohort: whose files are read.
        sessions: the folder of each session, by label.
    """
    found: dict[str, TumourFeatures] = {}
    missing: dict[str, str] = {}
    for member in cohort.members:
        try:
            found[member.subject] = tumour_features(member, sessions)
        except InputError as error:
            missing[member.subject] = error.message
        except OSError as error:
            missing[member.subject] = f"a file cannot be read: {error.strerror or type(error).__name__}"
    return CohortFeatures(found, missing)


def tumour_features(member: CohortMember, sessions: Mapping[str, Path]) -> TumourFeatures:
    """Measure the tumour of one patient.

    Args:
        member: whose files are read.
        sessions: the folder of each session, by label.

    Raises:
        InputError: there is no mask on a series with a role, a file is another than was frozen, or the image
            or the mask cannot be used.
        OSError: a file cannot be read.
    """
    if member.session not in sessions:
        raise ArchiveError("session: must be in the project; it is not.")
    folder = SessionFolder(sessions[member.session])
    masks = frozen_masks(member, folder, ROI)
    series, mask = _drawn_on(member, masks)
    image = read_nifti(frozen_volume(folder, series))
    inside, grid = read_mask(masks.path(mask))
    difference = grid_difference(image, grid)
    if difference:
        raise InputError(f"mask: must lie on the grid of the image; found {difference}.")
    values = radiomic_features(image.array, inside, image.spacing)
    chosen = {name: float(values[name]) for name in FEATURES}
    return TumourFeatures(series.role, series.key, mask.handle, mask.locked, chosen)


def _drawn_on(member: CohortMember, masks: SessionMasks) -> tuple[CohortSeries, MaskVersion]:
    """The series that is taken, and the mask that counts: the newest locked one, else the newest."""
    drawn = {one.series: one for one in masks.current() if one.roi == ROI}
    for series in _by_role(member):
        if series.key in drawn:
            return series, drawn[series.key]
    raise InputError(
        f"{MASKS_LABEL}: must hold a mask of the region {ROI} on {', '.join(ROLES)}; it does not."
    )


def _by_role(member: CohortMember) -> Iterator[CohortSeries]:
    for role in ROLES:
        yield from (one for one in member.series if one.role == role)
