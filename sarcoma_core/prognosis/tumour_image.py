"""A tumour and what lies around it, on the cube of voxels that a network takes.

The images of a session, z-scored and on one grid, are cut to the drawn tumour with a margin, resampled to
cubic voxels of the same size for every patient and laid into the middle of the cube. Nothing is stretched:
how large a tumour is tells how it will go. What is larger than the cube is cut, and that is told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.errors import InputError
from sarcoma_core.imaging.grid import Box, ModelGrid, box_of, middle, model_grid, padded, to_model, to_native
from sarcoma_core.imaging.volume import Floats, Mask, Spacing, Volume, check_values
from sarcoma_core.prognosis.design import LEAST

MOST_Z: Final = 20.0
"""Of a z-score: beyond it lies metal or a slip, and half precision has its digits to lose."""


@dataclass(frozen=True)
class CubeRules:
    """The cube.

    Args:
        sequences: role of each channel.
        edge: voxels along each axis.
        spacing_mm: of them.
        margin_mm: around the tumour that is seen besides, as far as the cube reaches.
    """

    sequences: tuple[str, ...]
    edge: int
    spacing_mm: float
    margin_mm: float = 20.0


@dataclass(frozen=True)
class ImageOrigin:
    """Where an image came from.

    Args:
        modality: of DICOM, such as `MR`; empty where it is not known.
        scanner: its manufacturer and model; likewise.
    """

    modality: str = ""
    scanner: str = ""


@dataclass(frozen=True, eq=False)
class TumourImage:
    """A tumour as a network sees it.

    Args:
        array: the sequences and the soft mask, shape (sequences + 1, edge, edge, edge); 0 where a sequence is
            missing.
        present: which sequences there are, shape (sequences,).
        volume_ml: of the tumour, on its own grid.
        extent_mm: of the box around it, along right-left, anterior-posterior and superior-inferior.
        spacing_mm: of its own grid.
        cut: the part of the tumour's mask that lies outside of the cube, 0 to 1.
        grid: how voxels of the uncut image lie in those of the session's.
        corner: the voxel of the uncut image that is the first of the cube, along each axis; below 0 where the
            cube is larger.
        origins: of each sequence that is there, by role, as far as they are known.
    """

    array: NDArray[np.float16]
    present: NDArray[np.bool_]
    volume_ml: float
    extent_mm: tuple[float, float, float]
    spacing_mm: Spacing
    cut: float
    grid: ModelGrid
    corner: tuple[int, int, int]
    origins: Mapping[str, ImageOrigin] = field(default_factory=dict)

    def seen_by(self, pattern: str, sequences: Sequence[str]) -> "TumourImage | None":
        """The same as if some of its sequences alone were there; None where one of these is not.

        Args:
            pattern: those that are, as `pattern_of` names them.
            sequences: role of each channel.
        """
        kept = np.array([role in pattern.split("+") for role in sequences], np.bool_)
        if (kept & ~self.present).any():
            return None
        there = np.append(kept, True)[:, None, None, None]
        array = np.where(there, self.array, np.float16(0))
        return replace(self, array=array, present=kept)

    def on_session(self, cube: Floats) -> Floats:
        """What was found on the cube, on the grid of the session's images; 0 where nothing was looked at.

        Args:
            cube: shape (edge, edge, edge).
        """
        uncut = np.zeros(self.grid.shape, np.float32)
        seen, whole = [], []
        for first, side, edge in zip(self.corner, uncut.shape, cube.shape, strict=True):
            low, high = max(first, 0), min(first + edge, side)
            whole.append(slice(low, high))
            seen.append(slice(low - first, high - first))
        uncut[tuple(whole)] = cube[tuple(seen)]
        return to_native(uncut, self.grid)


def patterns_of(sequences: Sequence[str]) -> tuple[str, ...]:
    """Every set of sequences that a patient may have, as `pattern_of` names it; of no sequence the empty one.

    Args:
        sequences: role of each channel.
    """
    if not sequences:
        return ("",)
    chosen = (combinations(sequences, size) for size in range(len(sequences), 0, -1))
    return tuple("+".join(some) for of_size in chosen for some in of_size)


def pattern_of(image: TumourImage | None, sequences: Sequence[str]) -> str:
    """Which sequences an image has, such as `T1CE+T2FS`; empty where a model takes none.

    Args:
        image: of the tumour.
        sequences: role of each channel.
    """
    if image is None:
        return ""
    return "+".join(role for role, there in zip(sequences, image.present, strict=True) if there)


def tumour_image(
    images: Mapping[str, Volume],
    mask: Mask,
    rules: CubeRules,
    origins: Mapping[str, ImageOrigin] | None = None,
) -> TumourImage:
    """A tumour on the cube.

    Args:
        images: z-scores by role, on one grid, one at least of those of the cube; others are not looked at.
        mask: of the tumour on that grid, all its lesions.
        rules: of the cube.
        origins: of the images, by role.

    Raises:
        InputError: no sequence is there, the mask is empty or of another shape, or an image is not finite.
    """
    there = [role for role in rules.sequences if role in images]
    if not there:
        raise InputError(f"images: must have {' or '.join(rules.sequences)}; the session has neither.")
    first = images[there[0]]
    if mask.shape != first.array.shape:
        raise InputError(f"mask: must have the shape of the images, {first.array.shape}; found {mask.shape}.")
    spacing = (rules.spacing_mm,) * 3
    grid = model_grid(first, spacing, slices_last=False, box=box_of(mask), margin_mm=rules.margin_mm)
    covered = to_model(mask, grid)
    place = _place(covered, rules.edge)
    channels = [
        _channel(images[role], grid, place) if role in there else np.zeros((rules.edge,) * 3, np.float32)
        for role in rules.sequences
    ]
    inside = _cube(covered, place, fill=0.0)
    whole = float(covered.sum())
    return TumourImage(
        array=np.stack([*channels, inside]).astype(np.float16),
        present=np.array([role in there for role in rules.sequences], np.bool_),
        volume_ml=float(np.count_nonzero(mask)) * first.voxel_ml,
        extent_mm=extent_of(first, mask),
        spacing_mm=first.spacing,
        cut=max(0.0, 1 - float(inside.sum()) / whole) if whole else 0.0,
        grid=grid,
        corner=_corner(covered.shape, place),
        origins=origins or {},
    )


def extent_of(image: Volume, mask: Mask) -> tuple[float, float, float]:
    """The box around a mask along right-left, anterior-posterior and superior-inferior, mm.

    Args:
        image: of which only shape and affine matter.
        mask: not empty.

    Raises:
        InputError: the mask is empty.
    """
    box = box_of(mask)
    order = model_grid(image, image.spacing, slices_last=False).order
    sides = [(box[axis].stop - box[axis].start) * image.spacing[axis] for axis in order]
    return sides[0], sides[1], sides[2]


def planned_spacing(extents: Sequence[tuple[float, float, float]], *, edge: int, margin_mm: float) -> float:
    """The spacing at which the largest tumours of a training fit into the cube with their margin, mm.

    It travels with a model, so it is of the mean of the five largest, and rounded up to half a millimetre:
    nobody's own size can be told from it. Of what is larger `cut` tells.

    Args:
        extents: of the tumours, along three axes each.
        edge: voxels along each axis of the cube.
        margin_mm: on each side.
    """
    largest = np.sort([max(extent) for extent in extents])[-LEAST:].mean()
    return float(np.ceil(2 * (largest + 2 * margin_mm) / edge) / 2)


def _channel(image: Volume, grid: ModelGrid, place: Box) -> Floats:
    check_values(image.array)
    values = np.clip(image.array, -MOST_Z, MOST_Z).astype(np.float32)
    air = float(values.min())
    return _cube(to_model(values, grid, fill=air), place, fill=air)


def _place(covered: Floats, edge: int) -> Box:
    """Which voxels the cube sees of an image that is padded to it, along each axis.

    The tumour lies in the middle of it, but where the image ends within the margin: there the margin of the
    other side would push a tumour out that fits. So what is cut is cut about the tumour's own middle.
    """
    starts = []
    for axis, box in enumerate(box_of(covered > 0)):
        room = max(covered.shape[axis] - edge, 0)
        starts.append(min(max((box.start + box.stop - edge) // 2, 0), room))
    x, y, z = (slice(start, start + edge) for start in starts)
    return x, y, z


def _corner(shape: Sequence[int], place: Box) -> tuple[int, int, int]:
    """Where the cube begins in the image before it is padded (`padded`)."""
    edges = [side.stop - side.start for side in place]
    inside = middle([max(have, edge) for have, edge in zip(shape, edges, strict=True)], shape)
    x, y, z = (side.start - own.start for side, own in zip(place, inside, strict=True))
    return x, y, z


def _cube(array: Floats, place: Box, *, fill: float) -> Floats:
    """In the middle of the cube: padded where it is smaller, cut where it is larger."""
    larger, _ = padded(array, [side.stop - side.start for side in place], fill=fill)
    return np.ascontiguousarray(larger[place])
