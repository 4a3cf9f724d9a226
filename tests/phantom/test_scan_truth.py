import json

import numpy as np
import pytest

from sarcoma_core.phantom.scan_truth import ScanTruth, scan_of, scan_record
from sarcoma_core.phantom.truth import Truth


def scans(truth: Truth) -> list[ScanTruth]:
    found = [series.scan for series in truth.series]
    assert all(found)
    return [scan for scan in found if scan]


def test_a_truth_survives_json(truth: Truth) -> None:
    for scan in scans(truth):
        assert scan_of(json.loads(json.dumps(scan_record(scan)))) == scan


def test_ras_and_lps_name_the_same_places(truth: Truth) -> None:
    for scan in scans(truth):
        np.testing.assert_allclose(
            np.array(scan.affine_ras)[:3], np.array(scan.affine_lps)[:3] * [[-1], [-1], [1]]
        )
        assert abs(np.linalg.det(scan.affine_lps)) == pytest.approx(np.prod(scan.spacing))


def test_the_movement_in_numbers_is_that_of_the_motion(truth: Truth) -> None:
    for scan in scans(truth):
        assert scan.shift_mm == pytest.approx(np.linalg.norm(scan.motion.shift))
        assert scan.rotation_degrees == pytest.approx(np.linalg.norm(scan.motion.rotation))
        assert scan.bend_mm == pytest.approx(scan.motion.bend_mm)


def test_volumes_are_voxels_times_their_size(truth: Truth) -> None:
    for scan in scans(truth):
        assert scan.tumour_volume == pytest.approx(scan.tumour_voxels * np.prod(scan.spacing) / 1000)


def test_only_a_pet_has_the_truth_of_a_pet(truth: Truth) -> None:
    assert [scan.role for scan in scans(truth) if scan.pet] == ["PET"]


def test_another_limb_has_no_place_for_the_tissue_of_this_one(truth: Truth) -> None:
    scan = scans(truth)[-1]
    assert scan.place.motion == scan.motion
    assert scan._replace(other_limb=True).place.motion is None
