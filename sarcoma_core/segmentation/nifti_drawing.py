"""Masks that another tool wrote as NIfTI, as a drawing like any other."""

from functools import cached_property
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from sarcoma_core.dicom.drawings import DrawingSource, DrawnRegion, PlacedMask
from sarcoma_core.errors import SeriesRefused
from sarcoma_core.imaging.nifti_masks import read_labels
from sarcoma_core.imaging.resampling import resample_mask
from sarcoma_core.imaging.volume import Volume

_SAME_MM = 0.01
"""By which two affines may differ where they are one grid: NIfTI keeps them in single precision."""


class NiftiDrawing:
    """A NIfTI file of masks: one region for each label, of several called `<name>_<label>`.

    Args:
        path: the file; read at once.
        name: of the file, without its suffix.

    Raises:
        InputError: it is no NIfTI file, or an image rather than masks.
        OSError: it cannot be read.
    """

    def __init__(self, path: Path, name: str) -> None:
        self._masks, self._volume, self._probable = read_labels(path)
        self._name = name

    @property
    def source(self) -> DrawingSource:
        """NIfTI says nothing of itself."""
        return DrawingSource("NIFTI", "")

    @cached_property
    def regions(self) -> tuple[DrawnRegion, ...]:
        """One for each label."""
        several = len(self._masks) > 1 or any(label != 1 for label in self._masks)
        return tuple(
            DrawnRegion(label, f"{self._name}_{label}" if several else self._name)
            for label in sorted(self._masks)
        )

    def on(self, number: int, grid: Volume) -> PlacedMask:
        """One label on the grid of a volume.

        Raises:
            SeriesRefused: it is empty, or lies outside the volume.
            InputError: the axes of a grid are not at right angles.
        """
        mask = self._masks[number]
        if not mask.any():
            raise SeriesRefused("it is empty: no voxel is marked.")
        notes = ("probabilities: a half or more counts",) if self._probable else ()
        if self.fits(grid):
            return PlacedMask(mask, "as drawn", notes)
        placed = resample_mask(mask, self._volume.affine, grid, sitk.Transform(3, sitk.sitkIdentity))
        if not placed.any():
            raise SeriesRefused("it lies outside the image.")
        return PlacedMask(placed, "resampled", (*notes, "it was drawn on another grid"))

    def fits(self, grid: Volume) -> bool:
        """Whether it has the grid of a volume."""
        same = self._volume.array.shape == grid.array.shape
        return same and bool(np.abs(self._volume.affine - grid.affine).max() < _SAME_MM)
