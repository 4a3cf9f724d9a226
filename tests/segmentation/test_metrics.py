"""Scores of masks: the numbers of three other packages, the empty rules, and laws."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_core.errors import InputError
from sarcoma_core.imaging.volume import Mask, Spacing
from sarcoma_core.segmentation import metrics
from sarcoma_core.segmentation.definitions import DEFINITIONS, Definition
from sarcoma_core.segmentation.metrics import MaskScores, compare
from tests.segmentation.shapes import ball, blobs, cube, voxels

CUBES: Spacing = (1.0, 1.0, 1.0)
SLABS: Spacing = (0.7, 0.9, 4.0)
DISTANCES = ("assd_mm", "hd95_mm", "hd_mm")
BY = dict[Definition, float]


def by(directed: float, area: float, pooled: float) -> BY:
    return {"directed": directed, "area-weighted": area, "pooled": pooled}


def distances(scores: MaskScores) -> list[float]:
    return [getattr(scores, name) for name in DISTANCES]


class Told(NamedTuple):
    """What three packages gave for a pair, to 4 digits."""

    masks: tuple[Mask, Mask]
    spacing: Spacing
    dice: float
    f2: float
    hd: float
    hd95: BY
    assd: BY


TOLD = {
    "cube": Told((cube(), cube((3, 0, 0))), CUBES, 0.7, 0.7, 3, by(3, 3, 3), by(0.8377, 0.8170, 0.8377)),
    "cube of slabs": Told(
        (cube(), cube((3, 0, 0))), (0.5, 0.5, 5), 0.7, 0.7, 1.5, by(1.5, 1.5, 1.5), by(0.4578, 0.6543, 0.4578)
    ),
    "shift of two slices": Told(
        (cube(), cube((0, 0, 2))),
        (0.98, 0.98, 3.27),
        0.6,
        0.6,
        6.54,
        by(6.54, 6.54, 6.54),
        by(2.887, 1.901, 2.887),
    ),
    "spheres": Told(
        (ball(20), ball(23)),
        CUBES,
        0.7926,
        0.9052,
        3.4641,
        by(3.3166, 3.0, 3.1623),
        by(2.8675, 2.5556, 2.8675),
    ),
}


@pytest.mark.parametrize("definition", DEFINITIONS)
@pytest.mark.parametrize("told", TOLD.values(), ids=TOLD.keys())
def test_the_numbers_of_three_packages(told: Told, definition: Definition) -> None:
    """MONAI, surface-distance and MedPy gave them (science.md 3.5)."""
    scores = compare(*told.masks, told.spacing, definition=definition)
    assert (scores.dice, scores.f2) == pytest.approx((told.dice, told.f2), abs=5e-5)
    assert scores.hd_mm == pytest.approx(told.hd, abs=1e-3)
    assert scores.hd95_mm == pytest.approx(told.hd95[definition], abs=1e-3)
    assert scores.assd_mm == pytest.approx(told.assd[definition], abs=1e-3)


@pytest.mark.parametrize("definition", DEFINITIONS)
def test_two_empty_masks_agree(definition: Definition) -> None:
    scores = compare(voxels(), voxels(), SLABS, definition=definition)
    assert (scores.dice, scores.f2, scores.surface_dice) == (1, 1, 1)
    assert distances(scores) == [0, 0, 0]
    assert (scores.volume_error_ml, scores.volume_error) == (0, 0)
    assert not scores.failed


@pytest.mark.parametrize("definition", DEFINITIONS)
@pytest.mark.parametrize("swapped", [False, True])
def test_an_empty_mask_against_another_is_as_far_as_the_image_goes_and_failed(
    definition: Definition, *, swapped: bool
) -> None:
    masks = (voxels(), voxels((3, 3, 3)))
    scores = compare(*(masks[::-1] if swapped else masks), SLABS, definition=definition)
    assert (scores.dice, scores.f2, scores.surface_dice) == (0, 0, 0)
    assert distances(scores) == pytest.approx([math.hypot(12 * 0.7, 14 * 0.9, 10 * 4)] * 3)
    assert scores.volume_error == (-1 if swapped else None)
    assert scores.failed


def test_one_voxel_on_itself_and_on_its_neighbours() -> None:
    one = voxels((5, 5, 5))
    assert distances(compare(one, one, SLABS)) == [0, 0, 0]
    for axis, step in enumerate(SLABS):
        place = [5, 5, 5]
        place[axis] += 1
        touching = voxels((place[0], place[1], place[2]))
        scores = compare(one, touching, SLABS)
        assert scores.dice == 0
        assert distances(scores) == pytest.approx([step] * 3)
    assert distances(compare(one, voxels((6, 6, 6)), SLABS)) == pytest.approx([math.hypot(*SLABS)] * 3)


def test_masks_that_just_touch_and_that_lie_apart() -> None:
    assert compare(cube(), cube((10, 0, 0)), (1.0, 1.0, 2.0)).hd_mm == 10
    assert compare(cube((-5, 0, 0)), cube((9, 0, 0)), (1.0, 1.0, 2.0)).hd_mm == 14
    apart = compare(cube((-5, -5, -5)), cube((9, 0, 0)), CUBES)
    assert apart.dice == apart.f2 == apart.surface_dice == 0
    assert not apart.failed


@pytest.mark.parametrize("definition", DEFINITIONS)
def test_what_is_on_the_edge_of_the_image_has_its_surface_there(definition: Definition) -> None:
    whole, less = np.ones((6, 6, 6), bool), np.ones((6, 6, 6), bool)
    less[0] = False
    wide = compare(np.pad(whole, 3), np.pad(less, 3), SLABS, definition=definition)
    assert distances(compare(whole, less, SLABS, definition=definition)) == distances(wide)


def test_f2_weighs_what_is_missed_over_what_is_too_much() -> None:
    reference, more = voxels((1, 1, 1), (2, 1, 1)), voxels((1, 1, 1), (2, 1, 1), (3, 1, 1))
    assert metrics.f2(reference, more) == pytest.approx(10 / 11)
    assert metrics.f2(more, reference) == pytest.approx(10 / 14)


def test_a_volume_error_is_in_ml_and_a_part_of_the_reference() -> None:
    scores = compare(voxels((1, 1, 1), (2, 1, 1)), voxels((1, 1, 1), (2, 1, 1), (3, 1, 1)), (10.0, 20.0, 5.0))
    assert (scores.reference_ml, scores.other_ml) == pytest.approx((2, 3))
    assert (scores.volume_error_ml, scores.volume_error) == pytest.approx((1, 0.5))
    assert metrics.volume_ml(voxels((1, 1, 1), (2, 1, 1)), (10.0, 20.0, 5.0)) == pytest.approx(2)


@pytest.mark.parametrize("definition", DEFINITIONS)
def test_a_surface_within_the_tolerance_counts_and_one_just_outside_does_not(definition: Definition) -> None:
    masks = voxels((2, 5, 5)), voxels((5, 5, 5))
    outside = 0.5 if definition == "area-weighted" else 0  # the near half of a voxel's elements
    for tolerance, near in (
        (2.1, 1),
        (2.09, outside),
        (2.11, 1),
    ):  # 3 x 0.7, which floats do not give exactly
        scores = compare(*masks, (0.7, 1.0, 1.0), definition=definition, tolerance_mm=tolerance)
        assert scores.surface_dice == pytest.approx(near)
        assert scores.tolerance_mm == tolerance
    scores = compare(cube(), cube((3, 0, 0)), CUBES, definition=definition, tolerance_mm=3)
    assert scores.surface_dice == 1
    assert compare(cube(), cube((3, 0, 0)), CUBES, definition=definition, tolerance_mm=2.99).surface_dice < 1


def test_single_functions_give_what_compare_gives() -> None:
    one, two = blobs(1), blobs(2)
    for definition in DEFINITIONS:
        scores = compare(one, two, SLABS, definition=definition, tolerance_mm=1.0)
        assert metrics.dice(one, two) == scores.dice
        assert metrics.f2(one, two) == scores.f2
        for name, function in (("assd", metrics.assd), ("hd95", metrics.hd95), ("hd", metrics.hd)):
            assert function(one, two, SLABS, definition=definition) == getattr(scores, f"{name}_mm")
        found = metrics.surface_dice(one, two, SLABS, definition=definition, tolerance_mm=1.0)
        assert found == scores.surface_dice
    assert metrics.hd95(one, two, SLABS) == compare(one, two, SLABS, definition="directed").hd95_mm


PAIRS = st.tuples(st.integers(0, 999), st.integers(1000, 1999)).map(
    lambda s: (blobs(s[0]), blobs(s[1], share=0.3))
)
STEPS = st.tuples(*[st.floats(0.3, 6)] * 3)
NAMED = st.sampled_from(DEFINITIONS)


def close(one: MaskScores, other: MaskScores, factor: float = 1.0) -> None:
    assert one.dice == other.dice
    assert [factor * value for value in distances(one)] == pytest.approx(distances(other), rel=1e-5, abs=1e-5)


@given(pair=PAIRS, steps=STEPS, definition=NAMED)
def test_a_mask_agrees_with_itself(pair: tuple[Mask, Mask], steps: Spacing, definition: Definition) -> None:
    scores = compare(pair[0], pair[0], steps, definition=definition, tolerance_mm=0)
    assert scores.dice == scores.f2 == scores.surface_dice == 1
    assert distances(scores) == [0, 0, 0]


@given(pair=PAIRS, steps=STEPS, definition=NAMED)
def test_all_but_f2_and_the_sign_of_the_volume_error_are_symmetric(
    pair: tuple[Mask, Mask], steps: Spacing, definition: Definition
) -> None:
    one, other = (compare(*masks, steps, definition=definition) for masks in (pair, pair[::-1]))
    close(one, other)
    assert one.surface_dice == pytest.approx(other.surface_dice)
    assert one.volume_error_ml == -other.volume_error_ml


@given(pair=PAIRS, steps=STEPS, definition=NAMED)
def test_the_percentile_lies_between_nothing_and_the_maximum(
    pair: tuple[Mask, Mask], steps: Spacing, definition: Definition
) -> None:
    scores = compare(*pair, steps, definition=definition)
    assert 0 < scores.assd_mm <= scores.hd_mm
    assert 0 <= scores.hd95_mm <= scores.hd_mm
    assert 0 < scores.dice < 1


@given(pair=PAIRS, steps=STEPS, definition=NAMED, factor=st.sampled_from([0.25, 0.5, 2.0, 8.0]))
def test_distances_grow_with_the_spacing(
    pair: tuple[Mask, Mask], steps: Spacing, definition: Definition, factor: float
) -> None:
    wider: Spacing = (steps[0] * factor, steps[1] * factor, steps[2] * factor)
    one, other = (compare(*pair, each, definition=definition) for each in (steps, wider))
    close(one, other, factor)
    assert other.reference_ml == pytest.approx(one.reference_ml * factor**3)


@given(
    pair=PAIRS,
    steps=STEPS,
    definition=NAMED,
    order=st.permutations(range(3)),
    flips=st.sets(st.integers(0, 2)),
)
def test_flipped_and_exchanged_axes_change_nothing(
    pair: tuple[Mask, Mask], steps: Spacing, definition: Definition, order: list[int], flips: set[int]
) -> None:
    turned = [np.flip(mask.transpose(order), tuple(flips)) for mask in pair]
    exchanged: Spacing = (steps[order[0]], steps[order[1]], steps[order[2]])
    one = compare(*pair, steps, definition=definition)
    close(one, compare(turned[0], turned[1], exchanged, definition=definition))


@given(pair=PAIRS, steps=STEPS, definition=NAMED, rims=st.tuples(*[st.integers(0, 4)] * 6))
def test_where_in_the_image_the_masks_lie_changes_nothing(
    pair: tuple[Mask, Mask], steps: Spacing, definition: Definition, rims: tuple[int, ...]
) -> None:
    """So the bounding box gives what the whole image gives."""
    widths = list(zip(rims[:3], rims[3:], strict=True))
    one = compare(*pair, steps, definition=definition)
    other = compare(np.pad(pair[0], widths), np.pad(pair[1], widths), steps, definition=definition)
    assert distances(one) == distances(other)
    assert one.dice == other.dice


@pytest.mark.parametrize(
    ("call", "rule"),
    [
        (lambda: compare(voxels(), cube(), CUBES), "other: must have the shape of the reference"),
        (lambda: metrics.dice(voxels(), cube()), "other: must have the shape of the reference"),
        (lambda: metrics.f2(voxels()[0], voxels()[0]), "reference: must hold voxels along 3 axes"),
        (lambda: compare(voxels()[:0], voxels()[:0], CUBES), "reference: must hold voxels along 3 axes"),
        (lambda: metrics.hd95(voxels() * 1, voxels(), CUBES), "reference: must be booleans"),
        (lambda: metrics.assd(voxels(), voxels() * 1, CUBES), "other: must be booleans"),
        (lambda: metrics.hd(voxels(), voxels(), (1.0, 0.0, 1.0)), "spacing: must be 3 lengths over 0 mm"),
        (
            lambda: metrics.hd(voxels(), voxels(), (1.0, math.nan, 1.0)),
            "spacing: must be 3 lengths over 0 mm",
        ),
        (lambda: metrics.hd(voxels(), voxels(), (1.0, 1.0)), "spacing: must be 3 lengths"),  # type: ignore[arg-type]
        (lambda: metrics.hd95(voxels(), voxels(), CUBES, definition="best"), "definition: must be one of"),  # type: ignore[arg-type]
        (
            lambda: metrics.surface_dice(voxels(), voxels(), CUBES, tolerance_mm=-0.1),
            "tolerance_mm: must be 0",
        ),
        (
            lambda: metrics.surface_dice(voxels(), voxels(), CUBES, tolerance_mm=math.inf),
            "tolerance_mm: must",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(call: Callable[[], object], rule: str) -> None:
    with pytest.raises(InputError, match=rule):
        call()
