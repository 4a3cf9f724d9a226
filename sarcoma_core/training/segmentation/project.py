"""The sessions of a frozen cohort as cases of a network: the frozen image and its locked masks.

One sequence is taken as `normalise` left it, on its own grid; several as `register` left them, on one grid,
with what was drawn on the series that gave it. Lesions are taken together: `tumour`, `tumour_2`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from sarcoma_core.archive.cohort import CohortSeries
from sarcoma_core.archive.folder import SeriesFiles, SessionFolder
from sarcoma_core.archive.frozen import FrozenSession, FrozenSessions, frozen_masks, frozen_resource
from sarcoma_core.archive.masks import SessionMasks
from sarcoma_core.errors import InputError
from sarcoma_core.imaging.grids import grid_difference
from sarcoma_core.imaging.nifti_masks import read_mask
from sarcoma_core.imaging.volume import Mask, Volume, read_nifti
from sarcoma_core.models.segmentation_task import ON_ONE_GRID, ONE_SEQUENCE
from sarcoma_core.training.segmentation.cases import CaseSource, NativeCase


def project_cases(
    cohort: FrozenSessions, sessions: Mapping[str, Path], sequences: Sequence[str], regions: Sequence[str]
) -> list[CaseSource]:
    """A case for each session of a cohort; whether it can be used is told when it is read.

    Args:
        cohort: that was frozen.
        sessions: the folder of each session, by label.
        sequences: role of each channel.
        regions: keys of regions.
    """

    def source(frozen: FrozenSession) -> CaseSource:
        return CaseSource(
            frozen.subject, frozen.session, lambda: read_case(frozen, sessions, sequences, regions)
        )

    return [source(frozen) for frozen in cohort.sessions]


def read_case(
    frozen: FrozenSession, sessions: Mapping[str, Path], sequences: Sequence[str], regions: Sequence[str]
) -> NativeCase:
    """One session of a cohort, from the very files that were frozen.

    Args:
        frozen: of the cohort.
        sessions: the folder of each session, by label.
        sequences: role of each channel.
        regions: keys of regions.

    Raises:
        InputError: a series or a locked mask is not there, or a file is another than was frozen.
        ArchiveError: a resource is damaged.
        OSError: a file cannot be read.
    """
    if frozen.session not in sessions:
        raise InputError("session: must be in the project; it is not.")
    label = ONE_SEQUENCE if len(sequences) == 1 else ON_ONE_GRID
    folder = SessionFolder(sessions[frozen.session], (label,))
    held = {one.outcome.series: one for one in frozen_resource(frozen, folder, label)}
    masks = frozen_masks(frozen, folder, regions[0])
    locked = SessionMasks(tuple(one for one in masks.current() if one.locked), masks.folder)
    series = _series(frozen, held, locked, sequences, regions[0])
    images = [read_nifti(one.volume) for one in series]
    for image in images:
        if difference := grid_difference(images[0], image):
            raise InputError(f"{label}: must hold its series on one grid; found {difference}.")
    drawn_on = _drawn_on(series)
    found = {region: _mask(locked, drawn_on.outcome.series, region, images[0]) for region in regions}
    drawn = {region: mask for region, mask in found.items() if mask is not None}
    return NativeCase(tuple(image.array for image in images), images[0].affine, drawn)


def _series(
    frozen: FrozenSession,
    held: Mapping[str, SeriesFiles],
    locked: SessionMasks,
    sequences: Sequence[str],
    region: str,
) -> list[SeriesFiles]:
    """The series of each sequence: of several of one role, that on which a locked mask lies."""
    with_mask = {one.series for one in locked.versions if is_of(one.roi, region)}
    chosen = []
    for sequence in sequences:
        of_role = [one for one in frozen.series if one.role == sequence and one.key in held]
        of_role.sort(key=lambda one: one.key not in with_mask)
        if not of_role:
            raise InputError(
                f"session: must have a series of the role {sequence}; it has none that is usable."
            )
        chosen.append(_held(held, of_role[0]))
    if _drawn_on(chosen).outcome.series not in with_mask:
        raise InputError(
            f"MASKS: must hold a locked mask of {region} on {' or '.join(sequences)}; it does not.",
            hint="Lock it: sarcoma masks lock",
        )
    return chosen


def _held(held: Mapping[str, SeriesFiles], series: CohortSeries) -> SeriesFiles:
    return held[series.key]


def _drawn_on(series: Sequence[SeriesFiles]) -> SeriesFiles:
    """Which of the series gave the others its grid: what is drawn on it lies on all."""
    reference = series[0].outcome.facts.get("reference")
    if len(series) == 1:
        return series[0]
    for one in series:
        if one.outcome.series == reference:
            return one
    raise InputError(
        "REGISTERED: must have one of the sequences as its reference; it has another series.",
        hint="Register again: sarcoma run register --set register.reference=T1CE",
    )


def _mask(locked: SessionMasks, series: str, region: str, image: Volume) -> Mask | None:
    """All lesions of a region on a series; None where none was drawn.

    Raises:
        InputError: a mask lies on another grid.
    """
    whole: Mask | None = None
    for one in locked.versions:
        if one.series != series or not is_of(one.roi, region):
            continue
        mask, grid = read_mask(locked.path(one))
        if difference := grid_difference(image, grid):
            raise InputError(f"mask: must lie on the grid of the image; found {difference}.")
        whole = mask if whole is None else np.asarray(whole | mask)
    return whole


def is_of(roi: str, region: str) -> bool:
    """Whether a key is that of a region, or of one of its lesions: `tumour_2`, `tumour_left`."""
    return roi == region or roi.startswith(f"{region}_")
