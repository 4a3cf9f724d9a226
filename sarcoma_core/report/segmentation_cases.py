"""The worst cases of a segmentation study: the reference and the automatic outline where they differ most."""

from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np

from sarcoma_core.archive.folder import SessionFolder
from sarcoma_core.archive.masks import MASKS_LABEL, SEG_LABEL
from sarcoma_core.errors import ArchiveError, InputError
from sarcoma_core.imaging.nifti_masks import read_mask
from sarcoma_core.imaging.volume import Mask, Volume
from sarcoma_core.provenance import sha256
from sarcoma_core.report.agreement_pictures import OutlinedCase, ground_of_image, outlined_case, own_ground
from sarcoma_core.report.mask_pictures import Ground
from sarcoma_core.segmentation.evaluation.cases import ScoredCase
from sarcoma_core.segmentation.evaluation.evaluation import SegmentationEvaluation
from sarcoma_core.segmentation.evaluation.scanners import IMAGES_LABEL
from sarcoma_core.segmentation.readers.agreement import CaseAgreement, PairScores
from sarcoma_core.segmentation.readers.records import ReadingTarget

OUTLINES: Final = ("reference", "automatic")
"""Whose outlines there are, in the order of the legend."""
_SUFFIX: Final = ".nii.gz"


def worst_cases(
    found: SegmentationEvaluation, sessions: Mapping[str, Path], most: int
) -> tuple[tuple[ScoredCase, OutlinedCase], ...]:
    """The worst cases whose masks are still there, with pictures.

    Args:
        found: the evaluation.
        sessions: the folder of each session, by label.
        most: pictures of so many cases.
    """
    drawn = ((one, picture) for one in found.worst_first if (picture := _drawn(one, sessions)))
    return tuple(islice(drawn, most))


def _drawn(one: ScoredCase, sessions: Mapping[str, Path]) -> OutlinedCase | None:
    """A case; None where a mask was changed or is gone, as that of an earlier evaluation may be."""
    if one.session not in sessions:
        return None
    folder = SessionFolder(sessions[one.session], (IMAGES_LABEL,))
    try:
        reference, grid = _mask(folder, MASKS_LABEL, one.reference, one.reference_sha256)
        automatic = np.zeros_like(reference)
        if one.mask:
            automatic, _ = _mask(folder, SEG_LABEL, one.mask, one.mask_sha256)
        ground = _ground(folder, one.series, grid)
    except (InputError, OSError):
        return None
    masks = dict(zip(OUTLINES, (reference, automatic), strict=True))
    return outlined_case(_as_agreement(one), masks, grid, ground, OUTLINES)


def _mask(folder: SessionFolder, label: str, handle: str, digest: str) -> tuple[Mask, Volume]:
    """The very mask that was compared.

    Raises:
        InputError: it was changed since.
        OSError: it is gone.
    """
    path = folder.resource(label) / f"{handle}{_SUFFIX}"
    if sha256(path) != digest:
        raise InputError("mask: must be the one that was compared; it was changed since.")
    return read_mask(path)


def _ground(folder: SessionFolder, series: str, grid: Volume) -> Ground:
    try:
        held = next((one for one in folder.series() if one.outcome.series == series), None)
    except ArchiveError:  # not converted here
        held = None
    return own_ground(grid) if held is None else ground_of_image(held.volume, held.outcome, grid)


def _as_agreement(one: ScoredCase) -> CaseAgreement:
    """The case as one of two readers."""
    volumes = dict(zip(OUTLINES, (one.scores.reference_ml, one.scores.other_ml), strict=True))
    return CaseAgreement(
        ReadingTarget(one.session, one.series, one.group.region),
        dict(zip(OUTLINES, (one.reference, one.mask), strict=True)),
        volumes,
        (PairScores(*OUTLINES, one.scores),),
    )
