"""The shape of a region: analytic bodies, ITK's axes, and what a spacing, a turn or a mirror may move."""

import math
from dataclasses import asdict

import numpy as np
import pytest
import SimpleITK as sitk

from sarcoma_core.errors import InputError
from sarcoma_core.imaging.volume import Mask, Spacing
from sarcoma_core.segmentation.radiomics.features import FEATURES, model_features, radiomic_features
from sarcoma_core.segmentation.radiomics.first_order import IntensityStatistics
from sarcoma_core.segmentation.radiomics.shape import Morphology, morphology
from sarcoma_core.segmentation.radiomics.voxels import masked_voxels
from tests.segmentation.shapes import blobs

SPACING = (0.7, 1.3, 2.9)
AXIS = 4 / math.sqrt(5)
"""Of a principal axis of an ellipsoid, by its semi-axis: the variance along it is a fifth of its square."""
POWERS = {
    "morph_volume": 3,
    "morph_vol_approx": 3,
    "morph_area_mesh": 2,
    "morph_av": -1,
    "morph_com": 1,
    "morph_diam": 1,
    "morph_pca_maj_axis": 1,
    "morph_pca_min_axis": 1,
    "morph_pca_least_axis": 1,
    "morph_integ_int": 3,
}


def ellipsoid(a: float, b: float, c: float, spacing: Spacing = (1.0, 1.0, 1.0)) -> Mask:
    """All voxels whose centre lies within semi-axes in mm."""
    half = [math.ceil(length / step) + 1 for length, step in zip((a, b, c), spacing, strict=True)]
    grid = np.indices([2 * n + 1 for n in half]) - np.reshape(half, (3, 1, 1, 1))
    scaled = grid * np.reshape(spacing, (3, 1, 1, 1)) / np.reshape((a, b, c), (3, 1, 1, 1))
    return np.asarray((scaled**2).sum(axis=0) <= 1)


def shape(mask: Mask, spacing: Spacing = (1.0, 1.0, 1.0), image: np.ndarray | None = None) -> Morphology:
    return morphology(masked_voxels(np.ones(mask.shape) if image is None else image, mask, spacing))


def noise(mask: Mask) -> np.ndarray:
    return np.random.default_rng(5).gamma(2, 3, mask.shape)


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (0.8, 0.8, 2.0), (1.7, 0.6, 1.1)])
def test_a_ball_is_near_what_geometry_says(spacing: Spacing) -> None:
    found = shape(ellipsoid(20, 20, 20, spacing), spacing)
    volume = 4 / 3 * math.pi * 20**3
    assert found.morph_volume == pytest.approx(volume, rel=0.01)
    assert found.morph_vol_approx == pytest.approx(volume, rel=0.01)
    assert found.morph_diam == pytest.approx(40, abs=max(spacing))
    axes = (found.morph_pca_maj_axis, found.morph_pca_min_axis, found.morph_pca_least_axis)
    assert axes == pytest.approx((AXIS * 20,) * 3, rel=0.01)
    assert found.morph_pca_flatness <= found.morph_pca_elongation <= 1
    assert found.morph_pca_flatness == pytest.approx(1, abs=0.01)
    assert found.morph_vol_dens_aabb == pytest.approx(math.pi / 6, rel=0.1)
    assert found.morph_com == pytest.approx(0, abs=1e-9)
    # the steps of the voxels stay in the surface however fine they are
    assert 1.08 < found.morph_area_mesh / (4 * math.pi * 20**2) < 1.15
    assert 0.87 < found.morph_sphericity < 0.93


def test_an_ellipsoid_has_its_axes_also_between_those_of_the_image() -> None:
    flat = shape(ellipsoid(30, 20, 10))
    assert flat.morph_pca_maj_axis == pytest.approx(AXIS * 30, rel=0.01)
    assert flat.morph_pca_min_axis == pytest.approx(AXIS * 20, rel=0.01)
    assert flat.morph_pca_least_axis == pytest.approx(AXIS * 10, rel=0.01)
    assert flat.morph_pca_elongation == pytest.approx(2 / 3, abs=0.005)
    assert flat.morph_pca_flatness == pytest.approx(1 / 3, abs=0.005)
    x, y, z = np.indices((61, 61, 61)) - 30
    turned = shape(((x + y) ** 2 / 2 / 28**2 + (x - y) ** 2 / 2 / 14**2 + z**2 / 7**2) <= 1)
    assert turned.morph_pca_maj_axis == pytest.approx(AXIS * 28, rel=0.01)
    assert turned.morph_pca_elongation == pytest.approx(1 / 2, abs=0.01)
    assert turned.morph_pca_flatness == pytest.approx(1 / 4, abs=0.01)


def test_the_five_measures_of_roundness_are_one() -> None:
    found = shape(blobs(1), SPACING)
    round_, rough = found.morph_sphericity, found.morph_sph_dispr
    assert round_ == pytest.approx((36 * math.pi * found.morph_volume**2) ** (1 / 3) / found.morph_area_mesh)
    assert rough == pytest.approx(1 / round_)
    assert found.morph_asphericity == pytest.approx(rough - 1)
    assert found.morph_comp_2 == pytest.approx(round_**3)
    assert found.morph_comp_1 == pytest.approx(math.sqrt(round_**3) / (6 * math.pi))
    assert found.morph_av == pytest.approx(found.morph_area_mesh / found.morph_volume)


def test_a_scale_of_the_spacing_scales_by_the_power_of_the_length() -> None:
    mask = blobs(4)
    image = noise(mask)
    before = asdict(shape(mask, SPACING, image))
    after = asdict(shape(mask, tuple(3 * step for step in SPACING), image))
    for name, value in before.items():
        assert after[name] == pytest.approx(value * 3.0 ** POWERS.get(name, 0)), name


@pytest.mark.parametrize("seed", range(3))
def test_a_turn_by_a_right_angle_or_a_mirror_changes_nothing(seed: int) -> None:
    mask = blobs(seed)
    image = noise(mask)
    before = radiomic_features(image, mask, SPACING)
    for axis in range(3):
        mirrored = radiomic_features(np.flip(image, axis), np.flip(mask, axis), SPACING)
        assert mirrored == pytest.approx(before)
        others = [other for other in range(3) if other != axis]
        spacing = list(SPACING)
        spacing[others[0]], spacing[others[1]] = spacing[others[1]], spacing[others[0]]
        turned = [np.rot90(array, axes=(others[0], others[1])) for array in (image, mask)]
        assert radiomic_features(turned[0], turned[1], tuple(spacing)) == pytest.approx(before)


def test_background_around_a_mask_on_the_edge_of_the_image_changes_nothing() -> None:
    mask = blobs(6)
    assert mask[0].any()
    assert mask[:, :, -1].any()
    image = noise(mask)
    outside = np.pad(image, 4, constant_values=np.nan)
    assert radiomic_features(outside, np.pad(mask, 4), SPACING) == pytest.approx(
        radiomic_features(image, mask, SPACING)
    )


def test_two_parts_add_their_volumes_and_surfaces_and_the_diameter_spans_both() -> None:
    part = np.pad(ellipsoid(6, 5, 4), 2)
    both = np.concatenate([part, np.zeros_like(part), part], axis=1)
    one, two = shape(part), shape(both)
    assert two.morph_volume == pytest.approx(2 * one.morph_volume)
    assert two.morph_area_mesh == pytest.approx(2 * one.morph_area_mesh)
    assert two.morph_vol_approx == 2 * one.morph_vol_approx
    assert two.morph_diam == pytest.approx(
        2 * part.shape[1] + 11
    )  # 11 voxels wide, along the axis of the two
    assert two.morph_pca_maj_axis > 2 * part.shape[1]


def test_the_box_is_that_of_the_mesh_half_a_voxel_beyond_the_outer_centres() -> None:
    mask = np.zeros((9, 9, 9), bool)
    mask[2:5, 3:7, 1:6] = True
    found = shape(mask, (2.0, 3.0, 5.0))
    x, y, z = 3 * 2, 4 * 3, 5 * 5
    assert found.morph_vol_dens_aabb == pytest.approx(found.morph_volume / (x * y * z))
    assert found.morph_area_dens_aabb == pytest.approx(found.morph_area_mesh / (2 * (x * y + y * z + x * z)))


def test_axes_and_centres_are_those_of_itk_which_takes_moments_by_n() -> None:
    mask = blobs(3)
    image = noise(mask)
    found = shape(mask, SPACING, image)
    label = sitk.GetImageFromArray(np.ascontiguousarray(mask).astype(np.uint8))
    values = sitk.GetImageFromArray(image)
    for each in (label, values):
        each.SetSpacing(SPACING[::-1])
    theirs = sitk.LabelIntensityStatisticsImageFilter()
    theirs.Execute(label, values)
    assert found.morph_com == pytest.approx(math.dist(theirs.GetCenterOfGravity(1), theirs.GetCentroid(1)))
    assert found.morph_vol_approx == pytest.approx(theirs.GetPhysicalSize(1))
    form = sitk.LabelShapeStatisticsImageFilter()
    form.Execute(label)
    count = int(mask.sum())
    axes = 4 * np.sqrt(np.array(form.GetPrincipalMoments(1)) * count / (count - 1))
    ours = (found.morph_pca_least_axis, found.morph_pca_min_axis, found.morph_pca_maj_axis)
    assert ours == pytest.approx(axes)


def test_the_centre_of_mass_moves_towards_what_is_bright_and_not_with_a_scale_of_intensities() -> None:
    mask = np.ones((1, 2, 1), bool)
    image = np.array([1.0, 3.0]).reshape(1, 2, 1)
    assert shape(mask, (1.0, 4.0, 1.0), image).morph_com == pytest.approx((3 / 4 - 1 / 2) * 4)
    assert shape(mask, (1.0, 4.0, 1.0), 7 * image).morph_com == pytest.approx(1)
    assert shape(mask, (1.0, 4.0, 1.0), image + 2).morph_com == pytest.approx((5 / 8 - 1 / 2) * 4)


def test_intensities_move_two_features_of_the_shape_alone() -> None:
    mask = blobs(2)
    one, two = (asdict(shape(mask, SPACING, image)) for image in (noise(mask), noise(mask) ** 2))
    assert {name for name in one if one[name] != two[name]} == {"morph_com", "morph_integ_int"}
    assert one["morph_integ_int"] == pytest.approx(one["morph_volume"] * noise(mask)[mask].mean())


def test_a_centre_of_mass_has_no_place_where_intensities_add_up_to_zero() -> None:
    image = np.array([-1.0, 1.0]).reshape(1, 2, 1)
    assert math.isnan(shape(np.ones((1, 2, 1), bool), image=image).morph_com)
    assert shape(np.ones((1, 2, 1), bool), image=image + 1).morph_com == pytest.approx(0.5)


def test_two_voxels_have_one_axis_and_one_has_none_and_is_refused() -> None:
    pair = shape(np.ones((2, 1, 1), bool), (3.0, 1.0, 1.0))
    assert pair.morph_pca_maj_axis == pytest.approx(4 * math.sqrt(2 * 1.5**2 / (2 - 1)))
    assert (pair.morph_pca_min_axis, pair.morph_pca_elongation, pair.morph_pca_flatness) == (0, 0, 0)
    with pytest.raises(InputError, match="at least 2 voxels") as refused:
        shape(np.ones((1, 1, 1), bool))
    assert refused.value.message.endswith("found 1.")


def test_a_tilted_layer_of_voxels_is_flat_and_no_root_of_a_negative_number_is_drawn() -> None:
    x, y, z = np.indices((7, 7, 13))
    for mask in (x + y == z, x - y == 0, (x == y) & (y == z)):
        found = shape(mask, (0.3, 0.7, 1.1))
        assert found.morph_pca_flatness == pytest.approx(0, abs=1e-6)
        assert 0 <= found.morph_pca_least_axis <= found.morph_pca_min_axis <= found.morph_pca_maj_axis


def test_all_features_are_told_by_name_the_shape_first() -> None:
    found = radiomic_features(np.ones((2, 2, 2)), np.ones((2, 2, 2), bool), SPACING)
    expected = [*Morphology.__dataclass_fields__, *IntensityStatistics.__dataclass_fields__]
    assert list(found) == expected
    assert len(found) == 37
    assert all(type(value) is float for value in found.values())


def test_those_of_a_model_come_in_their_order_and_a_missing_one_is_told() -> None:
    found = radiomic_features(noise(blobs(1)), blobs(1), SPACING)
    assert model_features(dict(reversed(found.items()))) == tuple(found[name] for name in FEATURES)
    with pytest.raises(InputError, match="stat_kurt missing"):
        model_features({name: value for name, value in found.items() if name != "stat_kurt"})


@pytest.mark.parametrize("pair", [(0.0, 0.0), (-1.0, 1.0)])
def test_those_of_a_model_are_finite_where_others_have_no_value(pair: tuple[float, float]) -> None:
    found = radiomic_features(np.reshape(pair, (1, 2, 1)), np.ones((1, 2, 1), bool), SPACING)
    without = {name for name, value in found.items() if math.isnan(value)}
    assert without - {"stat_rmad"} == {"morph_com", "stat_cov", "stat_qcod"}
    assert np.isfinite(model_features(found)).all()


def test_none_of_a_model_follows_from_the_others() -> None:
    """Those of regions whose size, form and intensities vary move in as many directions as there are."""
    random = np.random.default_rng(0)
    rows = []
    for _ in range(40):
        mask = ellipsoid(*random.uniform(3, 12, 3))
        mask &= random.random(mask.shape) > random.uniform(0, 0.3)
        image = random.gamma(random.uniform(1, 9), random.uniform(1, 5), mask.shape) + random.normal(0, 20)
        rows.append(model_features(radiomic_features(image, mask, (1.0, 1.0, 1.0))))
    columns = np.array(rows)
    correlation = np.corrcoef((columns - columns.mean(axis=0)) / columns.std(axis=0), rowvar=False)
    assert np.linalg.eigvalsh(correlation)[0] > 0.01
