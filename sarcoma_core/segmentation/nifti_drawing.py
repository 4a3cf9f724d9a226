"""Masks that another tool wrote as NIfTI, as a drawing like any other."""

from functools import cached_property
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from sarcoma_core.dicom.drawings import DrawingSource, DrawnRegion, PlacedMask
from sarcoma_core.errors import SeriesRefused
from sarcoma_core.imaging.grids import grid_difference
from sarcoma_core.imaging.nifti_masks import read_labels
from sarcoma_core.imaging.resampling import resample_mask
from sarcoma_core.imaging.slice_views import OFF_VOXELS
from sarcoma_core.imaging.volume import Volume

_NOTHING = "nothing is marked: who read it saw none"


class NiftiDrawing:
    """A NIfTI file of masks: one region for each label, of several called `<name>_<label>`.

    Args:
        path: the file; read at once.
        name: of the file, without its suffix.
        may_be_empty: whether a mask without a voxel says that nothing is there; else it is no drawing.

    Raises:
        InputError: it is no NIfTI file, or an image rather than masks.
        OSError: it cannot be read.
    """

    def __init__(self, path: Path, name: str, *, may_be_empty: bool = False) -> None:
        self._read = read_labels(path)
        self._name = name
        self._may_be_empty = may_be_empty

    @property
    def source(self) -> DrawingSource:
        """NIfTI says nothing of itself."""
        return DrawingSource("NIFTI", "")

    @cached_property
    def regions(self) -> tuple[DrawnRegion, ...]:
        """One for each label."""
        labels = sorted(self._read.masks) or ([1] if self._may_be_empty else [])
        several = labels != [1]
        return tuple(
            DrawnRegion(label, f"{self._name}_{label}" if several else self._name) for label in labels
        )

    def on(self, number: int, grid: Volume) -> PlacedMask:
        """One label on the grid of a volume.

        Raises:
            SeriesRefused: it is empty, or lies outside the volume.
            InputError: the axes of a grid are not at right angles.
        """
        if not self._read.masks and self._may_be_empty:
            return PlacedMask(np.zeros(grid.array.shape, np.bool_), "as drawn", (_NOTHING,))
        mask = self._read.masks[number]
        if not mask.any():
            raise SeriesRefused("it is empty: no voxel is marked.")
        difference = self._difference(grid)
        if not difference:
            return PlacedMask(mask, "as drawn", self._notes)
        affine = self._read.volume.affine
        placed = resample_mask(mask, affine, grid, sitk.Transform(3, sitk.sitkIdentity))
        if not placed.any():
            raise SeriesRefused("it lies outside the image.")
        return PlacedMask(placed, "resampled", (*self._notes, f"it was drawn on another grid: {difference}"))

    def fits(self, grid: Volume) -> bool:
        """Whether it has the grid of a volume, to a tenth of a voxel."""
        return not self._difference(grid)

    def _difference(self, grid: Volume) -> str:
        return grid_difference(self._read.volume, grid, within=OFF_VOXELS)

    @property
    def _notes(self) -> tuple[str, ...]:
        """What a reader has to know of each of its regions."""
        notes = []
        if self._read.probable:
            notes.append("probabilities: a half or more counts")
        if apart := self._read.forms_apart:
            notes.append(f"its qform and sform differ ({apart}): the sform was used")
        return tuple(notes)
