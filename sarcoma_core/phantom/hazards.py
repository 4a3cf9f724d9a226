"""Faults that series from hospitals have, planted one at a time into a written series.

Each function takes the folder of one good series, changes its files, and returns what it did. The fault
stays legal DICOM: nothing but the geometry of the series tells that something is wrong.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import FileDataset
from pydicom.uid import UID
from pydicom.valuerep import DSfloat

from sarcoma_core.errors import InputError
from sarcoma_core.phantom.randomness import uid

_FEWEST = 6  # slices: fewer leave no room for a fault in the middle


@dataclass(frozen=True, slots=True)
class Planted:
    """A fault and the instances that carry it.

    Args:
        hazard: the name of the fault.
        sop_instance_uids: the instances that were removed, added or changed.
        what: the fault in words.
    """

    hazard: str
    sop_instance_uids: tuple[str, ...]
    what: str


def missing_slice(folder: Path) -> Planted:
    """Remove a slice from the middle: one gap is twice as wide as the others."""
    slices = _read(folder)
    path, instance = slices[len(slices) // 2]
    path.unlink()
    return Planted("missing_slice", (instance.SOPInstanceUID,), "a slice from the middle is missing")


def duplicate_file(folder: Path) -> Planted:
    """Copy a file under another name: the same SOPInstanceUID and the same bytes twice."""
    path, instance = _middle(folder)
    (folder / f"COPY_{path.name}").write_bytes(path.read_bytes())
    return Planted("duplicate_file", (instance.SOPInstanceUID,), "an instance is there twice, byte for byte")


def conflicting_copy(folder: Path) -> Planted:
    """Copy an instance with other pixels: the same SOPInstanceUID with different bytes."""
    path, instance = _middle(folder)
    instance.PixelData = (instance.pixel_array // 2).astype("<u2").tobytes()
    instance.save_as(folder / f"COPY_{path.name}")
    return Planted(
        "conflicting_copy", (instance.SOPInstanceUID,), "an instance is there twice, with different pixels"
    )


def repeated_slice(folder: Path) -> Planted:
    """Acquire a slice twice: two instances of their own in one place."""
    path, instance = _middle(folder)
    _rename(instance, "repeated")
    instance.InstanceNumber = len(_read(folder)) + 1
    instance.save_as(folder / f"REPEAT_{path.name}")
    return Planted("repeated_slice", (instance.SOPInstanceUID,), "a slice was acquired twice")


def varying_spacing(folder: Path) -> Planted:
    """Move the upper half of the slices up by half a gap: the spacing is not the same everywhere."""
    slices = _read(folder)
    step = _position(slices[1][1]) - _position(slices[0][1])
    upper = slices[len(slices) // 2 :]
    for path, instance in upper:
        _move(instance, _position(instance) + step / 2)
        instance.save_as(path)
    return Planted(
        "varying_spacing", _uids(upper), "one gap between slices is one and a half times the others"
    )


def two_orientations(folder: Path) -> Planted:
    """Turn the last third of the slices into coronal ones, in the same series."""
    slices = _read(folder)
    turned = slices[-(len(slices) // 3) :]
    right, down, normal = _directions(slices[0][1])
    for path, instance in turned:
        instance.ImageOrientationPatient = _decimals(*right, *-normal)
        instance.ImageType = ["ORIGINAL", "PRIMARY", "OTHER"]
        _move(instance, _position(instance) + 10 * down)
        instance.save_as(path)
    return Planted("two_orientations", _uids(turned), "a third of the slices have another orientation")


def localizer(folder: Path) -> Planted:
    """Put a three-plane localizer into the series' own folder, as a series of its own."""
    path, instance = _middle(folder)
    right, down, normal = _directions(instance)
    centre = _centre(instance)
    series = uid(0, instance.SeriesInstanceUID, "localizer")
    axial, coronal, sagittal = (right, down), (right, -normal), (down, -normal)
    added = []
    for number, (i, j) in enumerate((axial, coronal, sagittal), start=1):
        _rename(instance, f"localizer {number}")
        instance.SeriesInstanceUID = series
        instance.SeriesNumber = 1
        instance.SeriesDescription = instance.ProtocolName = "LOCALIZER"
        instance.ImageType = ["ORIGINAL", "PRIMARY", "OTHER", "LOCALIZER"]
        instance.InstanceNumber = number
        instance.ImageOrientationPatient = _decimals(*i, *j)
        _move(instance, _corner(instance, centre, i, j))
        instance.save_as(folder / f"LOC{number}{path.suffix}")
        added.append(str(instance.SOPInstanceUID))
    return Planted("localizer", tuple(added), "a three-plane localizer lies among the files of the series")


HAZARDS: tuple[Callable[[Path], Planted], ...] = (
    missing_slice,
    duplicate_file,
    conflicting_copy,
    repeated_slice,
    varying_spacing,
    two_orientations,
    localizer,
)


def _read(folder: Path) -> list[tuple[Path, FileDataset]]:
    """The files of a series in the order of its slices."""
    slices = [(path, pydicom.dcmread(path)) for path in sorted(folder.iterdir())]
    if len(slices) < _FEWEST:
        raise InputError(f"folder: must hold a series of at least {_FEWEST} slices; found {len(slices)}.")
    normal = _directions(slices[0][1])[2]
    return sorted(slices, key=lambda file: float(_position(file[1]) @ normal))


def _middle(folder: Path) -> tuple[Path, FileDataset]:
    slices = _read(folder)
    return slices[len(slices) // 2]


def _rename(instance: FileDataset, purpose: str) -> None:
    new = UID(uid(0, instance.SOPInstanceUID, purpose))
    instance.SOPInstanceUID = instance.file_meta.MediaStorageSOPInstanceUID = new


def _move(instance: FileDataset, position: NDArray[np.float64]) -> None:
    instance.ImagePositionPatient = _decimals(*position)
    instance.SliceLocation = _decimals(float(position @ _directions(instance)[2]))[0]


def _position(instance: FileDataset) -> NDArray[np.float64]:
    return np.array(instance.ImagePositionPatient, np.float64)


def _directions(instance: FileDataset) -> NDArray[np.float64]:
    """Unit vectors of columns, rows and slices, one per row."""
    right, down = np.array(instance.ImageOrientationPatient, np.float64).reshape(2, 3)
    return np.array([right, down, np.cross(right, down)])


def _half_size(instance: FileDataset) -> tuple[float, float]:
    between_rows, between_columns = map(float, instance.PixelSpacing)
    return (instance.Columns - 1) / 2 * between_columns, (instance.Rows - 1) / 2 * between_rows


def _centre(instance: FileDataset) -> NDArray[np.float64]:
    right, down, _ = _directions(instance)
    width, height = _half_size(instance)
    return np.asarray(_position(instance) + width * right + height * down)


def _corner(
    instance: FileDataset, centre: NDArray[np.float64], i: NDArray[np.float64], j: NDArray[np.float64]
) -> NDArray[np.float64]:
    width, height = _half_size(instance)
    return np.asarray(centre - width * i - height * j)


def _decimals(*values: float) -> list[DSfloat]:
    return [DSfloat(float(value), auto_format=True) for value in values]


def _uids(slices: list[tuple[Path, FileDataset]]) -> tuple[str, ...]:
    return tuple(str(instance.SOPInstanceUID) for _, instance in slices)
