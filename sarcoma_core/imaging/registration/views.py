"""A volume as registration sees it: values from 0 to 1, smoothed and on a grid as coarse as is asked for."""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from sarcoma_core.errors import InputError
from sarcoma_core.imaging.blocks import grown
from sarcoma_core.imaging.registration.bodies import body_in, of_muscle
from sarcoma_core.imaging.registration.information import Points
from sarcoma_core.imaging.resampling import Affine, as_image, lps
from sarcoma_core.imaging.volume import Floats, Mask, Volume, check_mask, check_values

SEED: Final = 11
"""Of the choice of samples."""

_SOFT_TISSUE = (-150.0, 150.0)  # HU: below is air, above is bone; with a wider one, up to 1 mm is lost
_MR_PERCENTILES = (0.5, 99.5)
_MOST_SAMPLES = 100_000
_FEWEST_VOXELS = 4  # along an axis: what a recursive filter needs


class Lattice(NamedTuple):
    """Values on a coarse grid.

    Args:
        values: 0 to 1, shape (x, y, z).
        to_lps: voxel to LPS mm.
        body: shape (x, y, z).
    """

    values: Floats
    to_lps: Affine
    body: Mask

    def points(self, mask: Mask) -> Points:
        """Where the voxels of a mask lie, LPS mm."""
        return np.asarray(np.argwhere(mask) @ self.to_lps[:3, :3].T + self.to_lps[:3, 3], np.float64)


class Sample(NamedTuple):
    """Points of the fixed volume at which the information is taken: its body and a rim around it.

    Args:
        lattice: that they are points of.
        voxels: which, shape (n, 3).
        points: LPS mm.
        values: 0 to 1.
        in_body: whether each lies in the body itself.
    """

    lattice: Lattice
    voxels: NDArray[np.intp]
    points: Points
    values: Floats
    in_body: Mask


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A volume that can be registered.

    Args:
        volume: as it is.
        modality: DICOM Modality.
        body: where the body is; all of the volume where it could not be told.
        found: whether it was.
        values: 0 to 1, on the volume's grid.
    """

    volume: Volume
    modality: str
    body: Mask
    found: bool
    values: sitk.Image

    @classmethod
    def of(cls, volume: Volume, modality: str, body: Mask | None = None) -> "View":
        """Make a volume ready.

        Args:
            volume: MR in any unit, CT in HU, PET in SUV or another unit.
            modality: DICOM Modality.
            body: of the volume, where it is known already.

        Raises:
            InputError: the volume is not 3D, not finite, constant, under 4 voxels along an axis or on a grid
                that is not at right angles; the body has another shape or is empty.
        """
        check_values(volume.array)
        if min(volume.array.shape) < _FEWEST_VOXELS:
            raise InputError(
                f"volume: must have {_FEWEST_VOXELS} voxels or more along each axis; found "
                f"{min(volume.array.shape)}."
            )
        if body is None:
            body = body_in(volume, modality)
        else:
            check_mask(body, volume.array.shape)
        mask = np.ones(volume.array.shape, np.bool_) if body is None else body
        values = _between_0_and_1(volume.array, mask, modality)
        return cls(volume, modality, mask, body is not None, as_image(values, volume.affine))

    def lattice(self, step: float, *, smoothing: float = 0.5) -> Lattice:
        """The volume, smoothed, in steps of so many mm along each axis, or its own where these are wider.

        Args:
            step: mm.
            smoothing: standard deviation of a Gaussian, as part of the step.
        """
        smooth = sitk.SmoothingRecursiveGaussian(self.values, smoothing * step)
        affine = lps(self.volume.affine)
        shape, spacing = np.array(self.volume.array.shape), np.array(self.volume.spacing)
        steps = np.maximum(spacing, step)
        sizes = np.maximum(np.ceil(shape * spacing / steps), 2).astype(int)
        directions = affine[:3, :3] / spacing
        origin = affine[:3, 3] + directions @ (((shape - 1) * spacing - (sizes - 1) * steps) / 2)
        to_lps = np.eye(4)
        to_lps[:3, :3], to_lps[:3, 3] = directions * steps, origin
        body = as_image(self.body.astype(np.float32), self.volume.affine)
        made = (_sampled(image, sizes, steps, to_lps) for image in (smooth, body))
        values, inside = made
        return Lattice(values, to_lps, inside >= 0.5)  # noqa: PLR2004  half

    def sample(self, step: float, *, smoothing: float = 0.5, rim: float = 8.0) -> Sample:
        """Points of the body and of a rim around it; 100 000 at most, by a seed.

        Args:
            step: mm between them.
            smoothing: see `lattice`.
            rim: mm of what is around the body: its outline tells where it lies.
        """
        lattice = self.lattice(step, smoothing=smoothing)
        reach = [max(1, round(rim / size)) for size in np.linalg.norm(lattice.to_lps[:3, :3], axis=0)]
        wide = grown(lattice.body, reach)
        voxels = np.argwhere(wide)
        if len(voxels) > _MOST_SAMPLES:
            chosen = np.random.default_rng(SEED).choice(len(voxels), _MOST_SAMPLES, replace=False)
            voxels = voxels[np.sort(chosen)]
        index = tuple(voxels.T)
        points = voxels @ lattice.to_lps[:3, :3].T + lattice.to_lps[:3, 3]
        return Sample(lattice, voxels, points, lattice.values[index], lattice.body[index])


def _between_0_and_1(array: Floats, body: Mask, modality: str) -> Floats:
    """Values that differ by tissue.

    Of CT the soft tissues, of PET the uptake over the sum of itself and that of muscle, of MR the middle.
    """
    values: Floats = array
    if modality == "CT":
        low, high = _SOFT_TISSUE
        values = np.where(body, array, np.float32(low))  # the table is air
    elif modality == "PT":
        uptake = np.maximum(array, 0)
        values = np.asarray(uptake / (uptake + np.float32(of_muscle(array))), np.float32)
        low, high = 0.0, 1.0
    else:
        low, high = (float(value) for value in np.percentile(array[body], _MR_PERCENTILES))
        low = min(low, float(np.percentile(array, 1)))
    scaled = (values - np.float32(low)) / np.float32(max(high - low, float(np.finfo(np.float32).tiny)))
    return np.asarray(np.clip(scaled, 0, 1), np.float32)


def _sampled(
    image: sitk.Image, sizes: NDArray[np.intp], steps: NDArray[np.float64], to_lps: Affine
) -> Floats:
    """An image on a grid; its edge goes on outside, where half a step of the grid may lie."""
    resampler = sitk.ResampleImageFilter()
    resampler.SetSize([int(size) for size in sizes])
    resampler.SetOutputSpacing([float(step) for step in steps])
    resampler.SetOutputOrigin([float(value) for value in to_lps[:3, 3]])
    resampler.SetOutputDirection([float(value) for value in (to_lps[:3, :3] / steps).ravel()])
    resampler.UseNearestNeighborExtrapolatorOn()
    return np.asarray(sitk.GetArrayFromImage(resampler.Execute(image)).T, np.float32)
