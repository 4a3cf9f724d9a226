import itertools
import subprocess
from pathlib import Path
from typing import Any

import dcm2niix
import nibabel
import numpy as np
import pytest
from numpy.typing import NDArray

from sarcoma_core.errors import InputError
from sarcoma_core.phantom.truth import on_grid, read_labels, read_log_bias, read_truth
from tests.phantom.conftest import PATIENT, read_series

nib: Any = nibabel  # few of its functions have types

AXCODES = [
    codes for order in itertools.permutations(("LR", "PA", "IS")) for codes in itertools.product(*order)
]
AFFINE = nib.affines.from_matvec(
    np.array([[-1.4, 0.1, 0.2], [0.1, -1.4, 0.4], [0.03, 0.1, 5.0]]), (80, 90, -400)
)


def rows(affine: NDArray[np.float64]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(row) for row in affine.tolist())


@pytest.mark.parametrize("codes", AXCODES, ids="".join)
def test_an_array_follows_its_volume_into_any_orientation(codes: tuple[str, str, str]) -> None:
    array = np.arange(4 * 5 * 6).reshape(4, 5, 6)
    ours = nib.io_orientation(AFFINE)
    there = nib.orientations.ornt_transform(ours, nib.orientations.axcodes2ornt(codes))
    turned = nib.Nifti1Image(array, AFFINE, dtype="int64").as_reoriented(there)
    found = on_grid(array, rows(AFFINE), shape=turned.shape, to=turned.affine)
    np.testing.assert_array_equal(found, np.asanyarray(turned.dataobj))


@pytest.mark.parametrize(
    ("shape", "change"),
    [
        ((4, 5, 7), np.eye(4)),
        ((4, 5, 6), np.diag([1, 1, 1.02, 1])),
        ((4, 5, 6), np.array([[1, 0, 0, 0.5], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])),
        ((4, 5, 6), np.array([[0.8, -0.6, 0, 0], [0.6, 0.8, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])),
    ],
    ids=["shape", "spacing", "position", "orientation"],
)
def test_a_volume_on_another_grid_is_refused(
    shape: tuple[int, int, int], change: NDArray[np.float64]
) -> None:
    with pytest.raises(InputError, match="must lie where the truth's do"):
        on_grid(np.zeros((4, 5, 6)), rows(AFFINE), shape=shape, to=AFFINE @ change)


def test_the_truth_fits_a_volume_that_dcm2niix_converted(cohort: Path, tmp_path: Path) -> None:
    truth = read_truth(cohort / "truth", PATIENT)
    series = truth.series_of("T1CE")
    folder = cohort / series.folder
    subprocess.run(
        [dcm2niix.bin, "-z", "n", "-f", "t1", "-o", str(tmp_path), str(folder)],
        check=True,
        capture_output=True,
    )
    volume = nib.load(tmp_path / "t1.nii")
    stored = read_series(folder, series.series_instance_uid).values
    turned = on_grid(stored, truth.affine_ras, shape=volume.shape, to=volume.affine)
    np.testing.assert_array_equal(turned, np.asanyarray(volume.dataobj))
    assert (turned != stored).any()


def test_ras_and_lps_name_the_same_places(cohort: Path) -> None:
    truth = read_truth(cohort / "truth", PATIENT)
    np.testing.assert_allclose(
        np.array(truth.affine_ras)[:3], np.array(truth.affine_lps)[:3] * [[-1], [-1], [1]]
    )


def test_what_is_not_there_is_said_so(cohort: Path) -> None:
    with pytest.raises(InputError, match="patient_id: must name a patient"):
        read_truth(cohort / "truth", "STS-PHANTOM-0099")
    with pytest.raises(InputError, match="patient_id: must name a patient"):
        read_labels(cohort / "truth", "STS-PHANTOM-0099")
    with pytest.raises(InputError, match="sequence: must be one that the patient has"):
        read_log_bias(cohort / "truth", PATIENT, "PET")
    with pytest.raises(InputError, match="T2FS, T1CE"):
        read_truth(cohort / "truth", PATIENT).series_of("PET")
