"""What a network is trained on: images of a patient with drawn regions, as they are and on the model grid."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.errors import InputError
from sarcoma_core.imaging.grid import ModelGrid, model_grid, padded, to_model
from sarcoma_core.imaging.volume import Floats, Mask, Spacing, Volume, check_values
from sarcoma_core.segmentation.inference.intensities import percentiles_of

LEAST_VOXELS: Final = 8
"""Of a drawn tumour: less is a slip of the hand, and no network learns from it."""


@dataclass(frozen=True, slots=True, eq=False)
class NativeCase:
    """Images of one patient on one grid, with what was drawn on it.

    Args:
        images: of each sequence, z-scores, shape (x, y, z).
        affine: of all of them, voxel to RAS mm.
        masks: of each region that was drawn; a region that is not among them was not looked for.
    """

    images: tuple[Floats, ...]
    affine: NDArray[np.float64]
    masks: Mapping[str, Mask]

    @property
    def volume(self) -> Volume:
        """The first sequence, with the grid."""
        return Volume(self.images[0], self.affine)


@dataclass(frozen=True)
class CaseSource:
    """A case that is read when it is needed, so that memory holds one at a time.

    Args:
        subject: label of the patient; the cases of one are never parted.
        session: label of the session.
        read: the case.
    """

    subject: str
    session: str
    read: Callable[[], NativeCase]

    @property
    def name(self) -> str:
        """What tells it from another."""
        return f"{self.subject}/{self.session}"


@dataclass(frozen=True)
class CaseFacts:
    """What a plan is made of.

    Args:
        shape: voxels of the native grid.
        spacing: of the native grid, mm.
        in_plane: the smallest spacing, mm.
        across: the largest, mm.
        slice_axis: of the patient's axes (0 right-left, 1 anterior-posterior, 2 superior-inferior) the one
            that the slices are nearest to be across.
        extent: of the image along right-left, anterior-posterior and superior-inferior, mm.
        along: spacing along the same axes, mm.
        intensity: of each sequence the `PERCENTILES` of what is not air.
        volume_ml: of each region that was drawn.
    """

    shape: tuple[int, int, int]
    spacing: Spacing
    slice_axis: int
    extent: tuple[float, float, float]
    along: tuple[float, float, float]
    intensity: tuple[tuple[float, ...], ...]
    volume_ml: Mapping[str, float]

    @property
    def in_plane(self) -> float:
        """The smallest spacing, mm."""
        return min(self.spacing)

    @property
    def across(self) -> float:
        """The largest spacing, mm."""
        return max(self.spacing)


@dataclass(frozen=True, slots=True, eq=False)
class PreparedCase:
    """A case on the model grid, small enough that a whole cohort stays in memory.

    Args:
        name: of its source.
        image: shape (sequences, x, y, z).
        soft: the part of each voxel that a region covers, shape (regions, x, y, z); 0 where not drawn.
        drawn: of each region, whether it was looked for.
        fills: of each sequence the value of air.
        grid: how the model grid lies in the native one.
        packed: of each drawn region its voxels on the native grid, eight in a byte.
    """

    name: str
    image: NDArray[np.float16]
    soft: NDArray[np.float16]
    drawn: NDArray[np.bool_]
    fills: tuple[float, ...]
    grid: ModelGrid
    packed: Mapping[str, NDArray[np.uint8]]

    def mask(self, region: str) -> Mask:
        """A region that was drawn, on the native grid."""
        bits = np.unpackbits(self.packed[region], count=int(np.prod(self.grid.native_shape)))
        return bits.reshape(self.grid.native_shape).view(np.bool_)


def check_case(case: NativeCase, sequences: Sequence[str], region: str) -> None:
    """Whether a network can learn from a case.

    Args:
        case: the case.
        sequences: that it has to have.
        region: that has to be drawn, though it may be empty: a patient without a tumour.

    Raises:
        InputError: an image is not 3D, not finite or constant, shapes differ, the region was not drawn, or it
            is a few voxels.
    """
    if len(case.images) != len(sequences):
        raise InputError(f"images: must be {' and '.join(sequences)}; found {len(case.images)}.")
    for image in case.images:
        check_values(image)
        if image.shape != case.images[0].shape:
            raise InputError(f"images: must have one shape; found {image.shape} and {case.images[0].shape}.")
    if region not in case.masks:
        raise InputError(f"masks: must have the region {region}; it was not drawn.")
    for name, mask in case.masks.items():
        if mask.shape != case.images[0].shape:
            raise InputError(f"mask {name}: must have the shape of the images, {case.images[0].shape}.")
    voxels = int(np.count_nonzero(case.masks[region]))
    if 0 < voxels < LEAST_VOXELS:
        raise InputError(f"mask {region}: must hold {LEAST_VOXELS} voxels or more; found {voxels}.")


def survey(case: NativeCase) -> CaseFacts:
    """What a plan has to know of a case."""
    volume = case.volume
    grid = model_grid(volume, volume.spacing, slices_last=False)
    along = tuple(volume.spacing[axis] for axis in grid.order)
    extent = tuple(volume.spacing[axis] * volume.array.shape[axis] for axis in grid.order)
    x, y, z = volume.array.shape
    return CaseFacts(
        shape=(x, y, z),
        spacing=volume.spacing,
        slice_axis=int(np.argmax(along)),
        extent=(extent[0], extent[1], extent[2]),
        along=(along[0], along[1], along[2]),
        intensity=tuple(percentiles_of(image) for image in case.images),
        volume_ml={
            name: float(np.count_nonzero(mask)) * volume.voxel_ml for name, mask in case.masks.items()
        },
    )


def prepare(
    name: str,
    case: NativeCase,
    regions: Sequence[str],
    spacing: Spacing,
    *,
    slices_last: bool,
    least: Sequence[int] = (1, 1, 1),
) -> PreparedCase:
    """A case on the model grid.

    Args:
        name: of its source.
        case: as it is.
        regions: of the network.
        spacing: of the model grid, mm.
        slices_last: whether the third axis of the model grid goes across the slices.
        least: voxels along each axis; a smaller image is padded with air.
    """
    grid = model_grid(case.volume, spacing, slices_last=slices_last)
    fills = tuple(float(image.min()) for image in case.images)
    images = [
        padded(to_model(image, grid, fill=fill), least, fill=fill)[0]
        for image, fill in zip(case.images, fills, strict=True)
    ]
    soft = [
        padded(to_model(case.masks[region], grid), least, fill=0.0)[0]
        if region in case.masks
        else np.zeros_like(images[0])
        for region in regions
    ]
    return PreparedCase(
        name=name,
        image=np.stack(images).astype(np.float16),
        soft=np.stack(soft).astype(np.float16),
        drawn=np.array([region in case.masks for region in regions]),
        fills=fills,
        grid=grid,
        packed={region: np.packbits(case.masks[region]) for region in regions if region in case.masks},
    )
