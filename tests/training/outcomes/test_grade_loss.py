"""Losses of grades: of levels in order CORN's answers, of classes the cross-entropy, and what both tell."""

from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="torch test: make extras to run it")

from torch.nn.functional import binary_cross_entropy_with_logits  # noqa: E402

from sarcoma_core.errors import InputError  # noqa: E402
from sarcoma_core.survival.discrete_time import survival_at_cuts  # noqa: E402
from sarcoma_core.training.outcomes.grade_loss import class_loss, level_probabilities, ordinal_loss  # noqa: E402

LOSSES = {True: ordinal_loss, False: class_loss}
each_kind = pytest.mark.parametrize("ordinal", [True, False], ids=["ordinal", "classes"])


def random(seed: int, *, ordinal: bool, patients: int = 40, levels: int = 4) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    logits = torch.tensor(rng.normal(scale=2, size=(patients, levels - ordinal)), requires_grad=True)
    return logits, torch.tensor(rng.integers(0, levels, patients))


@each_kind
def test_the_loss_is_of_the_probability_of_the_level(ordinal: bool) -> None:  # noqa: FBT001
    logits, level = random(1, ordinal=ordinal)
    chances = level_probabilities(logits, ordinal=ordinal)
    assert chances.shape == (40, 4)
    torch.testing.assert_close(chances.sum(dim=1), torch.ones(40, dtype=torch.float64), rtol=0, atol=1e-14)
    wanted = -chances[torch.arange(40), level].log().mean()
    torch.testing.assert_close(LOSSES[ordinal](logits, level), wanted, rtol=1e-12, atol=0)


def test_of_levels_in_order_it_is_corns_but_for_what_it_is_divided_by() -> None:
    """Shi et al.: of the patients at level k or above, whether they are above, summed over k."""
    logits, level = random(2, ordinal=True)
    summed, asked = torch.zeros((), dtype=torch.float64), 0
    for k in range(3):
        at_least = level >= k
        answers = (level[at_least] > k).double()
        summed = summed + binary_cross_entropy_with_logits(logits[at_least, k], answers, reduction="sum")
        asked += int(at_least.sum())
    corn = summed / asked
    torch.testing.assert_close(ordinal_loss(logits, level) * 40 / asked, corn, rtol=1e-12, atol=0)


def test_to_be_above_a_level_is_to_survive_it() -> None:
    """With minus the logits as those of hazards; so it falls from level to level, as CORN promises."""
    logits, _ = random(3, ordinal=True)
    above = 1 - level_probabilities(logits, ordinal=True).cumsum(dim=1)[:, :-1]
    survival = survival_at_cuts(-logits.detach().numpy())[:, 1:]
    np.testing.assert_allclose(above.detach().numpy(), survival, atol=1e-14)
    assert (above.diff(dim=1) <= 0).all()


def test_by_hand() -> None:
    """Above the first with 3/4, and then above the second with 1/3."""
    logits = torch.logit(torch.tensor([[3 / 4, 1 / 3]] * 3, dtype=torch.float64))
    wanted = [1 / 4, 3 / 4 * 2 / 3, 3 / 4 * 1 / 3]
    np.testing.assert_allclose(level_probabilities(logits, ordinal=True)[0], wanted)
    found = ordinal_loss(logits, torch.tensor([0, 1, 2]))
    assert found.item() == pytest.approx(-np.log(wanted).mean())


def test_the_best_of_either_kind_are_the_parts_of_each_level() -> None:
    level = torch.tensor([0] * 5 + [1] * 3 + [2] * 2)
    ratios = torch.logit(torch.tensor([5 / 10, 2 / 5], dtype=torch.float64)).requires_grad_()
    parts = torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64).log().requires_grad_()
    ordinal_loss(ratios.expand(10, -1), level).backward()
    class_loss(parts.expand(10, -1), level).backward()
    np.testing.assert_allclose(ratios.grad, 0, atol=1e-15)
    np.testing.assert_allclose(parts.grad, 0, atol=1e-15)


@each_kind
def test_gradients_are_those_of_finite_differences(ordinal: bool) -> None:  # noqa: FBT001
    logits, level = random(4, ordinal=ordinal, patients=6)
    assert torch.autograd.gradcheck(lambda x: LOSSES[ordinal](x, level), logits)


@each_kind
def test_nobody_teaches_nothing_and_large_logits_are_no_trouble(ordinal: bool) -> None:  # noqa: FBT001
    logits = torch.zeros((0, 3 - ordinal), requires_grad=True)
    loss = LOSSES[ordinal](logits, torch.zeros(0, dtype=torch.int64))
    loss.backward()
    assert loss.item() == 0
    assert logits.grad is not None
    large = torch.tensor([[1000.0, -1000, -500][: 3 - ordinal]])
    chances = level_probabilities(large, ordinal=ordinal)
    assert chances.tolist() == [[0, 1, 0] if ordinal else [1, 0, 0]]
    assert LOSSES[ordinal](large, chances.argmax(dim=1)).item() == 0
    assert LOSSES[ordinal](large, torch.tensor([2])).item() in (1000, 1500)


@each_kind
def test_a_level_that_is_none_of_them_is_refused(ordinal: bool) -> None:  # noqa: FBT001
    logits, _ = random(5, ordinal=ordinal, patients=2, levels=3)
    LOSSES[ordinal](logits, torch.tensor([0, 2]))
    for level in ([0, 3], [-1, 2]):
        with pytest.raises(InputError, match="level: must be 0 to 2; found another value"):
            LOSSES[ordinal](logits, torch.tensor(level))
    for other in (torch.tensor([0]), torch.tensor([[0, 1]])):
        with pytest.raises(InputError, match="logits and level: must be of the same patients"):
            LOSSES[ordinal](logits, other)
