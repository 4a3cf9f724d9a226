"""A view is a function of seed, epoch and case alone; image and mask move together, and air stays air."""

import hashlib
import itertools
import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="torch test: make extras to run it")

from monai.data.meta_obj import get_track_meta, set_track_meta  # noqa: E402

from sarcoma_core.training.drawing import number_of, order_of  # noqa: E402
from sarcoma_core.training.plain_tensors import without_meta  # noqa: E402
from sarcoma_core.training.segmentation.augmenting import (  # noqa: E402
    Augmenter,
    ShownCase,
    _place,
)
from sarcoma_core.training.segmentation.cases import PreparedCase  # noqa: E402
from tests.training.segmentation.made import prepared, small_plan  # noqa: E402

PLAN = small_plan(regions=("tumour", "oedema"), spacing=(2.0, 2.0, 2.0))
PATCH = (8, 8, 8)


def case_of(image: Any, soft: Any, air: float = 0.0) -> PreparedCase:
    """A case of these numbers; of its grid nothing matters."""
    arrays = {"image": np.asarray(image, np.float16)[None], "soft": np.asarray(soft, np.float16)[None]}
    return replace(prepared(0, small_plan()), name="C/MR", fills=(air,), **arrays)


def views(case: PreparedCase, count: int, patch: tuple[int, ...] = PATCH, **how: Any) -> list[ShownCase]:
    augmenter = Augmenter(patch, **{"slices_last": False, "seed": 1, **how})
    return [augmenter.draw(case, epoch) for epoch in range(count)]


def same(one: ShownCase, other: ShownCase) -> bool:
    return all(torch.equal(*pair) for pair in zip(one, other, strict=True))


def test_a_view_is_the_same_whatever_was_drawn_before_it() -> None:
    """In any order, again, alone, and whatever the generators of the process were at."""
    cases = [prepared(seed, PLAN) for seed in range(3)]
    shown = [(case, epoch) for case in cases for epoch in range(4)]
    augmenter = Augmenter(PATCH, slices_last=False, seed=9)
    wanted = {(case.name, epoch): augmenter.draw(case, epoch) for case, epoch in shown}
    for number, (case, epoch) in enumerate(reversed(shown)):
        random.seed(number)
        np.random.seed(number)  # noqa: NPY002  what others do
        torch.manual_seed(number)
        assert same(augmenter.draw(case, epoch), wanted[case.name, epoch])
    case, epoch = shown[7]
    fresh = Augmenter(PATCH, slices_last=False, seed=9)
    assert same(fresh.draw(case, epoch), wanted[case.name, epoch])
    assert same(fresh.draw(case, epoch), wanted[case.name, epoch])


def test_another_seed_epoch_or_case_is_another_view() -> None:
    case = prepared(1, PLAN)
    seen = [
        Augmenter(PATCH, slices_last=False, seed=seed).draw(replace(case, name=name), epoch)
        for seed, epoch, name in itertools.product((1, 2), (0, 1), ("A/MR", "B/MR"))
    ]
    for one, other in itertools.combinations(seen, 2):
        assert not torch.equal(one.image, other.image)


def test_no_generator_of_the_process_is_moved() -> None:
    def states() -> tuple[Any, ...]:
        return random.getstate(), str(np.random.get_state()), torch.get_rng_state().tolist()  # noqa: NPY002

    before = states()
    views(prepared(1, PLAN), 5)
    order_of(["A", "B"], 1, 1)
    assert states() == before


def test_the_number_of_a_view_is_that_of_a_hash() -> None:
    """SHA-256 of the three, parted by tabs; its first 8 bytes."""
    digest = hashlib.sha256(b"3\t14\tP01/MR").hexdigest()
    assert number_of(3, 14, "P01/MR") == int(digest[:16], 16)


def test_a_case_is_as_it_was() -> None:
    case = prepared(1, PLAN)
    before = case.image.copy(), case.soft.copy()
    views(case, 6)
    np.testing.assert_array_equal(case.image, before[0])
    np.testing.assert_array_equal(case.soft, before[1])


@pytest.mark.parametrize("patch", [(8, 8, 8), (16, 8, 12), (14, 14, 16), (20, 24, 17)], ids=str)
def test_a_view_is_as_large_as_the_patch_be_the_image_larger_or_smaller(patch: tuple[int, int, int]) -> None:
    """14 x 14 x 15 voxels, padded to the patch when it was prepared."""
    plan = small_plan(
        sequences=("T1CE", "T2FS"), regions=("tumour", "oedema"), spacing=(2.0, 2.0, 2.0), patch=patch
    )
    case = prepared(2, plan, oedema=None)
    for view in views(case, 6, patch):
        assert view.image.shape == view.soft.shape == (2, *patch)
        assert view.image.dtype == view.soft.dtype == torch.float32
        assert view.image.isfinite().all()
        assert view.drawn.tolist() == [True, False]
        assert not view.soft[1].any()


def test_a_soft_mask_is_a_part_of_a_voxel_in_every_view() -> None:
    noise = np.random.default_rng(4).random((12, 12, 12))
    seen = torch.stack([view.soft for view in views(case_of(noise, noise > 0.5), 40)])
    assert float(seen.min()) >= 0
    assert float(seen.max()) <= 1
    assert ((seen > 0.01) & (seen < 0.99)).any()  # where it is turned


def blob(shape: tuple[int, int, int], middle: tuple[float, ...], radius: float) -> np.ndarray:
    places = np.moveaxis(np.indices(shape), 0, -1)
    return np.asarray(np.linalg.norm(places - middle, axis=-1) <= radius)


def test_image_and_mask_move_together() -> None:
    """What is brighter than what lies around it is the tumour, in every view."""
    mask = blob((12, 12, 12), (3, 4, 8), 2.5)
    case = case_of(np.where(mask, 6.0, 2.0), mask)
    for view in views(case, 40, (12, 12, 12)):
        near = torch.nn.functional.max_pool3d(view.soft, 5, stride=1, padding=2) > 0.9
        inside, outside = view.image[view.soft > 0.9], view.image[near & (view.soft < 0.1)]
        assert len(inside) > 10
        assert float(inside.median()) > 1.5 * float(outside.median())


def test_what_comes_in_from_beside_is_air_and_the_body_keeps_its_height() -> None:
    """Air of -50, a body of 5: its contrast is changed by a fifth and a little, never its floor."""
    case = case_of(np.full((12, 12, 12), 5.0), np.zeros((12, 12, 12)), air=-50.0)
    turned = 0
    for view in views(case, 40, (12, 12, 12), seed=3):
        assert float(view.image.min()) >= -50 - 1.5
        assert float(view.image.median()) == pytest.approx(5, abs=55 * 0.21 + 55 * 0.3)
        turned += bool((view.image < -40).any())
    assert 5 <= turned <= 35


def test_every_axis_is_mirrored_in_half_of_the_views() -> None:
    mask = blob((12, 12, 12), (3, 4, 8), 2.5)
    sides = []
    for view in views(case_of(mask, mask), 80, (12, 12, 12)):
        places = torch.nonzero(view.soft[0] > 0.5).double().mean(0)
        sides.append(tuple((places > 5.5).tolist()))
    assert len(set(sides)) == 8
    for axis in range(3):
        assert 0.3 <= np.mean([side[axis] for side in sides]) <= 0.7


def slope(soft: Any, along: int, towards: int) -> float:
    """By how much a rod along one axis leans towards another."""
    mask = soft[0].double()
    places = torch.arange(mask.shape[towards]).double()
    others = tuple(axis for axis in range(3) if axis not in (along, towards))
    flat = mask.sum(dim=others) if along < towards else mask.sum(dim=others).T
    middle = ((flat * places).sum(1) / flat.sum(1))[6:-6]
    return float((middle[-1] - middle[0]) / (len(middle) - 1))


@pytest.mark.parametrize("slices_last", [False, True])
def test_thick_slices_are_turned_in_their_plane_and_hardly_out_of_it(*, slices_last: bool) -> None:
    """By 12 degrees, 0.21, and by a quarter of that out of the plane; a scale of 12 % may add to it."""
    shape, leaned = (24, 24, 24), {}
    for along, towards in ((2, 0), (2, 1), (0, 1)):
        rod = np.zeros(shape)
        places = [slice(10, 14)] * 3
        places[along] = slice(None)
        rod[tuple(places)] = 1
        case = case_of(rod, rod)
        seen = views(case, 24, shape, slices_last=slices_last, seed=5)
        leaned[along, towards] = max(abs(slope(view.soft, along, towards)) for view in seen)
    assert 0.1 < leaned[0, 1] < 0.21 * 1.3
    for axes in ((2, 0), (2, 1)):
        if slices_last:
            assert leaned[axes] < 0.21 / 4 * 1.3
        else:
            assert 0.1 < leaned[axes] < 0.21 * 1.3


def test_the_scanner_is_another_one_in_most_views() -> None:
    """Another gain and offset: of a body that is the same everywhere, the mean of the inner voxels."""
    case = case_of(np.full((8, 8, 8), 4.0), np.zeros((8, 8, 8)), air=-1.0)
    means = [float(view.image[0, 2:-2, 2:-2, 2:-2].mean()) for view in views(case, 40)]
    assert np.std(means) > 0.2
    assert sum(abs(mean - 4) > 0.05 for mean in means) > 25


def test_a_third_of_the_patches_lie_on_the_tumour_at_least() -> None:
    """A voxel of 40^3 in patches of 8^3: by chance a hundredth would."""
    mask = blob((40, 40, 40), (9, 30, 20), 1.0)
    shown = [bool((view.soft > 0.3).any()) for view in views(case_of(mask, mask), 240)]
    assert np.mean(shown) == pytest.approx(1 / 3, abs=0.09)


def test_patches_lie_anywhere_and_those_on_the_tumour_around_it() -> None:
    mask = blob((12, 10, 8), (9, 2, 4), 0.0)
    case = case_of(mask, mask)
    rng = np.random.default_rng(2)
    places = [_place(case, (4, 4, 8), rng) for _ in range(600)]
    starts = [{place[axis].start for place in places} for axis in range(3)]
    assert starts == [set(range(9)), set(range(7)), {0}]
    assert all(
        side.stop - side.start == size
        for place in places
        for side, size in zip(place, (4, 4, 8), strict=True)
    )
    around = sum((place[0].start, place[1].start) == (7, 0) for place in places)  # 9 - 2, and 2 - 2
    assert around / 600 == pytest.approx(1 / 3 + 2 / 3 / 63, abs=0.06)


def test_of_a_patient_without_a_tumour_patches_lie_anywhere() -> None:
    case = case_of(np.zeros((12, 10, 8)), np.zeros((12, 10, 8)))
    rng = np.random.default_rng(2)
    places = [_place(case, (4, 4, 8), rng)[0].start for _ in range(900)]
    counts = np.bincount(places, minlength=9)
    assert counts.min() > 60  # 100 of each, 5 deviations
    assert counts.max() < 150


@given(
    st.lists(st.text("ABC/0", min_size=1, max_size=4), unique=True, max_size=12),
    st.integers(0, 99),
    st.randoms(),
)
def test_the_order_of_an_epoch_holds_everyone_once_in_whatever_order_they_are_told(
    names: list[str], epoch: int, shuffle: random.Random
) -> None:
    order = order_of(names, 5, epoch)
    assert sorted(order) == list(range(len(names)))
    other = list(names)
    shuffle.shuffle(other)
    assert [other[place] for place in order_of(other, 5, epoch)] == [names[place] for place in order]


def test_no_two_epochs_and_no_two_seeds_have_one_order() -> None:
    names = [f"P{number}" for number in range(20)]
    orders = {tuple(order_of(names, seed, epoch)) for seed in range(4) for epoch in range(10)}
    assert len(orders) == 40
    firsts = [order[0] for order in orders]
    assert len(set(firsts)) > 10


@pytest.mark.parametrize("before", [True, False])
def test_plain_tensors_are_used_here_alone(*, before: bool) -> None:
    there = get_track_meta()
    try:
        set_track_meta(before)
        views(prepared(1, PLAN), 1)
        assert get_track_meta() == before
        with without_meta():
            assert not get_track_meta()
        assert get_track_meta() == before
    finally:
        set_track_meta(there)
