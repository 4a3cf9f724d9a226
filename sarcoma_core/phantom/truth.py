"""What is known about a written patient: the file formats of the truth, and its use on another grid."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.errors import InputError
from sarcoma_core.phantom.patient import Latents
from sarcoma_core.phantom.tissue import Labels

Value = TypeVar("Value", bound=np.generic)
Affine = tuple[tuple[float, ...], ...]

# A converter writes affines in single precision; NIfTI's are good to about 1e-4 voxels
_SAME_PLACE = 1e-2  # voxels


class SeriesTruth(NamedTuple):
    """One series: where its files are (relative to the cohort's folder) and what it was made with."""

    sequence: str
    series_number: int
    series_instance_uid: str
    folder: str
    instances: int
    noise_sd: float


@dataclass(frozen=True, slots=True)
class Truth:
    """What is known about one patient; volumes in mL, lengths in mm.

    `affine_lps` and `affine_ras` take (i, j, k, 1) of the truth's arrays to DICOM and to NIfTI coordinates.
    """

    patient_id: str
    seed: int
    study_instance_uid: str
    shape: tuple[int, int, int]
    spacing: tuple[float, float, float]
    affine_lps: Affine
    affine_ras: Affine
    tissues: tuple[tuple[str, int], ...]
    tumour_voxels: int
    tumour_volume: float
    necrosis_fraction: float
    superficial: bool
    laterality: str
    latents: Latents
    series: tuple[SeriesTruth, ...]

    def series_of(self, sequence: str) -> SeriesTruth:
        """The series of a sequence, T1CE or T2FS.

        Raises:
            InputError: the patient has no such series.
        """
        for series in self.series:
            if series.sequence == sequence:
                return series
        held = ", ".join(series.sequence for series in self.series)
        raise InputError(f"sequence: must be one of the patient's ({held}); found {sequence!r}.")


def write_truth(
    folder: Path, truth: Truth, labels: Labels, log_bias: tuple[NDArray[np.float32], ...]
) -> None:
    """Write `<PatientID>.json` and `<PatientID>.npz`.

    Args:
        folder: where to; made if need be.
        truth: what is known.
        labels: values of `Tissue`, shape (i, j, k).
        log_bias: of each series in the order of `truth.series`, shape (i, j, k).
    """
    folder.mkdir(parents=True, exist_ok=True)
    record = dataclasses.asdict(truth)
    record["tissues"] = dict(truth.tissues)
    record["latents"] = truth.latents._asdict()
    record["series"] = [series._asdict() for series in truth.series]
    _json(folder, truth.patient_id).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    fields = {
        f"log_bias_{series.sequence}": field for series, field in zip(truth.series, log_bias, strict=True)
    }
    np.savez_compressed(_npz(folder, truth.patient_id), allow_pickle=False, labels=labels, **fields)


def read_truth(folder: Path, patient_id: str) -> Truth:
    """What is known about a patient, without its arrays.

    Raises:
        InputError: there is no truth about this patient.
    """
    path = _existing(_json(folder, patient_id))
    record = json.loads(path.read_text(encoding="utf-8"))
    record["tissues"] = tuple(record["tissues"].items())
    record["latents"] = Latents(**record["latents"])
    record["series"] = tuple(SeriesTruth(**series) for series in record["series"])
    for name in ("shape", "spacing"):
        record[name] = tuple(record[name])
    for name in ("affine_lps", "affine_ras"):
        record[name] = tuple(tuple(row) for row in record[name])
    return Truth(**record)


def read_labels(folder: Path, patient_id: str) -> Labels:
    """The tissue at each voxel of the truth's grid, shape (i, j, k).

    Raises:
        InputError: there is no truth about this patient.
    """
    return np.asarray(_array(folder, patient_id, "labels"), np.uint8)


def read_log_bias(folder: Path, patient_id: str, sequence: str) -> NDArray[np.float32]:
    """Logarithm of the bias of a sequence (T1CE or T2FS) on the truth's grid, shape (i, j, k).

    Raises:
        InputError: there is no truth about this patient, or it has no such sequence.
    """
    return np.asarray(_array(folder, patient_id, f"log_bias_{sequence}"), np.float32)


def on_grid(
    array: NDArray[Value], affine: Affine, *, shape: tuple[int, ...], to: NDArray[np.float64]
) -> NDArray[Value]:
    """An array of the truth in the voxel order of a converted volume of the same series.

    Converters keep the voxels but may flip and swap axes (dcm2niix turns the rows around). No
    interpolation: each voxel of the volume takes the value of the voxel that lies in its place.

    Args:
        array: of the truth, shape (i, j, k).
        affine: of the truth, to the same coordinates as `to`.
        shape: of the volume.
        to: the volume's 4x4 affine.

    Raises:
        InputError: the volume's voxels are not the truth's voxels.
    """
    between = np.linalg.inv(np.array(affine)) @ to
    turn = np.rint(between[:3, :3]).astype(int)
    is_permutation = (np.abs(turn).sum(axis=0) == 1).all() and (np.abs(turn).sum(axis=1) == 1).all()
    source = tuple(int(axis) for axis in np.abs(turn).argmax(axis=0)) if is_permutation else (0, 1, 2)
    turned = np.transpose(array, source)
    flipped = tuple(n for n, axis in enumerate(source) if turn[axis, n] < 0)
    start = np.zeros(3)
    start[[source[n] for n in flipped]] = [turned.shape[n] - 1 for n in flipped]
    expected = np.column_stack([turn, start])
    far = np.abs((between[:3] - expected) @ np.diag([*shape, 1])).max()
    if not is_permutation or turned.shape != shape or far > _SAME_PLACE:
        raise InputError(
            f"volume: its voxels must lie where the truth's do; found shape {shape} for {array.shape}, "
            f"and voxels up to {far:.3g} voxels apart."
        )
    return np.flip(turned, flipped)


def _array(folder: Path, patient_id: str, name: str) -> NDArray[np.generic]:
    with np.load(_existing(_npz(folder, patient_id)), allow_pickle=False) as arrays:
        if name not in arrays:
            raise InputError(f"sequence: must be one that the patient has; found no array {name}.")
        return np.asarray(arrays[name])


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise InputError(
            f"patient_id: must name a patient whose truth is in the folder; found no {path.name}.",
            hint="Look into the folder `truth` beside the folder `dicom`.",
        )
    return path


def _json(folder: Path, patient_id: str) -> Path:
    return folder / f"{patient_id}.json"


def _npz(folder: Path, patient_id: str) -> Path:
    return folder / f"{patient_id}.npz"
