"""Each fault is looked at through pydicom alone."""

import hashlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest

from sarcoma_core.errors import InputError
from sarcoma_core.phantom import hazards
from sarcoma_core.phantom.hazards import HAZARDS, Planted

Hazard = Callable[[Path], Planted]


def read(folder: Path) -> list[pydicom.FileDataset]:
    return [pydicom.dcmread(path) for path in sorted(folder.iterdir())]


def gaps(instances: list[pydicom.FileDataset]) -> Counter[float]:
    """How often each distance between neighbours along the normal occurs, in mm."""
    cosines = np.array(instances[0].ImageOrientationPatient, float).reshape(2, 3)
    places = sorted(np.array(i.ImagePositionPatient, float) @ np.cross(*cosines) for i in instances)
    return Counter(round(float(gap), 3) for gap in np.diff(places))


def contents(folder: Path) -> dict[str, tuple[str, str]]:
    return {
        path.name: (
            pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID,
            hashlib.sha256(path.read_bytes()).hexdigest(),
        )
        for path in folder.iterdir()
    }


def test_a_series_is_good_before(series: Path) -> None:
    instances = read(series)
    assert gaps(instances) == {5.0: 31}
    assert len({tuple(i.ImageOrientationPatient) for i in instances}) == 1


@pytest.mark.parametrize("plant", HAZARDS)
def test_the_instances_that_changed_are_those_that_are_reported(series: Path, plant: Hazard) -> None:
    before = contents(series)
    planted = plant(series)
    after = contents(series)
    assert planted.hazard == plant.__name__
    changed = {uid for _, (uid, _) in set(before.items()) ^ set(after.items())}
    assert changed == set(planted.sop_instance_uids)


@pytest.mark.parametrize("plant", HAZARDS)
def test_the_files_stay_valid(series: Path, plant: Hazard, validate: Callable[[Path], str]) -> None:
    untouched = {path: path.read_bytes() for path in series.iterdir()}
    plant(series)
    for path in series.iterdir():
        if untouched.get(path) != path.read_bytes():
            assert validate(path) == ""


def test_a_missing_slice_leaves_one_double_gap(series: Path) -> None:
    hazards.missing_slice(series)
    assert gaps(read(series)) == {5.0: 29, 10.0: 1}


def test_a_duplicate_file_has_the_same_bytes(series: Path) -> None:
    planted = hazards.duplicate_file(series)
    twice = [digest for uid, digest in contents(series).values() if uid in planted.sop_instance_uids]
    assert len(twice) == 2
    assert len(set(twice)) == 1


def test_a_conflicting_copy_has_other_bytes_under_the_same_uid(series: Path) -> None:
    planted = hazards.conflicting_copy(series)
    twice = [digest for uid, digest in contents(series).values() if uid in planted.sop_instance_uids]
    assert len(twice) == len(set(twice)) == 2


def test_a_repeated_slice_has_a_uid_of_its_own_in_the_same_place(series: Path) -> None:
    hazards.repeated_slice(series)
    instances = read(series)
    assert gaps(instances) == {5.0: 31, 0.0: 1}
    assert len({i.SOPInstanceUID for i in instances}) == 33
    assert sorted(i.InstanceNumber for i in instances) == list(range(1, 34))


def test_varying_spacing_has_one_wider_gap(series: Path) -> None:
    hazards.varying_spacing(series)
    assert gaps(read(series)) == {5.0: 30, 7.5: 1}


def test_two_orientations_are_at_right_angles(series: Path) -> None:
    hazards.two_orientations(series)
    instances = read(series)
    orientations = Counter(tuple(map(float, i.ImageOrientationPatient)) for i in instances)
    assert sorted(orientations.values()) == [10, 22]
    normals = [np.cross(o[:3], o[3:]) for o in orientations]
    assert abs(normals[0] @ normals[1]) < 1e-9
    assert len({i.SeriesInstanceUID for i in instances}) == 1


def test_a_localizer_is_a_series_of_three_orthogonal_planes_through_the_same_centre(series: Path) -> None:
    planted = hazards.localizer(series)
    scout = [i for i in read(series) if i.SOPInstanceUID in planted.sop_instance_uids]
    assert len(scout) == 3
    assert len({i.SeriesInstanceUID for i in read(series)}) == 2
    assert all("LOCALIZER" in i.ImageType for i in scout)
    cosines = [np.array(i.ImageOrientationPatient, float).reshape(2, 3) for i in scout]
    normals = np.array([np.cross(*c) for c in cosines])
    np.testing.assert_allclose(np.abs(normals @ normals.T), np.eye(3), atol=1e-6)
    centres = [
        np.array(i.ImagePositionPatient, float) + 79 / 2 * 2.75 * c.sum(axis=0)
        for i, c in zip(scout, cosines, strict=True)
    ]
    np.testing.assert_allclose(centres, np.broadcast_to(centres[0], (3, 3)), atol=1e-6)


@pytest.mark.parametrize("plant", HAZARDS)
def test_a_folder_with_too_few_slices_is_refused(tmp_path: Path, plant: Hazard) -> None:
    with pytest.raises(InputError, match="at least 6 slices; found 0"):
        plant(tmp_path)
