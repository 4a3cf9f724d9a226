"""One mask of several readers: STAPLE, or what most of them marked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Final, Literal, NamedTuple, get_args

import numpy as np
import SimpleITK as sitk

from sarcoma_core.errors import InputError
from sarcoma_core.imaging.volume import Mask

ConsensusMethod = Literal["staple", "majority"]
METHODS: Final[tuple[ConsensusMethod, ...]] = get_args(ConsensusMethod)

LEAST_FOR_STAPLE: Final = 3
"""Of two readers STAPLE cannot tell who is right: what one marks alone is as likely as what it is not."""
MARGIN: Final = 5
"""Voxels around what anybody marked. The prior and the specificities depend on it, so it is told."""
MOST_ROUNDS: Final = 500
"""Readers who see the same take 3 to 50. Where one holds all that another does it creeps; of masks that have
nothing to do with one another it never ends."""
_CREEPS = 0.001
"""By so much no sensitivity or specificity may still change in the second half of the rounds."""
_HALF = 0.5


class ReaderPerformance(NamedTuple):
    """A reader against the consensus, as STAPLE estimates it.

    Attributes:
        reader: id.
        sensitivity: the part of the region that the reader marked, 0 to 1.
        specificity: the part of the rest of the box that the reader left out, 0 to 1.
    """

    reader: str
    sensitivity: float
    specificity: float


@dataclass(frozen=True, slots=True, eq=False)
class ConsensusMask:
    """What several readers come to.

    Args:
        mask: on their grid; booleans, shape (x, y, z).
        method: how it was made.
        prior: what part of the box is taken for the region beforehand: the mean over readers; None for a
            majority.
        performance: of each reader; none for a majority.
    """

    mask: Mask
    method: ConsensusMethod
    prior: float | None = None
    performance: tuple[ReaderPerformance, ...] = ()


def consensus(masks: Mapping[str, Mask], method: ConsensusMethod) -> ConsensusMask:
    """One mask of those of several readers.

    Args:
        masks: of each reader, on one grid; booleans, shape (x, y, z).
        method: `staple`: voxels whose probability is a half or more; `majority`: those that more than half of
            the readers marked, which of two is what both did.

    Raises:
        InputError: there are fewer than two readers, or they agree too little for STAPLE to settle.

    Source:
        Warfield SK, Zou KH, Wells WM. IEEE Transactions on Medical Imaging 23(7):903-921, 2004,
        doi:10.1109/TMI.2004.828354.
    """
    least = 2
    if len(masks) < least:
        raise InputError(f"consensus: must be of {least} readers or more; found {len(masks)}.")
    return _staple(masks) if method == "staple" else _majority(masks)


def _majority(masks: Mapping[str, Mask]) -> ConsensusMask:
    whole = np.zeros_like(next(iter(masks.values())))
    if (box := _box(_union(masks))) is not None:
        votes = sum((mask[box].astype(np.uint16) for mask in masks.values()), np.uint16(0))
        whole[box] = 2 * votes > len(masks)
    return ConsensusMask(whole, "majority")


def _union(masks: Mapping[str, Mask]) -> Mask:
    """What anybody marked, in the order in which the masks lie in memory."""
    return reduce(np.logical_or, masks.values())


def _staple(masks: Mapping[str, Mask]) -> ConsensusMask:
    whole = np.zeros_like(next(iter(masks.values())))
    box = _box(_union(masks))
    if box is None:  # nobody marked anything, and all are right
        told = tuple(ReaderPerformance(reader, 1.0, 1.0) for reader in masks)
        return ConsensusMask(whole, "staple", 0.0, told)
    cut = [np.ascontiguousarray(mask[box]).view(np.uint8) for mask in masks.values()]
    prior = float(np.mean([one.mean() for one in cut]))
    if prior == 1.0:  # a mask that fills its image leaves no outside to be specific about
        told = tuple(ReaderPerformance(reader, 1.0, 1.0) for reader in masks)
        whole[box] = True
        return ConsensusMask(whole, "staple", prior, told)
    images = [sitk.GetImageFromArray(one) for one in cut]
    found = _estimate(images, MOST_ROUNDS // 2)
    if not found.ended:
        before, found = found, _estimate(images, MOST_ROUNDS)
        if not found.is_near(before):
            raise InputError(
                f"consensus: STAPLE must settle within {MOST_ROUNDS} rounds; it does not: they agree little.",
                hint="Take one of them, or what most marked: --method majority.",
            )
    whole[box] = found.inside
    told = tuple(
        ReaderPerformance(reader, p, q)
        for reader, p, q in zip(masks, found.sensitivities, found.specificities, strict=True)
    )
    return ConsensusMask(whole, "staple", prior, told)


class _Estimate(NamedTuple):
    inside: Mask
    sensitivities: tuple[float, ...]
    specificities: tuple[float, ...]
    ended: bool

    def is_near(self, other: "_Estimate") -> bool:
        mine, theirs = (one.sensitivities + one.specificities for one in (self, other))
        apart = max(abs(a - b) for a, b in zip(mine, theirs, strict=True))
        return apart <= _CREEPS and np.array_equal(self.inside, other.inside)


def _estimate(images: Sequence[sitk.Image], rounds: int) -> _Estimate:
    staple = sitk.STAPLEImageFilter()
    staple.SetForegroundValue(1)
    staple.SetMaximumIterations(rounds)
    likely = staple.Execute(images)
    return _Estimate(
        sitk.GetArrayFromImage(likely) >= _HALF,
        tuple(map(float, staple.GetSensitivity())),
        tuple(map(float, staple.GetSpecificity())),
        staple.GetElapsedIterations() < rounds,
    )


def _box(union: Mask) -> tuple[slice, ...] | None:
    """What holds every marked voxel, with the margin, as far as the image goes."""
    box = []
    for axis, size in enumerate(union.shape):
        held = np.flatnonzero(union.any(axis=tuple(other for other in range(union.ndim) if other != axis)))
        if not held.size:
            return None
        box.append(slice(max(0, int(held[0]) - MARGIN), min(size, int(held[-1]) + 1 + MARGIN)))
    return tuple(box)
