"""How a network is to be trained: the grid follows the slices, patches fit the network, and all is told."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_core.demo.reading.patients import SETTINGS, sources
from sarcoma_core.errors import InputError
from sarcoma_core.training.segmentation.cases import CaseFacts, survey
from sarcoma_core.training.segmentation.plan import PlanSettings, SegmentationPlan, plan_training, seen_in
from tests.training.segmentation.made import facts

REGIONS = ("tumour", "oedema")


def plan(cohort: list[CaseFacts], **settings: Any) -> SegmentationPlan:
    return plan_training(cohort, ("T1CE",), REGIONS, PlanSettings(**settings))


def test_thick_slices_in_one_plane_keep_an_axis_of_their_own() -> None:
    """Medians: one patient with thin slices among three does not move the grid."""
    found = plan([facts((0.9, 0.9, 5.0)), facts((1.0, 1.0, 6.0)), facts((1.1, 1.1, 1.1))])
    assert found.slices_last
    assert found.spacing == (1.0, 1.0, 5.0)
    assert "slices are 5 mm apart and voxels 1 mm wide" in found.why[0]
    assert "the grid is anisotropic" in found.why[0]


@pytest.mark.parametrize(("across", "anisotropic"), [(1.9, False), (2.0, False), (2.001, True), (2.2, True)])
def test_slices_of_more_than_twice_the_plane_are_thick(across: float, *, anisotropic: bool) -> None:
    found = plan([facts((1.0, 1.0, across))] * 3)
    assert found.slices_last == anisotropic
    if not anisotropic:
        assert found.spacing == (round(across ** (1 / 3), 3),) * 3


@pytest.mark.parametrize("other", [0, 1])
def test_where_slices_run_in_several_planes_the_grid_is_isotropic_with_as_many_voxels(other: int) -> None:
    found = plan([facts((1.0, 1.0, 8.0))] * 5 + [facts((1.0, 1.0, 8.0), slice_axis=other)])
    assert not found.slices_last
    assert found.spacing == (2.0, 2.0, 2.0)  # the cube root of 1 x 1 x 8
    assert "the grid is isotropic, 2 mm" in found.why[0]
    assert ("sagittal and axial", "coronal and axial")[other] in found.why[0]


def test_an_isotropic_patient_has_no_plane_that_would_make_several() -> None:
    """Which of three equal spacings is the largest is chance."""
    found = plan([facts((1.0, 1.0, 5.0))] * 5 + [facts((1.0, 1.0, 1.0), slice_axis=0)] * 2)
    assert found.slices_last


@pytest.mark.parametrize(
    ("asked", "spacing", "slices_last"),
    [
        (0.0, (1.0, 1.0, 5.0), True),
        (0.5, (1.0, 1.0, 5.0), True),  # finer than what was acquired is invented
        (2.4, (2.4, 2.4, 5.0), True),
        (2.6, (2.6, 2.6, 2.6), False),
        (6.9, (6.9, 6.9, 6.9), False),
    ],
)
def test_a_coarser_plane_can_be_asked_for(
    asked: float, spacing: tuple[float, float, float], *, slices_last: bool
) -> None:
    found = plan([facts()] * 3, spacing_mm=asked)
    assert (found.spacing, found.slices_last) == (spacing, slices_last)
    assert (f"{asked:g} mm was asked for" in found.why[0]) == bool(asked)


@given(
    st.lists(
        st.tuples(
            st.floats(0.4, 4), st.floats(0.4, 9), st.integers(10, 300), st.integers(6, 60), st.integers(0, 2)
        ),
        min_size=1,
        max_size=4,
    ),
    st.integers(8, 160),
    st.sampled_from([0.0, 2.5, 7.0]),
)
def test_a_patch_fits_the_network_and_is_no_larger_than_told_or_needed(
    cohort: list[tuple[float, float, int, int, int]], most: int, asked: float
) -> None:
    found = plan(
        [
            facts((inner, inner, max(inner, across)), (wide, wide, deep), slice_axis=axis)
            for inner, across, wide, deep, axis in cohort
        ],
        patch=most,
        spacing_mm=asked,
    )
    of = np.prod(found.strides, axis=0)
    assert (np.array(found.patch) % of == 0).all()
    assert (np.array(found.patch) >= 8).all()
    assert (np.array(found.patch) <= most).all()
    assert (np.array(found.patch) / of >= 2).all()  # a convolution of 3 has something to see
    assert len(found.widths) == len(found.strides) + 1 <= 6
    assert {size for stride in found.strides for size in stride} <= {1, 2}
    if asked == 0:
        assert found.slices_last == (found.spacing[2] != found.spacing[0])


@pytest.mark.parametrize(("most", "patch"), [(31, 24), (32, 32), (47, 40), (128, 48)])
def test_patches_are_as_large_as_the_images_or_as_is_allowed(most: int, patch: int) -> None:
    """48 voxels of 2 mm along each axis."""
    found = plan([facts((2.0, 2.0, 2.0), (48, 48, 48))] * 3, patch=most)
    of = int(np.prod(found.strides, axis=0)[0])
    assert found.patch == (patch,) * 3
    assert patch % of == 0
    assert f"patches of {patch} x {patch} x {patch} voxels, as the images are 96 x 96 x 96 mm" in found.why[1]


@pytest.mark.parametrize("spacing", [0.586, 0.703, 0.977, 1.367, 1.953])
@pytest.mark.parametrize("count", [24, 48, 64, 96])
def test_images_that_are_a_whole_number_of_voxels_get_no_further_one(spacing: float, count: int) -> None:
    found = plan([facts((spacing,) * 3, (count,) * 3)])
    assert found.spacing == (spacing,) * 3
    assert found.patch == (count,) * 3


def test_an_axis_is_halved_while_it_is_long_and_its_voxels_are_not() -> None:
    """128 x 128 x 32 of 1 x 1 x 5: the plane is halved twice, to 4 x 4 x 5; then all axes are."""
    found = plan([facts((1.0, 1.0, 5.0), (128, 128, 32))] * 3)
    assert found.patch == (128, 128, 32)
    assert found.strides == ((2, 2, 1), (2, 2, 1), (2, 2, 2), (2, 2, 2), (2, 2, 2))
    assert found.widths == (32, 64, 128, 256, 320, 320)
    short = plan([facts((2.0, 2.0, 2.0), (128, 128, 12))] * 3)
    assert short.strides == ((2, 2, 2), (2, 2, 2), (2, 2, 1))  # 12, 6 and 3 slices; 8, 8 and 16 mm beside 8


@pytest.mark.parametrize(
    ("patch", "width", "asked", "batch"),
    [
        (128, 32, 2, 2),  # 2^21 voxels: two of them fill a card
        (128, 32, 3, 2),
        (128, 64, 2, 1),
        (128, 16, 4, 4),
        (128, 16, 5, 4),
        (64, 32, 16, 16),
        (64, 32, 17, 16),
        (160, 64, 2, 1),  # never none
    ],
)
def test_a_batch_is_what_the_memory_of_a_card_holds(patch: int, width: int, asked: int, batch: int) -> None:
    found = plan([facts((1.0, 1.0, 1.0), (256, 256, 256))] * 3, patch=patch, width=width, batch=asked)
    assert found.patch == (patch,) * 3
    assert found.batch == batch
    told = [sentence for sentence in found.why if "for the memory of a card" in sentence]
    assert bool(told) == (batch < asked)


def test_what_is_asked_for_is_what_is_planned() -> None:
    found = plan([facts()] * 3, epochs=7, learning_rate=0.02, width=5)
    assert (found.epochs, found.learning_rate, found.widths[:3]) == (7, 0.02, (5, 10, 20))
    assert found.sequences == ("T1CE",)
    assert found.regions == REGIONS
    assert found.arguments == {
        "channels": 1,
        "classes": 2,
        "widths": found.widths,
        "strides": found.strides,
        "groups": 8,
    }


@pytest.mark.parametrize(("spacing", "legal"), [(0.099, False), (0.1, True), (20.0, True), (20.1, False)])
def test_a_spacing_that_no_model_may_have_is_refused(spacing: float, *, legal: bool) -> None:
    cohort = [facts((spacing, spacing, spacing), (32, 32, 32))]
    if legal:
        assert plan(cohort).spacing == (spacing,) * 3
    else:
        with pytest.raises(InputError, match=r"spacing: must be 0\.1 to 20 mm along each axis; planned"):
            plan(cohort)


def test_a_cohort_without_a_case_plans_nothing() -> None:
    with pytest.raises(InputError, match="must have a case to plan with"):
        plan([])


def test_of_synthetic_patients_the_grid_is_that_of_their_slices_or_where_planes_are_mixed_isotropic() -> None:
    """Axial slices of 1.375 x 1.375 x 5 mm; with sagittal ones of 1.4 x 1.4 x 5.5 mm among them."""
    axial = [survey(one.read()) for one in sources(range(1), ("T1CE",))] * 2
    sagittal = [survey(one.read()) for one in sources(range(1), ("T1CE",), SETTINGS["sagittal slices"])]
    assert [one.slice_axis for one in (*axial, *sagittal)] == [2, 2, 0]
    assert plan(axial).spacing == (1.375, 1.375, 5.0)
    assert plan(axial).slices_last
    mixed = plan([*axial, *sagittal])
    assert not mixed.slices_last
    assert mixed.spacing == pytest.approx(((1.375**2 * 5) ** (1 / 3),) * 3, abs=1e-3)
    seen = seen_in([*axial, *sagittal], mixed)
    assert np.array(seen.spacing_mm) == pytest.approx(np.array([(1.375, 5.5), (1.375, 1.4), (1.4, 5.0)]))


def test_the_order_of_the_patients_is_of_no_matter() -> None:
    cohort = [facts((0.9, 0.9, 5.0)), facts((1.3, 1.3, 6.0), (100, 90, 20)), facts((1.1, 1.1, 4.0))]
    assert plan(cohort) == plan(cohort[::-1])


def test_what_was_seen_is_told_along_the_axes_of_the_model_grid() -> None:
    """Of sagittal slices the third axis is right to left; on an isotropic grid the axes are the patient's."""
    cohort = [
        facts((0.8, 0.9, 5.0), slice_axis=0, volume_ml={"tumour": 20.0, "oedema": 0.0}),
        facts((1.2, 1.1, 7.0), slice_axis=0, volume_ml={"tumour": 400.0}),
        facts((1.0, 1.0, 6.0), slice_axis=0, volume_ml={"tumour": 0.0}),
    ]
    seen = seen_in(cohort, plan(cohort))
    assert seen.spacing_mm == ((0.8, 1.2), (0.9, 1.1), (5.0, 7.0))
    assert seen.volume_ml == {"tumour": (20.0, 400.0), "oedema": (0.0, 0.0)}
    isotropic = plan(cohort, spacing_mm=4.0)
    assert seen_in(cohort, isotropic).spacing_mm == ((5.0, 7.0), (0.8, 1.2), (0.9, 1.1))


def test_intensity_is_told_of_each_sequence_as_mean_and_deviation_over_the_patients() -> None:
    """1, 2 and 3: mean 2, deviation the root of 2/3, as of all the patients that there are."""
    cohort = [facts(intensity=((float(n),) * 5, (0.0, 1.0, 2.0, 3.0, 10.0 * n))) for n in (1, 2, 3)]
    two = plan_training(cohort, ("T2FS", "T1CE"), REGIONS, PlanSettings())
    seen = seen_in(cohort, two)
    assert list(seen.intensity) == ["T2FS", "T1CE"]
    assert np.array(seen.intensity["T2FS"]) == pytest.approx(np.array([(2, (2 / 3) ** 0.5)] * 5))
    assert seen.intensity["T1CE"][4] == pytest.approx((20, 10 * (2 / 3) ** 0.5))
    assert seen.intensity["T1CE"][1] == (1, 0)
