"""What is known about a written patient: the file formats of the truth, and its use on another grid."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from sarcoma_core.errors import InputError
from sarcoma_core.phantom.habits import SequenceName
from sarcoma_core.phantom.motion import Motion, Points
from sarcoma_core.phantom.patient import Latents
from sarcoma_core.phantom.points import SeriesPlace, draw_body_points, same_tissue
from sarcoma_core.phantom.protocol import HospitalSite
from sarcoma_core.phantom.scan_truth import Affine, ScanTruth, scan_of, scan_record
from sarcoma_core.phantom.tissue import Labels

Value = TypeVar("Value", bound=np.generic)

# A converter writes affines in single precision; NIfTI's are good to about 1e-4 voxels
_SAME_PLACE = 1e-2  # voxels


class SeriesTruth(NamedTuple):
    """One series: where its files are (relative to the cohort's folder) and what it was made with.

    `scan` is what is known about a series of a protocol; without a protocol all series are the truth's grid.
    """

    sequence: str
    series_number: int
    series_instance_uid: str
    folder: str
    instances: int
    noise_sd: float
    scan: ScanTruth | None = None


@dataclass(frozen=True, slots=True)
class Truth:
    """What is known about one patient; volumes in mL, lengths in mm.

    `affine_lps` and `affine_ras` take (i, j, k, 1) of the truth's arrays to DICOM and to NIfTI coordinates.
    In a study of a protocol that is the grid of its first series, the reference; each series has its own.
    `site` and `missing` (sequences that the patient lacks by chance) are those of the protocol.
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
    site: HospitalSite | None = None
    missing: tuple[SequenceName, ...] = ()

    def series_of(self, sequence: str) -> SeriesTruth:
        """The series of a sequence, as T1CE.

        Raises:
            InputError: the patient has no such series.
        """
        for series in self.series:
            if series.sequence == sequence:
                return series
        held = ", ".join(series.sequence for series in self.series)
        raise InputError(f"sequence: must be one of the patient's ({held}); found {sequence!r}.")

    def place_of(self, sequence: str) -> SeriesPlace:
        """Where the voxels of a series and its limb lie.

        Raises:
            InputError: the patient has no such series.
        """
        scan = self.series_of(sequence).scan
        return scan.place if scan else SeriesPlace(self.shape, np.array(self.affine_ras), Motion())

    def corresponding(self, points_ras: Points, *, of: str, to: str) -> Points:
        """Where the tissue at points of one series lies in another.

        Args:
            points_ras: RAS mm in the coordinates of the series `of`, shape (n, 3).
            of: sequence of the series that the points are in.
            to: sequence of the other one.

        Raises:
            InputError: the patient has no such series, or another limb is in one of them.
        """
        return same_tissue(points_ras, of=self.place_of(of), to=self.place_of(to))


def write_truth(folder: Path, truth: Truth, arrays: Mapping[str, NDArray[np.generic]]) -> None:
    """Write `<PatientID>.json` and `<PatientID>.npz`.

    Args:
        folder: where to; made if need be.
        truth: what is known.
        arrays: `labels`, values of `Tissue` on the truth's grid; `log_bias_<sequence>` on that of each MR
            series; of a protocol also `labels_<sequence>` and `suv_PET`. Shape (i, j, k).
    """
    folder.mkdir(parents=True, exist_ok=True)
    record = {field.name: getattr(truth, field.name) for field in dataclasses.fields(truth)}
    record["tissues"] = dict(truth.tissues)
    record["latents"] = truth.latents._asdict()
    record["series"] = [_series_record(series) for series in truth.series]
    if truth.site is None:
        del record["site"], record["missing"]
    else:
        record["site"] = dataclasses.asdict(truth.site)
    _json(folder, truth.patient_id).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    np.savez_compressed(_npz(folder, truth.patient_id), allow_pickle=False, **arrays)


def read_truth(folder: Path, patient_id: str) -> Truth:
    """What is known about a patient, without its arrays.

    Raises:
        InputError: there is no truth about this patient.
    """
    path = _existing(_json(folder, patient_id))
    record = json.loads(path.read_text(encoding="utf-8"))
    record["tissues"] = tuple(record["tissues"].items())
    record["latents"] = Latents(**record["latents"])
    record["series"] = tuple(_series(series) for series in record["series"])
    if "site" in record:
        record["site"], record["missing"] = HospitalSite(**record["site"]), tuple(record["missing"])
    for name in ("shape", "spacing"):
        record[name] = tuple(record[name])
    for name in ("affine_lps", "affine_ras"):
        record[name] = tuple(tuple(row) for row in record[name])
    return Truth(**record)


def read_labels(folder: Path, patient_id: str, sequence: str = "") -> Labels:
    """The tissue at each voxel, shape (i, j, k).

    Args:
        folder: with the truths.
        patient_id: whose.
        sequence: on whose grid; without, on the truth's.

    Raises:
        InputError: there is no truth about this patient, or no such series of a protocol.
    """
    return np.asarray(_array(folder, patient_id, f"labels_{sequence}" if sequence else "labels"), np.uint8)


def read_log_bias(folder: Path, patient_id: str, sequence: str) -> NDArray[np.float32]:
    """Logarithm of the bias of an MR sequence on the grid of its series, shape (i, j, k).

    Raises:
        InputError: there is no truth about this patient, or it has no such sequence.
    """
    return np.asarray(_array(folder, patient_id, f"log_bias_{sequence}"), np.float32)


def read_suv(folder: Path, patient_id: str) -> NDArray[np.float32]:
    """SUVbw of PET in g/ml, before it was quantised, on the grid of its series, shape (i, j, k).

    Raises:
        InputError: there is no truth about this patient, or no PET.
    """
    return np.asarray(_array(folder, patient_id, "suv_PET"), np.float32)


def body_points(
    folder: Path, patient_id: str, *, of: str, count: int, seed: int, seen_by: tuple[str, ...] = ()
) -> Points:
    """Points of the body, anywhere in the voxels of a series: RAS mm in its coordinates, shape (count, 3).

    Args:
        folder: with the truths.
        patient_id: whose.
        of: sequence of the series.
        count: how many.
        seed: of the choice.
        seen_by: other series in whose field of view the same tissue must lie.

    Raises:
        InputError: there is no such truth or series, or none of the body is in all fields of view.
    """
    truth = read_truth(folder, patient_id)
    labels = read_labels(folder, patient_id, of if truth.series_of(of).scan else "")
    others = tuple(truth.place_of(sequence) for sequence in seen_by)
    return draw_body_points(truth.place_of(of), labels, count=count, seed=seed, seen_by=others)


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


def _series_record(series: SeriesTruth) -> dict[str, object]:
    record = series._asdict()
    del record["scan"]
    return record | ({"scan": scan_record(series.scan)} if series.scan else {})


def _series(record: dict[str, Any]) -> SeriesTruth:
    scan = record.pop("scan", None)
    return SeriesTruth(**record, scan=scan_of(scan) if scan else None)


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
