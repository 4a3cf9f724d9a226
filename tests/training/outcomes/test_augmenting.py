"""A view is a function of seed, epoch and patient; it is turned by a little, and nothing is scaled."""

import itertools
import random
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="torch test: make extras to run it")

from monai import transforms as monai  # noqa: E402
from monai.data.meta_obj import get_track_meta  # noqa: E402

from sarcoma_core.training.drawing import number_of  # noqa: E402
from sarcoma_core.training.outcomes.augmenting import (  # noqa: E402
    DROPPED,
    METHODS,
    OutcomeAugmenter,
    outcome_views,
)
from sarcoma_core.training.outcomes.patients import PatientBatch, PatientInputs, as_they_are  # noqa: E402
from tests.training.outcomes.made_patients import ball, inputs_of, task_of  # noqa: E402

TASK = task_of()
INPUTS = inputs_of(TASK, 6)
DEGREES = 12


def named(image: Any, count: int, present: Any = None) -> PatientInputs:
    """As many patients as are asked for, who differ by name alone."""
    images = np.repeat(np.asarray(image, np.float16)[None], count, axis=0)
    flags = np.ones((count, len(image) - 1), np.bool_)
    if present is not None:
        flags[:] = present
    return PatientInputs(tuple(f"P{n:03}" for n in range(count)), images, flags, None)


def views(inputs: PatientInputs, *, seed: int = 1, epoch: int = 0, **how: Any) -> PatientBatch:
    assert inputs.images is not None
    augmenter = OutcomeAugmenter(inputs.images.shape[-1], seed=seed, **how)
    return augmenter.draw(inputs, range(len(inputs)), epoch)


def one_of(batch: PatientBatch, place: int) -> list[Any]:
    return [batch.image[place], batch.present[place], batch.clinical[place]]  # type: ignore[index]


def assert_alike(found: PatientBatch, place: int, wanted: PatientBatch, other: int) -> None:
    for one, another in zip(one_of(found, place), one_of(wanted, other), strict=True):
        assert torch.equal(one, another)


def test_a_view_is_the_same_in_whatever_order_and_company_it_is_drawn() -> None:
    augmenter = OutcomeAugmenter(TASK.edge, seed=9)
    wanted = augmenter.draw(INPUTS, range(6), 3)
    for number, rows in enumerate(([5, 2, 0], [2], [1, 5], [3, 4])):
        random.seed(number)
        np.random.seed(number)  # noqa: NPY002  what others do
        torch.manual_seed(number)
        for drawer in (augmenter, OutcomeAugmenter(TASK.edge, seed=9)):
            found = drawer.draw(INPUTS, rows, 3)
            for place, row in enumerate(rows):
                assert_alike(found, place, wanted, row)
    moved = INPUTS.of([4, 1, 3])
    for place, row in enumerate([4, 1, 3]):
        assert_alike(augmenter.draw(moved, [0, 1, 2], 3), place, wanted, row)


def test_another_seed_epoch_or_name_is_another_view() -> None:
    seen = []
    for seed, epoch, name in itertools.product((1, 2), (0, 1), ("A", "B")):
        one = replace(INPUTS.of([2]), names=(name,))
        seen.append(OutcomeAugmenter(TASK.edge, seed=seed).draw(one, [0], epoch).image)
    for image, other in itertools.combinations(seen, 2):
        assert not torch.equal(image, other)


def test_no_generator_of_the_process_is_moved_nor_are_monais_own_tensors_switched_off() -> None:
    def states() -> tuple[Any, ...]:
        numpy = str(np.random.get_state())  # noqa: NPY002
        return random.getstate(), numpy, torch.get_rng_state().tolist(), get_track_meta()

    before = states()
    found = views(INPUTS)
    assert states() == before
    assert type(found.image) is torch.Tensor


def test_patients_are_as_they_were_and_their_columns_are_untouched() -> None:
    before = [one.copy() for one in (INPUTS.images, INPUTS.present, INPUTS.columns) if one is not None]
    for epoch in range(4):
        found = views(INPUTS, epoch=epoch, dropped=1.0)
        assert found.clinical is not None
        np.testing.assert_array_equal(found.clinical.numpy(), INPUTS.columns)
    for held, kept in zip((INPUTS.images, INPUTS.present, INPUTS.columns), before, strict=True):
        np.testing.assert_array_equal(held, kept)


def test_without_images_there_is_nothing_to_draw() -> None:
    clinical = inputs_of(task_of(sequences=()), 3)
    found = OutcomeAugmenter(8, seed=1).draw(clinical, [2, 0], 0)
    plain = as_they_are(clinical, [2, 0])
    assert found.image is found.present is None
    assert torch.equal(found.clinical, plain.clinical)


def test_a_mask_is_a_part_of_a_voxel_and_as_large_as_it_was() -> None:
    """Nothing is scaled: turned or not, a ball keeps its volume to a few per cent."""
    for part in (0.2, 0.3):
        mask = ball(16, part)
        found = views(named([mask, mask], 120)).image
        assert found is not None
        masks = found[:, -1]
        assert float(masks.min()) >= 0
        assert float(masks.max()) <= 1
        np.testing.assert_allclose(masks.sum(dim=(1, 2, 3)), mask.sum(), rtol=0.03)
        turned = ((masks > 0.01) & (masks < 0.99)).flatten(1).any(dim=1)
        assert 0.15 < float(turned.float().mean()) < 0.45


def ramps(edge: int) -> np.ndarray:
    """Three images of which each rises along an axis, and a mask."""
    return np.stack([*np.indices((edge,) * 3).astype(float), ball(edge)])


def turned_by(image: Any) -> np.ndarray:
    """How an image of ramps was turned: the directions in which they rise now, each first along its own axis.

    Of the inner voxels alone: to these nothing comes in from beside.
    """
    edge = image.shape[-1]
    inner = slice(edge // 2 - 3, edge // 2 + 3)
    places = np.indices((6,) * 3).reshape(3, -1).T
    terms = np.column_stack([places, np.ones(len(places))])
    rises = np.linalg.lstsq(terms, image[:3, inner, inner, inner].numpy().reshape(3, -1).T, rcond=None)[0][:3]
    rows = rises.T / np.linalg.norm(rises, axis=0)[:, None]
    return np.asarray(rows * np.sign(np.diag(rows))[:, None])


def angles_of(turn: np.ndarray) -> np.ndarray:
    """Degrees about each axis."""
    found = [np.arctan2(-turn[1, 2], turn[2, 2]), np.arcsin(turn[0, 2]), np.arctan2(-turn[0, 1], turn[0, 0])]
    return np.degrees(np.abs(found))


@pytest.fixture(scope="module")
def turns() -> list[np.ndarray]:
    """Of the views that were turned; their noise moves an angle by a tenth of a degree."""
    found = views(named(ramps(16), 180)).image
    assert found is not None
    each = [turned_by(image) for image in found]
    return [turn for turn in each if np.degrees(np.arccos(np.clip((np.trace(turn) - 1) / 2, -1, 1))) > 1]


def test_views_are_turned_by_up_to_twelve_degrees_about_each_axis(turns: list[np.ndarray]) -> None:
    """MONAI takes radians: with 12 in their place, or 15, an image may lie in any way (defect 6)."""
    angles = np.array([angles_of(turn) for turn in turns])
    assert 0.2 < len(turns) / 180 < 0.4
    assert angles.max() < DEGREES * 1.05
    assert (angles.max(axis=0) > DEGREES * 0.85).all()
    assert np.median(angles) == pytest.approx(DEGREES / 2, rel=0.25)
    for turn in turns:
        np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=0.02)  # nothing is sheared


def test_views_are_shifted_by_a_twentieth_of_the_image_at_most() -> None:
    edge = 16
    mask = ball(edge, 0.25)
    found = views(named([mask, mask], 180)).image
    assert found is not None
    places = np.indices((edge,) * 3) - (edge - 1) / 2
    masks = found[:, -1].double().numpy()
    middles = np.einsum("nxyz,axyz->na", masks, places) / masks.sum(axis=(1, 2, 3))[:, None]
    assert np.abs(middles).max() < 0.05 * edge * 1.05
    assert (np.abs(middles).max(axis=0) > 0.05 * edge * 0.85).all()


def test_each_axis_is_mirrored_in_half_of_the_views() -> None:
    found = views(named(ramps(16), 120)).image
    assert found is not None
    ends = [found[:, axis].select(axis + 1, 12) - found[:, axis].select(axis + 1, 3) for axis in range(3)]
    sides = torch.stack([end[:, 5:11, 5:11].mean(dim=(1, 2)) < 0 for end in ends], dim=1)
    assert len({tuple(side) for side in sides.tolist()}) == 8
    assert ((sides.float().mean(dim=0) - 0.5).abs() < 0.15).all()


def test_image_and_mask_move_together_and_what_comes_in_is_air() -> None:
    """A bright ball beside the middle, in air of -3: bright where the mask is, and air where it is not."""
    mask = np.roll(ball(16, 0.2), (3, -2, 1), axis=(0, 1, 2))
    found = views(named([np.where(mask, 8.0, -3.0), mask], 60)).image
    assert found is not None
    for image in found:
        assert float(image[0][image[1] > 0.9].min()) > 4
        assert float(image[0][image[1] < 0.01].mean()) == pytest.approx(-3, abs=0.6)


def test_the_scanner_is_another_one_in_most_views() -> None:
    """Each sequence has a gain and an offset of its own; the mask has none."""
    body = ball(16, 0.4) * 10.0
    found = views(named([body, body, ball(16, 0.4)], 120)).image
    assert found is not None
    means = found[:, :2, 6:10, 6:10, 6:10].mean(dim=(2, 3, 4))
    assert float((means / 10 - 1).abs().max()) < 0.1 + 0.1 + 0.05
    assert float(((means - 10).abs() > 0.05).float().mean()) > 0.5
    assert float(((means[:, 0] - means[:, 1]).abs() > 0.05).float().mean()) > 0.5
    assert torch.equal(found[:, 2, 7, 7, 7], torch.ones(120))


@pytest.mark.parametrize("there", [(True, True), (True, False, True)], ids=str)
def test_a_sequence_is_taken_away_now_and_then(there: tuple[bool, ...]) -> None:
    """One of those that are there, each as often; what is absent stays absent."""
    flags, augmenter = torch.tensor(there), OutcomeAugmenter(8, seed=1)
    found = torch.stack([augmenter._left(flags, number_of(1, 0, f"P{n}")) for n in range(8000)])
    taken = flags & ~found
    assert not (found & ~flags).any()
    assert int(taken.sum(dim=1).max()) == 1
    assert float(taken.sum()) / 8000 == pytest.approx(DROPPED, abs=0.015)
    each = taken.sum(dim=0)[flags].double()
    assert float(each.min() / each.max()) > 0.9


def test_the_last_sequence_is_never_taken_and_how_often_is_a_matter_of_choice() -> None:
    image = np.zeros((3, 4, 4, 4))
    for flags, dropped, left in (
        ((True, False), 1.0, 1),
        ((False, False), 1.0, 0),
        ((True, True), 1.0, 1),
        ((True, True), 0.0, 2),
    ):
        found = views(named(image, 20, flags), dropped=dropped).present
        assert found is not None
        assert set(found.sum(dim=1).tolist()) == {left}


WORDS = {
    monai.RandFlipd: "mirrored along each axis",
    monai.RandAffined: "turned by up to 12 degrees, shifted",
    monai.RandScaleIntensityd: "gain",
    monai.RandShiftIntensityd: "offset",
    monai.RandGaussianNoised: "noise",
}


def test_the_methods_sentence_names_all_that_is_done() -> None:
    done = {type(one) for one in outcome_views(8).transforms}
    assert done == set(WORDS)
    assert all(word in METHODS for word in WORDS.values())
    assert re.findall(r"\d+", METHODS) == [str(DEGREES)]
    assert "MONAI" in METHODS
