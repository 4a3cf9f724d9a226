"""The body: found on synthetic patients, in noise of any coil, without air, and told apart from nothing."""

from functools import cache
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from sarcoma_core.errors import InputError
from sarcoma_core.imaging.body_mask import Body, find_body
from sarcoma_core.phantom.anatomy import Anatomy, limb
from sarcoma_core.phantom.grid import DEMO, Grid
from sarcoma_core.phantom.reception import Reception, rician
from sarcoma_core.phantom.signal import T1CE, T2FS, Sequence, acquire
from sarcoma_core.phantom.tissue import Tissue


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return float(2 * (a & b).sum() / (a.sum() + b.sum()))


def boxes(shape: tuple[int, int, int], *places: tuple[slice, slice, slice]) -> np.ndarray:
    """Boxes of 100 in a volume whose background is 0, so that the body is what is positive."""
    volume = np.zeros(shape, np.float32)
    for n, place in enumerate(places):
        volume[place] = 100 + n
    return volume


THICK = (5.0, 5.0, 5.0)  # mm: too thick for majorities and threads


@pytest.mark.parametrize(("size", "kept"), [(95, False), (100, True), (105, True)])
def test_a_component_of_a_tenth_of_the_largest_is_a_limb(size: int, kept: bool) -> None:  # noqa: FBT001
    whole, small = (slice(5, 15),) * 3, (slice(20, 20 + size), slice(2, 3), slice(2, 3))
    found = find_body(boxes((130, 20, 20), whole, small), THICK)
    assert found.mask[whole].all()
    assert found.mask[small].all() == kept
    assert found.mask.sum() == 1000 + kept * size


@pytest.mark.parametrize(("depth", "filled"), [(2, True), (3, False)], ids=["two faces", "three faces"])
def test_what_is_dark_is_air_where_it_reaches_three_faces(depth: int, filled: bool) -> None:  # noqa: FBT001
    """A canal through the body along z; open to the side it has a third face."""
    volume = np.full((12, 12, 12), 100, np.float32)
    volume[0, 0, 0] = 101
    volume[4:8, 4 if depth == 2 else 0 : 8, :] = 0
    assert find_body(volume, THICK).mask.all() == filled


@pytest.mark.parametrize(
    ("step", "gap", "closed"), [(0.64, 2, True), (0.7, 2, False), (0.3, 2, True), (0.3, 3, False)]
)
def test_the_majority_of_a_millimetre_around_decides(step: float, gap: int, closed: bool) -> None:  # noqa: FBT001
    """A gap two voxels wide is voted away by a box of five voxels, the largest, and not by one of three."""
    one, other = (slice(0, 19), slice(40), slice(6)), (slice(19 + gap, 40), slice(40), slice(6))
    found = find_body(boxes((40, 40, 6), one, other), (step, step, 5.0)).mask
    assert found[18 : 20 + gap].all() == closed
    assert found[19 : 19 + gap].any() == closed


@pytest.mark.parametrize("order", [(1, 2, 0), (2, 0, 1), (1, 0, 2)])
def test_the_mask_turns_with_the_axes_of_the_volume(order: tuple[int, int, int]) -> None:
    """Voxels of three sizes: of 5 mm, so that nothing is voted along it, and of two and one voxel in a mm."""
    random = np.random.default_rng(3)
    volume = boxes((24, 48, 60), (slice(4, 20), slice(8, 40), slice(10, 50)))
    volume *= random.random(volume.shape) > 0.3
    spacing = (5.0, 0.9, 0.5)
    found = find_body(volume, spacing).mask
    turned = find_body(np.transpose(volume, order), tuple(spacing[axis] for axis in order)).mask
    assert 0.5 < found[4:20, 8:40, 10:50].mean() < 1
    assert (turned == np.transpose(found, order)).all()


@pytest.mark.parametrize("end", [0, -1])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_hollow_that_is_open_to_one_side_is_air_and_a_closed_one_is_body(axis: int, end: int) -> None:
    volume = boxes((20, 20, 20), (slice(4, 16),) * 3)
    volume[6:14, 6:14, 6:14] = 0
    found = find_body(volume, THICK)
    assert found.mask[4:16, 4:16, 4:16].all()
    assert found.part == 1  # what is not positive is no part of the image
    at = (4, 5) if end == 0 else (14, 15)
    np.moveaxis(volume, axis, 0)[at, 6:14, 6:14] = 0
    assert (find_body(volume, THICK).mask == (volume > 0)).all()


def test_a_tie_is_no_majority_and_the_edge_stands_for_what_is_beyond() -> None:
    volume = boxes(
        (40, 40, 6), (slice(0, 20), slice(0, 40), slice(0, 6)), (slice(0, 1), slice(0, 1), slice(0, 6))
    )
    assert (find_body(volume, (0.7, 0.7, 5.0)).mask == (volume > 0)).all()


@pytest.mark.parametrize(("step", "kept"), [(1.3, False), (1.4, True), (0.9, False)])
def test_what_hangs_on_by_a_thread_of_two_millimetres_to_either_side_is_cut_off(
    step: float,
    kept: bool,  # noqa: FBT001
) -> None:
    """Four voxels wide: five are left by a box of five voxels, three by one of three."""
    body, thread = (slice(2, 30), slice(2, 30), slice(6)), (slice(30, 50), slice(10, 14), slice(6))
    found = find_body(boxes((60, 40, 6), body, thread), (step, step, 5.0)).mask
    assert found[35:48, 11:13].all() == kept
    assert found[35:48, 11:13].any() == kept
    assert found[4:28, 4:28].all()


def test_a_mask_reaches_to_the_faces_that_the_body_reaches() -> None:
    volume = boxes(
        (30, 30, 30), (slice(0, 12), slice(10, 30), slice(0, 30)), (slice(1), slice(10, 11), slice(1))
    )
    assert (find_body(volume, THICK).mask == (volume > 0)).all()


@pytest.mark.parametrize(
    ("volume", "words"),
    [
        (np.zeros((8, 8, 8), np.float32), "must not be constant"),
        (np.full((8, 8, 8), np.nan, np.float32), "must be finite"),
        (np.zeros((8, 8), np.float32), "3 dimensions; found 2"),
        (-np.arange(512, dtype=np.float32).reshape(8, 8, 8), "must hold positive intensities"),
        (np.eye(16, dtype=np.float32).reshape(16, 4, 4), "must show a body in one piece"),
    ],
)
def test_what_holds_no_body_is_refused_with_its_rule(volume: np.ndarray, words: str) -> None:
    with pytest.raises(InputError, match=words):
        find_body(volume, (1.0, 1.0, 1.0))


@cache
def one_limb(seed: int = 8) -> Anatomy:
    return limb(seed, DEMO)


@cache
def patient(seed: int, sequence: Sequence) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    anatomy = one_limb(seed)
    volume = acquire(anatomy, sequence).image.astype(np.float32)
    return volume, anatomy.labels, anatomy.labels != Tissue.BACKGROUND


@pytest.mark.parametrize("sequence", [T1CE, T2FS], ids=["T1CE", "T2FS"])
@pytest.mark.parametrize("seed", [4, 8, 10])
def test_the_body_of_a_synthetic_patient_is_found_with_its_dark_fat_and_bone(
    seed: int, sequence: Sequence
) -> None:
    volume, labels, body = patient(seed, sequence)
    found = find_body(volume, DEMO.spacing)
    assert found.air
    assert not found.warnings()
    assert dice(found.mask, body) > 0.97
    for tissue in (Tissue.FAT, Tissue.CORTICAL_BONE, Tissue.NECROSIS, Tissue.TUMOUR):
        inside = labels == tissue
        if inside.any():
            assert found.mask[inside].mean() > 0.97, tissue.name


WIDE = Grid((208, 104, 32), (2.0, 2.0, 5.0), 5.0)
RIMS = {"no rim": (0.0, 0.0), "zero rim": (5.0, 0.0), "dark rim": (5.0, 0.2), "half-dark rim": (4.0, 0.35)}


@pytest.fixture(scope="module")
def thighs() -> Anatomy:
    return limb(5, WIDE, both=True)


@pytest.mark.parametrize("rim", RIMS)
@pytest.mark.parametrize("sequence", [T1CE, T2FS], ids=["T1CE", "T2FS"])
@pytest.mark.parametrize(("channels", "signal"), [(1, 0.5), (4, 0.5), (8, 1.0), (16, 0.5)])
def test_air_is_found_whatever_the_coil_leaves_of_it(
    thighs: Anatomy, channels: int, signal: float, sequence: Sequence, rim: str
) -> None:
    """Two thighs, with all of the phantom's signal or half of it."""
    weak = sequence._replace(muscle_snr=sequence.muscle_snr * signal)
    reception = Reception(channels, *RIMS[rim])
    volume = acquire(thighs, weak, reception=reception).image.astype(np.float32)
    found = find_body(volume, WIDE.spacing)
    assert found.air
    assert dice(found.mask, thighs.labels != Tissue.BACKGROUND) > 0.95


@pytest.mark.parametrize(
    ("sequence", "channels", "contrast", "spread"), [(T1CE, 6, 7.2, 0.21), (T2FS, 5, 5.6, 0.23)]
)
def test_the_air_of_summed_channels_that_passed_for_body(
    sequence: Sequence, channels: int, contrast: float, spread: float
) -> None:
    """As reported: the body is so many times as bright as the air, whose voxels have that spread."""
    anatomy = one_limb()
    weak = sequence._replace(muscle_snr=0.48 * sequence.muscle_snr)
    volume = acquire(anatomy, weak, reception=Reception(channels)).image.astype(np.float32)
    body = anatomy.labels != Tissue.BACKGROUND
    assert volume[~body].std() / volume[~body].mean() == pytest.approx(spread, abs=0.01)
    bright = volume[volume > 3 * volume[~body].mean()]
    assert np.median(bright) / volume[~body].mean() == pytest.approx(contrast, rel=0.1)
    assert dice(find_body(volume, DEMO.spacing).mask, body) > 0.95


def test_a_body_that_noise_hides_is_refused() -> None:
    anatomy = one_limb()
    weak = T2FS._replace(muscle_snr=8)
    volume = acquire(anatomy, weak, reception=Reception(16)).image.astype(np.float32)
    with pytest.raises(InputError, match="the body must be bright enough to be told from the noise"):
        find_body(volume, DEMO.spacing)


def test_both_thighs_are_kept_and_a_vial_is_not() -> None:
    volume, _, body = patient(8, T2FS)
    air = volume[~body]
    wide = np.concatenate([volume, volume[::-1]], axis=0)
    wide[158:162] = air[: wide[158:162].size].reshape(wide[158:162].shape)
    wide[2:6, 2:6, :10] = 900
    found = find_body(wide, DEMO.spacing).mask
    assert found[:160].sum() == pytest.approx(found[160:].sum(), rel=0.02)
    assert not found[2:6, 2:6, :10].any()


def test_ghosts_that_hang_on_by_a_thread_are_not_body() -> None:
    """Signal of a moving vessel, smeared along the phase encoding through the air."""
    volume, _, body = patient(8, T1CE)
    ghosted = volume.copy()
    ghosted[80:82] = np.maximum(ghosted[80:82], 0.3 * np.median(volume[body]))
    beside = np.logical_and(~body, np.not_equal(ghosted, volume))
    found = find_body(ghosted, DEMO.spacing).mask
    assert beside.sum() > 500
    assert found[beside].mean() < 0.1
    assert found[body].mean() > 0.99


def test_a_limb_in_loud_noise_is_found_and_the_noise_is_not() -> None:
    """Muscle at 8 times the noise: air is only 6 times darker, but varies as noise does."""
    anatomy = one_limb()
    acquired = acquire(anatomy, T2FS)
    muscle = np.median(acquired.noise_free[anatomy.labels == Tissue.MUSCLE])
    volume = rician(acquired.noise_free, float(muscle / 8), np.random.default_rng(2))
    found = find_body(volume, DEMO.spacing).mask
    assert found[anatomy.labels == Tissue.MUSCLE].mean() > 0.97
    assert found[anatomy.labels == Tissue.BACKGROUND].mean() < 0.03


@pytest.mark.parametrize("channels", [1, 16])
def test_a_volume_cropped_inside_soft_tissue_is_all_body_and_says_so(channels: int) -> None:
    anatomy = one_limb()
    volume = acquire(anatomy, T1CE, reception=Reception(channels)).image.astype(np.float32)
    hard = np.asarray(np.isin(anatomy.labels, [Tissue.BACKGROUND, Tissue.CORTICAL_BONE]).any(axis=2))
    size = 20
    starts = np.argwhere(~hard[:-size, :-size])
    x, y = next((x, y) for x, y in starts if not hard[x : x + size, y : y + size].any())
    crop = np.ascontiguousarray(volume[x : x + size, y : y + size])
    found = find_body(crop, DEMO.spacing)
    assert found.mask.mean() > 0.99
    assert not found.air
    assert len(found.warnings()) == 2


def test_bone_in_a_volume_cropped_around_it_is_no_air() -> None:
    """As dark as air, but nowhere round the body: one bright and one dark cylinder."""
    x, y = np.indices((40, 40)) - 19.5
    bone = np.broadcast_to((np.hypot(x, y) < 8)[..., None], (40, 40, 12))
    found = find_body(np.where(bone, 10, 500).astype(np.float32), (1.5, 1.5, 3.0))
    assert found.mask.all()
    assert not found.air


@pytest.mark.parametrize("gain", [2.0**-14, 2.0**14])
@pytest.mark.parametrize("background", [0, 10], ids=["no air", "air"])
def test_a_body_is_the_same_whatever_the_gain(gain: float, background: float) -> None:
    volume = np.maximum(boxes((24, 24, 24), (slice(6, 18),) * 3), background).astype(np.float32)
    found, scaled = find_body(volume, THICK), find_body((volume * gain).astype(np.float32), THICK)
    assert found.mask.sum() == 12**3
    assert (scaled.mask == found.mask).all()
    assert (scaled.air, scaled.part) == (found.air, found.part)
    assert found.air == (background > 0)


def test_the_mask_is_the_same_whatever_the_scanners_gain_and_the_order_in_memory() -> None:
    volume, _, _ = patient(8, T1CE)
    found = find_body(volume, DEMO.spacing).mask
    assert (found == find_body(volume * 16, DEMO.spacing).mask).all()
    assert (found == find_body(np.asfortranarray(volume), DEMO.spacing).mask).all()


@pytest.mark.parametrize(("part", "warned"), [(0.94, False), (0.96, True)])
def test_a_mask_of_more_than_95_per_cent_of_the_image_is_warned_of(part: float, warned: bool) -> None:  # noqa: FBT001
    found = Body(np.ones((2, 2, 2), np.bool_), air=True, part=part)
    assert found.warnings() == (("the body mask covers 96.0 % of the image",) if warned else ())


def test_a_mask_without_air_is_warned_of() -> None:
    mask = np.eye(8, dtype=np.bool_)[..., None]
    assert Body(mask, air=False, part=0.5).warnings() == (
        "no air was found around the body: all that is positive counts as body",
    )


def test_padding_is_no_part_of_the_image() -> None:
    """A cylinder in the air of a field of view, of which half the volume is."""
    x, y = np.indices((60, 60)) - 29.5
    body = np.broadcast_to((np.hypot(x, y) < 15)[..., None], (60, 60, 12))
    volume = np.where(body, 800.0, 10.0).astype(np.float32)
    noise = np.random.default_rng(0).normal(0, 0.1, volume.shape)
    padded = np.concatenate([volume * (1 + noise), np.zeros_like(volume)], axis=1).astype(np.float32)
    found = find_body(padded, (3.0, 3.0, 3.0))
    assert found.part == pytest.approx(body.mean(), abs=0.02)
    assert found.mask.mean() == pytest.approx(body.mean() / 2, abs=0.01)


def test_the_fringe_of_a_reformatted_field_of_view_is_no_air() -> None:
    """Interpolation darkens what lies along padding; the air inside is too bright to be told from a body."""
    volume = np.zeros((60, 60, 12), np.float32)
    noise = np.random.default_rng(0).normal(100, 4, (40, 40, 12))
    volume[10:50, 10:50] = noise
    volume[22:42, 22:42] *= 4.5
    for axis in (0, 1):
        volume = (np.roll(volume, 1, axis) + 2 * volume + np.roll(volume, -1, axis)) / 4
    found = find_body(volume.astype(np.float32), (3.0, 3.0, 3.0))
    assert not found.air
    assert found.warnings()[0].startswith("the body mask covers")


@pytest.mark.parametrize("patient_id", ["STS_002", "STS_018", "STS_019", "STS_042"])
def test_contours_of_real_tumours_lie_inside_the_body(data: Path, patient_id: str) -> None:
    """The published contour of each tumour must be body: its dark centre too."""
    folder = data / "sts_ibsi" / patient_id / "MR_T1"
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder / "image")))
    image = reader.Execute()
    array = sitk.GetArrayFromImage(image).T.astype(np.float32)
    found = find_body(array, image.GetSpacing()).mask
    points = contour_points(next((folder / "mask").glob("*.dcm")))
    places = [image.TransformPhysicalPointToIndex(point) for point in points]
    assert np.mean([found[place] for place in places]) > 0.98


def contour_points(path: Path) -> list[tuple[float, ...]]:
    dataset = pydicom.dcmread(path)
    contours = [c.ContourData for roi in dataset.ROIContourSequence for c in roi.ContourSequence]
    return [tuple(map(float, c[i : i + 3])) for c in contours for i in range(0, len(c), 3)]


@pytest.mark.parametrize(("width", "found"), [(4, False), (6, True)])
def test_a_body_of_threads_only_is_refused_and_not_an_empty_mask(width: int, *, found: bool) -> None:
    """Voxels of 1 mm in plane: what has no core of 5 mm is a thread."""
    volume = np.zeros((40, 40, 20), np.float32)
    volume[10:30, 18 : 18 + width, 5:15] = 100
    volume[15, 20, 8] = 101
    if found:
        assert find_body(volume, (1.0, 1.0, 5.0)).mask.any()
    else:
        with pytest.raises(InputError, match="over 4 mm thick"):
            find_body(volume, (1.0, 1.0, 5.0))
