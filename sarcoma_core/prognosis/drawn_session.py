"""The images of a session on one grid, with the tumour that was drawn on it, of a cohort or as they are now.

Several sequences are taken as `register` left them, on one grid; a lone one as `normalise` left it, on its
own. Masks of persons (`MASKS`) come before those of a network (`SEG`), and locked ones before others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from sarcoma_core.archive.folder import SeriesFiles, SessionFolder
from sarcoma_core.archive.frozen import FrozenSession, frozen_masks, frozen_resource
from sarcoma_core.archive.masks import MASKS_LABEL, SEG_LABEL, MaskVersion, SessionMasks, read_masks
from sarcoma_core.errors import InputError
from sarcoma_core.imaging.grids import grid_difference
from sarcoma_core.imaging.nifti_masks import read_mask
from sarcoma_core.imaging.volume import Mask, Volume, read_nifti
from sarcoma_core.models.segmentation_task import ON_ONE_GRID, ONE_SEQUENCE
from sarcoma_core.prognosis.tumour_image import ImageOrigin
from sarcoma_core.segmentation.evaluation.scanners import scanners
from sarcoma_core.training.segmentation.project import is_of

ROI: Final = "tumour"


@dataclass(frozen=True)
class DrawnSession:
    """The images of a session on one grid, with its tumour.

    Args:
        images: z-scores by role.
        mask: of all lesions of the tumour.
        locked: whether a person has said that it is final.
        series: of each image, by role.
        on: the series that the tumour is drawn on, whose grid it is.
        masks: the resource that the mask came from.
        scanners: manufacturer and model by series, as far as they are known.
        left_out: lesions that nobody has locked, where others are.
    """

    images: Mapping[str, Volume]
    mask: Mask
    locked: bool
    series: Mapping[str, SeriesFiles]
    on: SeriesFiles
    masks: str
    scanners: Mapping[str, str]
    left_out: int = 0

    @property
    def grid(self) -> Volume:
        """The image of the series that the tumour is drawn on, or another one on its grid."""
        own = (self.images[role] for role, one in self.series.items() if one == self.on)
        return next(own, next(iter(self.images.values())))

    @property
    def origins(self) -> Mapping[str, ImageOrigin]:
        """Where each image came from, by role."""
        return {
            role: ImageOrigin(one.outcome.modality, self.scanners.get(one.outcome.series, ""))
            for role, one in self.series.items()
        }


def frozen_drawn(
    frozen: FrozenSession, sessions: Mapping[str, Path], sequences: Sequence[str]
) -> DrawnSession:
    """The images and the tumour of one session of a cohort: the very files that were frozen.

    Args:
        frozen: of the cohort.
        sessions: the folder of each session, by label.
        sequences: role of each channel.

    Raises:
        InputError: no series with a role has a mask of the tumour, or a file is another than was frozen.
        ArchiveError: a resource is damaged.
        OSError: a file cannot be read.
    """
    if frozen.session not in sessions:
        raise InputError("session: must be in the project; it is not.")
    folder = SessionFolder(sessions[frozen.session])
    masks = frozen_masks(frozen, folder, ROI)
    label = image_label(frozen)
    held = {one.outcome.series: one for one in frozen_resource(frozen, folder, label)}
    by_role: dict[str, SeriesFiles] = {}
    for series in sorted(frozen.series, key=lambda one: not _current(masks, one.key)):
        if series.role in sequences and series.key in held:
            by_role.setdefault(series.role, held[series.key])
    return _drawn(folder, by_role, masks, (label, MASKS_LABEL))


def image_label(frozen: FrozenSession) -> str:
    """The resource that images of a session are taken from: that on one grid where there is one.

    Args:
        frozen: of the cohort.
    """
    return ON_ONE_GRID if ON_ONE_GRID in frozen.labels else ONE_SEQUENCE


def session_drawn(
    session: SessionFolder, sequences: Sequence[str], masks: Sequence[str] = (MASKS_LABEL, SEG_LABEL)
) -> DrawnSession:
    """The images and the tumour of a session as they are now.

    Where the tumour is not drawn on the grid that the registered series have, a lone series that it is drawn
    on is taken: the others count as missing.

    Args:
        session: the session, with its roles told.
        sequences: role of each channel.
        masks: resources that may hold the mask, in order of preference.

    Raises:
        InputError: no series with a role has a mask of the tumour; the first reason is told.
        ArchiveError: a resource is damaged, or the roles were not told.
    """
    reason: InputError | None = None
    for source in masks:
        versions = read_masks(session, source)
        for label in (ON_ONE_GRID, ONE_SEQUENCE):
            folder = SessionFolder(session.path, (label,))
            if folder.record(label) is None:
                continue
            found = {role: folder.by_role(role) for role in sequences}
            by_role = {role: one for role, one in found.items() if one}
            if not by_role:
                continue
            try:
                return _drawn(session, by_role, versions, (label, source))
            except InputError as error:
                reason = reason or error
    wanted, held = " or ".join(sequences), f"{ON_ONE_GRID} or {ONE_SEQUENCE}"
    raise reason or InputError(
        f"session: must hold a series chosen as {wanted} in {held}; it has none.",
        hint="Run the steps before: sarcoma run read --archive DIR --project P; or say which series is "
        "which: sarcoma roles set SESSION --project P",
    )


def _drawn(
    session: SessionFolder, by_role: Mapping[str, SeriesFiles], masks: SessionMasks, labels: tuple[str, str]
) -> DrawnSession:
    """The images of a resource with the mask of another one that lies on their grid."""
    label, source = labels
    on = _drawn_on(by_role, masks, label, source)
    versions = _current(masks, on.outcome.series)
    roles = by_role if label == ON_ONE_GRID else {r: one for r, one in by_role.items() if one is on}
    images = {role: read_nifti(one.volume) for role, one in roles.items()}
    grid = next(iter(images.values()))
    for image in images.values():
        if difference := grid_difference(grid, image):
            raise InputError(f"{label}: must hold its series on one grid; found {difference}.")
    locked = all(one.locked for one in versions)
    left_out = len(_lesions(masks, on.outcome.series)) - len(versions)
    mask = _union(masks, versions, grid)
    return DrawnSession(images, mask, locked, roles, on, source, scanners(session), left_out)


def _drawn_on(
    by_role: Mapping[str, SeriesFiles], masks: SessionMasks, label: str, source: str
) -> SeriesFiles:
    """The series that the tumour was drawn on; registered, the one that gave the others its grid."""
    for one in by_role.values():
        reference = one.outcome.facts.get("reference", one.outcome.series)
        if one.outcome.series == reference and _current(masks, one.outcome.series):
            return one
    raise InputError(
        f"{source}: must hold a mask of {ROI} on the series of {label} that gave the grid; it does not.",
        hint="Draw it there, or register to the series that it is drawn on.",
    )


def _current(masks: SessionMasks, series: str) -> list[MaskVersion]:
    """The newest masks of all lesions on a series; locked ones alone where there are any."""
    drawn = _lesions(masks, series)
    return [one for one in drawn if one.locked] or drawn


def _lesions(masks: SessionMasks, series: str) -> list[MaskVersion]:
    return [one for one in masks.current() if one.series == series and is_of(one.roi, ROI)]


def _union(masks: SessionMasks, versions: Sequence[MaskVersion], image: Volume) -> Mask:
    whole = np.zeros(image.array.shape, np.bool_)
    for one in versions:
        mask, grid = read_mask(masks.path(one))
        if difference := grid_difference(image, grid):
            raise InputError(f"mask: must lie on the grid of the image; found {difference}.")
        whole |= mask
    return whole
