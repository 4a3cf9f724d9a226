"""The loss: MONAI's numbers on hard masks, deaf to what was not drawn, finite on what is empty."""

from typing import Any

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="torch test: make extras to run it")

from monai.losses import DiceCELoss, DiceLoss  # noqa: E402
from torch.nn.functional import avg_pool3d, binary_cross_entropy_with_logits  # noqa: E402

from sarcoma_core.training.segmentation.loss import dice_cross_entropy, supervised  # noqa: E402

SHAPE = (2, 3, 5, 4, 6)
PEER = {"sigmoid": True, "squared_pred": True, "smooth_nr": 1.0, "smooth_dr": 1.0}
"""Dice with squares, as V-Net has it, and a voxel that keeps it defined."""


def numbers(*shape: int, seed: int = 1) -> Any:
    return torch.randn(shape or SHAPE, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def hard(*shape: int, seed: int = 2) -> Any:
    return (numbers(*shape, seed=seed) > 0.4).to(torch.float64)


def soft(*shape: int) -> Any:
    return torch.sigmoid(3 * numbers(*shape, seed=5))


def drawn(*rows: tuple[int, ...]) -> Any:
    return torch.tensor(rows, dtype=torch.bool)


ALL = drawn((1, 1, 1), (1, 1, 1))


def test_of_one_region_it_is_monais_dice_and_cross_entropy() -> None:
    shape = (3, 1, 5, 4, 6)
    logits, mask = numbers(*shape), hard(*shape)
    wanted = DiceCELoss(**PEER)(logits, mask)
    found = dice_cross_entropy(logits, mask, torch.ones(3, 1, dtype=torch.bool))
    torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("target", [hard, soft])
def test_of_several_regions_it_is_the_mean_of_each_alone(target: Any) -> None:
    """Regions may overlap: an entropy for each of them, none over all (MONAI's is a softmax)."""
    logits, mask = numbers(), target(*SHAPE)
    wanted = DiceLoss(**PEER)(logits, mask) + binary_cross_entropy_with_logits(logits, mask)
    found = dice_cross_entropy(logits, mask, ALL)
    torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-9)
    each = [
        dice_cross_entropy(logits[b : b + 1, r : r + 1], mask[b : b + 1, r : r + 1], drawn((1,)))
        for b in range(2)
        for r in range(3)
    ]
    torch.testing.assert_close(found, torch.stack(each).mean(), rtol=1e-9, atol=1e-9)


def test_by_hand_on_four_voxels() -> None:
    """Logits of 0: a half everywhere. Dice 1 - (2 * 1 + 1) / (1 + 2 + 1), entropy ln 2."""
    mask = torch.tensor([1.0, 1, 0, 0]).reshape(1, 1, 4, 1, 1)
    found = dice_cross_entropy(torch.zeros(1, 1, 4, 1, 1), mask, drawn((1,)))
    assert float(found) == pytest.approx(0.25 + 0.6931472)


def test_gradients_are_those_of_finite_differences() -> None:
    logits, mask = numbers(1, 2, 3, 2, 4).requires_grad_(), soft(1, 2, 3, 2, 4)
    assert torch.autograd.gradcheck(lambda x: dice_cross_entropy(x, mask, drawn((1, 1))), logits)
    coarse = numbers(1, 2, 1, 1, 2, seed=8).requires_grad_()
    fine = numbers(1, 2, 2, 2, 4).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda x, y: supervised([x, y], soft(1, 2, 2, 2, 4), drawn((1, 1))), (fine, coarse)
    )


@pytest.mark.parametrize(
    "looked_for", [((1, 0, 1), (1, 1, 1)), ((1, 0, 0), (0, 0, 0)), ((0, 1, 1), (1, 0, 0))], ids=str
)
def test_what_was_not_drawn_changes_neither_loss_nor_gradient(
    looked_for: tuple[tuple[int, ...], ...],
) -> None:
    """Whatever the network says of it, and whatever stands in its place."""
    flags = drawn(*looked_for)
    found = []
    for seed in (1, 2):
        logits, mask = numbers().clone(), soft(*SHAPE).clone()
        logits[~flags] = 9 * numbers(seed=seed + 10)[~flags]
        mask[~flags] = hard(seed=seed + 20)[~flags]
        logits.requires_grad_()
        loss = dice_cross_entropy(logits, mask, flags)
        loss.backward()
        assert not logits.grad[~flags].any()
        assert logits.grad[flags].any()
        found.append((loss.detach(), logits.grad[flags]))
    assert torch.equal(found[0][0], found[1][0])
    assert torch.equal(found[0][1], found[1][1])


def test_what_was_drawn_counts_alike_however_much_was_not() -> None:
    """The mean is over what was drawn: a patient with one region drawn is no third of a patient."""
    logits, mask = numbers(), soft(*SHAPE)
    one = dice_cross_entropy(logits[:1, :1], mask[:1, :1], drawn((1,)))
    found = dice_cross_entropy(logits, mask, drawn((1, 0, 0), (0, 0, 0)))
    torch.testing.assert_close(found, one)


def test_where_nothing_was_drawn_there_is_nothing_to_learn() -> None:
    logits = numbers().requires_grad_()
    loss = dice_cross_entropy(logits, soft(*SHAPE), drawn((0, 0, 0), (0, 0, 0)))
    loss.backward()
    assert float(loss.detach()) == 0
    assert not logits.grad.any()


@pytest.mark.parametrize("logit", [-80.0, -3.0, 0.0, 80.0])
def test_an_empty_mask_has_a_finite_loss_and_teaches(logit: float) -> None:
    logits = torch.full((1, 1, 4, 4, 4), logit).requires_grad_()
    loss = dice_cross_entropy(logits, torch.zeros(1, 1, 4, 4, 4), drawn((1,)))
    loss.backward()
    assert loss.isfinite()
    assert logits.grad.isfinite().all()
    assert (logits.grad >= 0).all()  # less tumour is better
    if logit == -80:
        assert float(loss.detach()) == pytest.approx(0, abs=1e-6)
    elif logit > -80:
        assert (logits.grad > 0).all()


def test_the_best_answer_to_a_mask_is_the_mask() -> None:
    """Of a soft one too: no probability next to the part that is covered has a lower loss."""
    mask = torch.tensor([0.0, 1.0, 0.3, 0.7]).reshape(1, 1, 4, 1, 1)
    best = dice_cross_entropy(torch.logit(mask.clamp(1e-6, 1 - 1e-6)), mask, drawn((1,)))
    for place in range(4):
        for step in (-0.1, 0.1):
            other = mask.clone()
            other.view(-1)[place] += step
            other = torch.logit(other.clamp(1e-6, 1 - 1e-6))
            change = float(dice_cross_entropy(other, mask, drawn((1,))) - best)
            assert change > 0 or (abs(change) < 1e-9 and float(mask.view(-1)[place]) in (0.0, 1.0))


def test_each_coarser_level_weighs_half_as_much_against_the_mean_of_the_mask() -> None:
    """Weights 1, 1/2 and 1/4 of their sum; what a coarse voxel is to be is the mean of what it covers."""
    mask, flags = soft(2, 1, 8, 4, 8), drawn((1,), (1,))
    levels = [numbers(2, 1, 8, 4, 8), numbers(2, 1, 4, 2, 8), numbers(2, 1, 2, 1, 4)]
    masks = [mask, avg_pool3d(mask, (2, 2, 1)), avg_pool3d(mask, (4, 4, 2))]
    each = [dice_cross_entropy(*pair, flags) for pair in zip(levels, masks, strict=True)]
    wanted = (each[0] + each[1] / 2 + each[2] / 4) / 1.75
    torch.testing.assert_close(supervised(levels, mask, flags), wanted)
    torch.testing.assert_close(supervised(levels[:1], mask, flags), each[0])
