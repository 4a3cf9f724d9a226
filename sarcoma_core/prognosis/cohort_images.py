"""The tumours of a frozen cohort on the cube of a network, from the very files that were frozen.

Several sequences are taken as `register` left them, on one grid; a lone one as `normalise` left it, on its
own. Sessions are read one after the other; one that cannot be used is told, and stops no other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from sarcoma_core.archive.folder import SeriesFiles, SessionFolder
from sarcoma_core.archive.frozen import FrozenSession, frozen_masks, frozen_resource
from sarcoma_core.archive.masks import MASKS_LABEL, MaskVersion, SessionMasks
from sarcoma_core.errors import InputError
from sarcoma_core.imaging.grids import grid_difference
from sarcoma_core.imaging.nifti_masks import read_mask
from sarcoma_core.imaging.volume import Mask, Volume, read_nifti
from sarcoma_core.models.segmentation_task import ON_ONE_GRID, ONE_SEQUENCE
from sarcoma_core.prognosis.tumour_image import CubeRules, TumourImage, extent_of, tumour_image
from sarcoma_core.training.segmentation.project import is_of

ROI: Final = "tumour"


class DrawnSession(NamedTuple):
    """The images of a session on one grid, with its tumour.

    Attributes:
        images: z-scores by role.
        mask: of all lesions of the tumour.
        locked: whether a person has said that it is final.
    """

    images: Mapping[str, Volume]
    mask: Mask
    locked: bool


@dataclass(frozen=True)
class CohortImages:
    """Tumours of a cohort.

    Args:
        found: by subject.
        missing: why a patient has none, by subject.
        unlocked: how many masks nobody has said to be final.
    """

    found: Mapping[str, TumourImage]
    missing: Mapping[str, str]
    unlocked: int = 0


def cohort_extents(
    members: Sequence[FrozenSession], sessions: Mapping[str, Path], sequences: Sequence[str]
) -> list[tuple[float, float, float]]:
    """How far the drawn tumours reach, mm; of sessions that cannot be used nothing.

    Args:
        members: of the cohort.
        sessions: the folder of each session, by label.
        sequences: role of each channel.
    """
    found = []
    for member in members:
        try:
            drawn = drawn_session(member, sessions, sequences)
        except (InputError, OSError):
            continue  # `cohort_images` tells why
        found.append(extent_of(next(iter(drawn.images.values())), drawn.mask))
    return found


def cohort_images(
    members: Sequence[FrozenSession], sessions: Mapping[str, Path], rules: CubeRules
) -> CohortImages:
    """The tumour of each patient on the cube.

    Args:
        members: of the cohort.
        sessions: the folder of each session, by label.
        rules: of the cube.
    """
    found: dict[str, TumourImage] = {}
    missing: dict[str, str] = {}
    unlocked = 0
    for member in members:
        try:
            drawn = drawn_session(member, sessions, rules.sequences)
            found[member.subject] = tumour_image(drawn.images, drawn.mask, rules)
            unlocked += not drawn.locked
        except InputError as error:
            missing[member.subject] = error.message
        except OSError as error:
            missing[member.subject] = f"a file cannot be read: {error.strerror or type(error).__name__}"
    return CohortImages(found, missing, unlocked)


def drawn_session(
    frozen: FrozenSession, sessions: Mapping[str, Path], sequences: Sequence[str]
) -> DrawnSession:
    """The images and the tumour of one session.

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
    on = _drawn_on(by_role, masks, label)
    versions = _current(masks, on.outcome.series)
    roles = by_role if label == ON_ONE_GRID else {r: one for r, one in by_role.items() if one is on}
    images = {role: read_nifti(one.volume) for role, one in roles.items()}
    grid = next(iter(images.values()))
    for image in images.values():
        if difference := grid_difference(grid, image):
            raise InputError(f"{label}: must hold its series on one grid; found {difference}.")
    return DrawnSession(images, _union(masks, versions, grid), all(one.locked for one in versions))


def image_label(frozen: FrozenSession) -> str:
    """The resource that images of a session are taken from: that on one grid where there is one.

    Args:
        frozen: of the cohort.
    """
    return ON_ONE_GRID if ON_ONE_GRID in frozen.labels else ONE_SEQUENCE


def _drawn_on(by_role: Mapping[str, SeriesFiles], masks: SessionMasks, label: str) -> SeriesFiles:
    """The series that the tumour was drawn on; registered, the one that gave the others its grid."""
    for one in by_role.values():
        reference = one.outcome.facts.get("reference", one.outcome.series)
        if one.outcome.series == reference and _current(masks, one.outcome.series):
            return one
    raise InputError(
        f"{MASKS_LABEL}: must hold a mask of {ROI} on the series of {label} that gave the grid; it does not.",
        hint="Draw it there, or register to the series that it is drawn on.",
    )


def _current(masks: SessionMasks, series: str) -> list[MaskVersion]:
    """The newest masks of all lesions on a series; locked ones alone where there are any."""
    drawn = [one for one in masks.current() if one.series == series and is_of(one.roi, ROI)]
    return [one for one in drawn if one.locked] or drawn


def _union(masks: SessionMasks, versions: Sequence[MaskVersion], image: Volume) -> Mask:
    whole = np.zeros(image.array.shape, np.bool_)
    for one in versions:
        mask, grid = read_mask(masks.path(one))
        if difference := grid_difference(image, grid):
            raise InputError(f"mask: must lie on the grid of the image; found {difference}.")
        whole |= mask
    return whole
