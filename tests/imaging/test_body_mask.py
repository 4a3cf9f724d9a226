"""The body: found on synthetic patients, with both thighs, without air, and told apart from nothing."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from sarcoma_core.errors import InputError
from sarcoma_core.imaging.body_mask import body_mask
from sarcoma_core.phantom.anatomy import limb
from sarcoma_core.phantom.grid import DEMO
from sarcoma_core.phantom.signal import T1CE, T2FS, Sequence, acquire, rician
from sarcoma_core.phantom.tissue import Tissue


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return float(2 * (a & b).sum() / (a.sum() + b.sum()))


def patient(seed: int, sequence: Sequence) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    anatomy = limb(seed, DEMO)
    volume = acquire(anatomy, sequence).image.astype(np.float32)
    return volume, anatomy.labels, anatomy.labels != Tissue.BACKGROUND


@pytest.mark.parametrize("sequence", [T1CE, T2FS], ids=["T1CE", "T2FS"])
@pytest.mark.parametrize("seed", [4, 8, 10])
def test_the_body_of_a_synthetic_patient_is_found_with_its_dark_fat_and_bone(
    seed: int, sequence: Sequence
) -> None:
    volume, labels, body = patient(seed, sequence)
    found = body_mask(volume, DEMO.spacing)
    assert dice(found, body) > 0.97
    for tissue in (Tissue.FAT, Tissue.CORTICAL_BONE, Tissue.NECROSIS, Tissue.TUMOUR):
        inside = labels == tissue
        if inside.any():
            assert found[inside].mean() > 0.97, tissue.name


def test_both_thighs_are_kept_and_a_vial_is_not() -> None:
    volume, _, body = patient(8, T2FS)
    air = volume[~body]
    wide = np.concatenate([volume, volume[::-1]], axis=0)
    wide[158:162] = air[: wide[158:162].size].reshape(wide[158:162].shape)
    wide[2:6, 2:6, :10] = 900
    found = body_mask(wide, DEMO.spacing)
    assert found[:160].sum() == pytest.approx(found[160:].sum(), rel=0.02)
    assert not found[2:6, 2:6, :10].any()


def test_ghosts_that_hang_on_by_a_thread_are_not_body() -> None:
    """Signal of a moving vessel, smeared along the phase encoding through the air."""
    volume, _, body = patient(8, T1CE)
    ghosted = volume.copy()
    ghosted[80:82] = np.maximum(ghosted[80:82], 0.3 * np.median(volume[body]))
    beside = np.logical_and(~body, np.not_equal(ghosted, volume))
    found = body_mask(ghosted, DEMO.spacing)
    assert beside.sum() > 500
    assert found[beside].mean() < 0.1
    assert found[body].mean() > 0.99


def test_a_limb_in_loud_noise_is_found_and_the_noise_is_not() -> None:
    """Muscle at 6 times the noise: air is only 5 times darker, but varies as noise does."""
    anatomy = limb(8, DEMO)
    acquired = acquire(anatomy, T2FS)
    muscle = np.median(acquired.noise_free[anatomy.labels == Tissue.MUSCLE])
    volume = rician(acquired.noise_free, float(muscle / 6), np.random.default_rng(2))
    found = body_mask(volume, DEMO.spacing)
    assert found[anatomy.labels == Tissue.MUSCLE].mean() > 0.97
    assert found[anatomy.labels == Tissue.BACKGROUND].mean() < 0.03


def test_a_volume_cropped_inside_soft_tissue_is_all_body() -> None:
    volume, labels, _ = patient(8, T1CE)
    hard = np.asarray(np.isin(labels, [Tissue.BACKGROUND, Tissue.CORTICAL_BONE]).any(axis=2))
    size = 20
    starts = np.argwhere(~hard[:-size, :-size])
    x, y = next((x, y) for x, y in starts if not hard[x : x + size, y : y + size].any())
    crop = np.ascontiguousarray(volume[x : x + size, y : y + size])
    assert body_mask(crop, DEMO.spacing).mean() > 0.99


def test_the_mask_is_the_same_whatever_the_scanners_gain() -> None:
    volume, _, _ = patient(8, T1CE)
    assert (body_mask(volume, DEMO.spacing) == body_mask(volume * 16, DEMO.spacing)).all()


@pytest.mark.parametrize(
    ("volume", "words"),
    [
        (np.zeros((8, 8, 8), np.float32), "must not be constant"),
        (np.full((8, 8, 8), np.nan, np.float32), "must be finite"),
        (np.zeros((8, 8), np.float32), "3 dimensions; found 2"),
        (-np.arange(512, dtype=np.float32).reshape(8, 8, 8), "must hold positive intensities"),
    ],
)
def test_what_holds_no_body_is_refused_with_its_rule(volume: np.ndarray, words: str) -> None:
    with pytest.raises(InputError, match=words):
        body_mask(volume, (1.0, 1.0, 1.0))


@pytest.mark.parametrize("patient_id", ["STS_002", "STS_018", "STS_019", "STS_042"])
def test_contours_of_real_tumours_lie_inside_the_body(data: Path, patient_id: str) -> None:
    """The published contour of each tumour must be body: its dark centre too."""
    folder = data / "sts_ibsi" / patient_id / "MR_T1"
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder / "image")))
    image = reader.Execute()
    array = sitk.GetArrayFromImage(image).T.astype(np.float32)
    found = body_mask(array, image.GetSpacing())
    points = contour_points(next((folder / "mask").glob("*.dcm")))
    places = [image.TransformPhysicalPointToIndex(point) for point in points]
    assert np.mean([found[place] for place in places]) > 0.98


def contour_points(path: Path) -> list[tuple[float, ...]]:
    dataset = pydicom.dcmread(path)
    contours = [c.ContourData for roi in dataset.ROIContourSequence for c in roi.ContourSequence]
    return [tuple(map(float, c[i : i + 3])) for c in contours for i in range(0, len(c), 3)]
