"""What a network is trained on: refused where nothing can be learned; else as drawn, on the model grid."""

import numpy as np
import pytest

from sarcoma_core.errors import InputError
from sarcoma_core.imaging.grid import model_grid, to_model
from sarcoma_core.models.segmentation_task import PERCENTILES
from sarcoma_core.training.segmentation.cases import (
    LEAST_VOXELS,
    NativeCase,
    check_case,
    percentiles_of,
    prepare,
    survey,
)
from tests.imaging.turned import TURNS, reordered
from tests.training.segmentation.made import AIR, SHAPE, native

REGIONS = ("tumour", "oedema")


def drawn(voxels: int) -> np.ndarray:
    mask = np.zeros(SHAPE, np.bool_)
    mask.reshape(-1)[100 : 100 + voxels] = True
    return mask


@pytest.mark.parametrize("voxels", [0, LEAST_VOXELS, LEAST_VOXELS + 1])
def test_a_tumour_of_some_voxels_teaches_and_so_does_a_patient_without_one(voxels: int) -> None:
    check_case(native(1, tumour=drawn(voxels)), ("T1CE",), "tumour")


@pytest.mark.parametrize("voxels", [1, LEAST_VOXELS - 1])
def test_a_slip_of_the_hand_does_not(voxels: int) -> None:
    with pytest.raises(InputError, match=f"mask tumour: must hold 8 voxels or more; found {voxels}"):
        check_case(native(1, tumour=drawn(voxels)), ("T1CE",), "tumour")
    check_case(native(1, oedema=drawn(voxels)), ("T1CE",), "tumour")  # it is the tumour that counts


def with_image(image: np.ndarray) -> NativeCase:
    case = native(1)
    return NativeCase((image,), case.affine, case.masks)


BAD = np.full(SHAPE, np.nan, np.float32)


@pytest.mark.parametrize(
    ("case", "rule"),
    [
        (with_image(BAD), "values must be finite"),
        (with_image(np.ones(SHAPE, np.float32)), "must not be constant"),
        (with_image(np.ones((14, 14), np.float32)), "must have 3 dimensions"),
        (native(1, tumour=None), "masks: must have the region tumour; it was not drawn"),
        (native(1, tumour=np.ones((14, 14, 9), np.bool_)), "mask tumour: must have the shape of the images"),
        (native(1, oedema=np.ones((14, 10), np.bool_)), "mask oedema: must have the shape of the images"),
        (native(1, sequences=2), "images: must be T1CE; found 2"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_learned_from_is_refused(case: NativeCase, rule: str) -> None:
    with pytest.raises(InputError, match=rule):
        check_case(case, ("T1CE",), "tumour")


def test_images_of_two_sequences_are_of_one_shape() -> None:
    case, small = native(1, sequences=2), native(1, shape=(14, 14, 9))
    check_case(case, ("T1CE", "T2FS"), "tumour")
    odd = NativeCase((case.images[0], small.images[0]), case.affine, case.masks)
    with pytest.raises(InputError, match="images: must have one shape"):
        check_case(odd, ("T1CE", "T2FS"), "tumour")


def test_the_second_sequence_is_looked_at_as_well() -> None:
    case = native(1, sequences=2)
    with pytest.raises(InputError, match="finite"):
        check_case(NativeCase((case.images[0], BAD), case.affine, case.masks), ("T1CE", "T2FS"), "tumour")


def test_intensity_is_that_of_what_is_not_air() -> None:
    """Of 1 to 100 beside a thousand voxels of air: the percentiles that everybody knows."""
    image = np.concatenate([np.full(1000, -3.0), np.arange(1, 102)]).reshape(-1, 1, 1).astype(np.float32)
    assert PERCENTILES == (5, 25, 50, 75, 95)
    assert percentiles_of(image) == (6, 26, 51, 76, 96)


def test_a_survey_tells_of_the_patients_axes_in_whatever_order_those_of_the_image_are() -> None:
    case = native(2)
    whole = case.volume
    for turn in TURNS[::5]:
        image = reordered(whole, turn)
        masks = {
            name: reordered(whole.with_array(mask.astype(np.float32)), turn).array > 0
            for name, mask in case.masks.items()
        }
        found = survey(NativeCase((image.array,), image.affine, masks))
        assert found.shape == image.array.shape
        assert found.spacing == pytest.approx(image.spacing)
        assert (found.in_plane, found.across) == pytest.approx((2, 3))
        assert found.along == pytest.approx((2, 2, 3))
        assert found.extent == pytest.approx((28, 28, 30))
        assert found.slice_axis == 2
        for name, mask in case.masks.items():
            assert found.volume_ml[name] == pytest.approx(mask.sum() * 12 / 1000)


@pytest.mark.parametrize("axis", range(3))
def test_slices_are_across_the_axis_of_the_patient_that_they_are_nearest_to(axis: int) -> None:
    spacing = [1.0, 1.1, 1.2]
    spacing[axis] = 6.0
    case = NativeCase(native(1).images, np.diag([*spacing, 1.0]), {})
    assert survey(case).slice_axis == axis


@pytest.mark.parametrize("least", [(1, 1, 1), (8, 8, 8), (9, 4, 12)])
def test_a_prepared_case_is_the_image_and_what_was_drawn_on_the_model_grid(
    least: tuple[int, int, int],
) -> None:
    """7 x 7 x 8 voxels of 4 mm, in the middle of what is asked for; around it air, and no tumour."""
    case = native(3, sequences=2)
    found = prepare("P03/MR", case, REGIONS, (4.0, 4.0, 4.0), slices_last=False, least=least)
    grid = model_grid(case.volume, (4.0, 4.0, 4.0), slices_last=False)
    shape = tuple(max(pair) for pair in zip((7, 7, 8), least, strict=True))
    assert found.grid.shape == grid.shape == (7, 7, 8)
    assert found.image.shape == found.soft.shape == (2, *shape)
    inside = tuple(
        slice((have - want) // 2, (have - want) // 2 + want)
        for have, want in zip(shape, (7, 7, 8), strict=True)
    )
    around = np.ones(shape, np.bool_)
    around[inside] = False
    for channel, image in enumerate(case.images):
        wanted = to_model(image, grid, fill=float(image.min()))
        np.testing.assert_allclose(found.image[channel][inside], wanted, atol=2e-3)  # of half precision
        assert (found.image[channel][around] == AIR).all()
    assert found.fills == (AIR, AIR)
    for channel, region in enumerate(REGIONS):
        wanted = to_model(case.masks[region], grid)
        np.testing.assert_allclose(found.soft[channel][inside], wanted, atol=5e-4)
        assert not found.soft[channel][around].any()
    assert found.drawn.tolist() == [True, True]


def test_what_was_drawn_is_kept_voxel_by_voxel() -> None:
    for seed in range(3):
        case = native(seed, shape=(7, 5, 3 + seed))
        found = prepare("P", case, REGIONS, (4.0, 4.0, 4.0), slices_last=False)
        for region in REGIONS:
            assert found.mask(region).dtype == np.bool_
            np.testing.assert_array_equal(found.mask(region), case.masks[region])


def test_a_region_that_was_not_drawn_is_empty_and_does_not_count() -> None:
    found = prepare("P", native(1, oedema=None), REGIONS, (4.0, 4.0, 4.0), slices_last=False)
    assert found.drawn.tolist() == [True, False]
    assert found.soft[0].any()
    assert not found.soft[1].any()
    assert set(found.packed) == {"tumour"}
