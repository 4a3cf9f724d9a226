"""Pairs of NIfTI masks on one grid: what a file must be, and what is told where two do not match."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sarcoma_core.archive.drawn import nifti_stem
from sarcoma_core.archive.folder import visible_files
from sarcoma_core.errors import InputError, UsageError
from sarcoma_core.imaging.grids import grid_difference
from sarcoma_core.imaging.nifti_masks import ones
from sarcoma_core.imaging.volume import Mask, Spacing, Volume, read_nifti


@dataclass(frozen=True, slots=True, eq=False)
class MaskPair:
    """Two masks on one grid.

    Args:
        reference: shape (x, y, z).
        other: of the same shape.
        spacing: mm.
    """

    reference: Mask
    other: Mask
    spacing: Spacing


def pair_files(reference: Path, other: Path) -> list[tuple[str, Path, Path]]:
    """Which files belong together: the two themselves, or those of the same name in two folders.

    Args:
        reference: a NIfTI file, or a folder of them at any depth.
        other: of the same kind.

    Returns:
        For each pair its name and both files; by name.

    Raises:
        UsageError: one is not there, they are a file and a folder, or a folder holds no NIfTI.
        InputError: a file of one folder has no partner in the other.
    """
    for argument, path in (("A", reference), ("B", other)):
        if not path.exists():
            raise UsageError(f"{argument}: must be a NIfTI file or a folder; found nothing there.")
    if reference.is_dir() != other.is_dir():
        raise UsageError("B: must be a file where A is one, and a folder where A is one; found one of each.")
    if not reference.is_dir():
        return [(other.name, reference, other)]
    first, second = _names(reference), _names(other)
    for argument, names in (("A", first), ("B", second)):
        if not names:
            raise UsageError(f"{argument}: must hold NIfTI files (.nii, .nii.gz); found none.")
    lone = len(set(first) - set(second)), len(set(second) - set(first))
    if any(lone):
        raise InputError(
            f"B: must hold the same file names as A; {lone[0]} of {len(first)} are in A alone, "
            f"{lone[1]} of {len(second)} in B alone.",
            hint="Write an empty mask where nothing was found, so that it is counted; move away the others.",
        )
    return [(name, first[name], second[name]) for name in sorted(first)]


def read_pair(reference: Path, other: Path, *, label: int | None = None) -> MaskPair:
    """Read two masks on one grid.

    Args:
        reference: a NIfTI file with 0 and 1, or with labels.
        other: as above.
        label: the value that is the mask; None where the files hold 0 and 1 alone.

    Raises:
        InputError: one is no NIfTI or no mask, or the grids differ.
        OSError: one cannot be read.
    """
    first, second = _volume(reference, "A"), _volume(other, "B")
    difference = grid_difference(first, second)
    if difference:
        raise InputError(
            f"A and B: must lie on one grid; found {difference}.",
            hint="Bring B onto the grid of A first: import-masks does so for drawn masks. "
            "To resample a mask, interpolate linearly and keep a half or more.",
        )
    return MaskPair(_mask(first, "A", label), _mask(second, "B", label), first.spacing)


def _names(folder: Path) -> dict[str, Path]:
    found = (path for path in visible_files(folder) if nifti_stem(path.name))
    return {path.relative_to(folder).as_posix(): path for path in found}


def _volume(path: Path, argument: str) -> Volume:
    try:
        return read_nifti(path)
    except InputError as error:
        raise InputError(f"{argument}: {error.message}", hint=error.hint) from None


def _mask(volume: Volume, argument: str, label: int | None) -> Mask:
    values = volume.array
    if label is not None:
        return np.asarray(values == label)
    inside = ones(values)
    if inside is None:
        raise InputError(
            f"{argument}: must hold 0 and 1 alone; found values from {values.min():g} to {values.max():g}.",
            hint="Name the value that is the mask: --label N. A map of probabilities is no mask.",
        )
    return inside
