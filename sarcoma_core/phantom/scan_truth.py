"""What is known about one series of a protocol: its grid, how the limb lay in it, what PET has to find."""

import dataclasses
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from sarcoma_core.phantom.grid import Shape, Vector, lps_to_ras
from sarcoma_core.phantom.habits import SequenceName
from sarcoma_core.phantom.motion import Bend, Motion, Wave
from sarcoma_core.phantom.points import SeriesPlace
from sarcoma_core.phantom.protocol import Modality
from sarcoma_core.phantom.slices import Plane

Affine = tuple[tuple[float, ...], ...]


class PetTruth(NamedTuple):
    """What the conversion of a PET series has to find.

    Args:
        suv_factor: SUVbw in g/ml for 1 Bq/ml.
        weight_kg: of the patient.
        size_m: of the patient.
        dose_bq: injected.
        seconds: from the injection to the start of the series.
        tumour_suv: mean of the viable tumour, before the scanner.
        fwhm_mm: of the point spread.
    """

    suv_factor: float
    weight_kg: float
    size_m: float
    dose_bq: int
    seconds: float
    tumour_suv: float
    fwhm_mm: float


class ScanTruth(NamedTuple):
    """One series of a protocol; lengths in mm, volumes in mL.

    Args:
        role: of the series, as `archive.roles` names it.
        modality: as DICOM has it.
        description: SeriesDescription.
        shape: number of voxels along i, j, k.
        spacing: of the voxels.
        slice_thickness: less than the third spacing where slices have a gap.
        plane: of the slices, before they are tilted.
        affine_lps: from (i, j, k, 1) to DICOM coordinates.
        frame_of_reference_uid: the same for series that share their coordinates.
        motion: of the limb in the series.
        rotation_degrees: by how much it is turned.
        shift_mm: by how much it is shifted.
        bend_mm: by how much it is bent on top, at most.
        other_limb: whether the patient's other limb was scanned.
        tumour_voxels: of the gross tumour on this grid.
        pet: of a PET series.
    """

    role: SequenceName
    modality: Modality
    description: str
    shape: Shape
    spacing: Vector
    slice_thickness: float
    plane: Plane
    affine_lps: Affine
    frame_of_reference_uid: str
    motion: Motion
    rotation_degrees: float
    shift_mm: float
    bend_mm: float
    other_limb: bool
    tumour_voxels: int
    pet: PetTruth | None

    @property
    def affine_ras(self) -> Affine:
        """From (i, j, k, 1) to NIfTI coordinates."""
        return rows(lps_to_ras(np.array(self.affine_lps)))

    @property
    def tumour_volume(self) -> float:
        """Volume of the gross tumour in mL, as the voxels of this series have it."""
        return self.tumour_voxels * float(np.prod(self.spacing)) / 1000

    @property
    def place(self) -> SeriesPlace:
        """Where its voxels and its limb lie."""
        return SeriesPlace(self.shape, np.array(self.affine_ras), None if self.other_limb else self.motion)


def rows(affine: Any) -> Affine:  # noqa: ANN401 -- an array of any kind, or lists
    """A matrix as tuples."""
    return tuple(tuple(float(value) for value in row) for row in affine)


def scan_record(scan: ScanTruth) -> dict[str, Any]:
    """As JSON has it."""
    bend = scan.motion.bend
    motion = dataclasses.asdict(scan.motion) | {
        "bend": bend._asdict() | {"waves": [wave._asdict() for wave in bend.waves]}
    }
    pet = scan.pet._asdict() if scan.pet else None
    return scan._asdict() | {"affine_ras": scan.affine_ras, "motion": motion, "pet": pet}


def scan_of(record: Mapping[str, Any]) -> ScanTruth:
    """The truth that a JSON record holds."""
    motion = record["motion"]
    waves = tuple(
        Wave(_vector(w["amplitude"]), _vector(w["frequency"]), w["phase"]) for w in motion["bend"]["waves"]
    )
    bend = Bend(waves, _vector(motion["bend"]["shift"]), _vector(motion["bend"]["turn"]))
    read: dict[str, Any] = {
        "shape": tuple(record["shape"]),
        "spacing": _vector(record["spacing"]),
        "affine_lps": rows(record["affine_lps"]),
        "motion": Motion(
            _vector(motion["rotation"]), _vector(motion["shift"]), bend, _vector(motion["origin"])
        ),
        "pet": PetTruth(**record["pet"]) if record["pet"] else None,
    }
    return ScanTruth(**{name: read.get(name, record[name]) for name in ScanTruth._fields})


def _vector(values: Any) -> Vector:  # noqa: ANN401 -- of JSON
    x, y, z = values
    return float(x), float(y), float(z)
