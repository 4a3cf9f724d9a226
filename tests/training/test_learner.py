"""A network that learns goes on from its numbers as if nothing had been; steps and rates are bounded."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="torch test: make extras to run it")

from sarcoma_core.training.checkpoint import EpochRow  # noqa: E402
from sarcoma_core.training.learner import (  # noqa: E402
    Learner,
    optimiser_of,
    rate_at,
    weights_of,
)
from tests.training.segmentation.orders import assert_same  # noqa: E402

KEY = "k" * 64


class Forked(torch.nn.Module):
    """Of its two layers one may be left out of the loss; its batches are normalised."""

    def __init__(self) -> None:
        super().__init__()
        self.used, self.other = torch.nn.Linear(3, 2), torch.nn.Linear(3, 2)
        self.norm = torch.nn.BatchNorm1d(3)

    def forward(self, values: Any) -> Any:
        return self.used(self.norm(values))


def learner(seed: int = 1, rate: float = 0.1) -> Learner[Any]:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = Forked()
    return Learner(KEY, network, optimiser_of(network, rate))


def taught(one: Learner[Any], steps: int, *, start: int = 0, scale: float = 1.0) -> None:
    for step in range(start, start + steps):
        drawn = torch.Generator().manual_seed(step)
        one.optimiser.zero_grad(set_to_none=True)
        (one.network(torch.randn(8, 3, generator=drawn)).square().sum() * scale).backward()
        one.step()
        one.epoch += 1
        one.history.append(EpochRow(one.epoch, 0.5, 0.1, None))


def copied(tensors: Mapping[str, Any]) -> dict[str, Any]:
    """As they come out of a file."""
    return {name: value.clone() for name, value in tensors.items()}


@pytest.mark.parametrize("steps", [0, 1, 3])
def test_who_takes_up_its_numbers_goes_on_as_if_nothing_had_been(steps: int) -> None:
    """Weights, moments, running means and the best so far; a parameter that no loss has reached too."""
    whole, again = learner(), learner(seed=2)
    taught(whole, steps)
    whole.keep_best()
    whole.kept = {"blend": [1]}
    again.go_on(whole.standing(), copied(whole.tensors()))
    assert again.standing() == whole.standing()
    assert not [name for name in whole.tensors() if name.startswith("exp_avg") and "other" in name]
    for one in (whole, again):
        taught(one, 3, start=steps)
    assert_same(again.tensors(), whole.tensors())
    assert again.standing() == whole.standing()


def test_what_was_taken_up_is_not_changed_by_going_on() -> None:
    whole, again = learner(), learner(seed=2)
    taught(whole, 2)
    held = copied(whole.tensors())
    given_to = copied(held)
    again.go_on(whole.standing(), given_to)
    taught(again, 2, start=2)
    assert_same(given_to, held)
    assert len(whole.history) == 2


def test_of_one_that_has_ended_the_best_weights_alone_are_kept() -> None:
    whole, again = learner(), learner(seed=2)
    taught(whole, 1)
    whole.keep_best()
    best = weights_of(whole.network)
    taught(whole, 2, start=1)
    assert_same(whole.tensors(ended=True), {f"best.{name}": value for name, value in best.items()})
    fresh = weights_of(again.network)
    again.go_on(whole.standing(ended=True), copied(whole.tensors(ended=True)))
    assert (again.epoch, again.best_epoch) == (3, 1)
    assert_same(again.best, best)
    assert_same(weights_of(again.network), fresh)


def test_the_best_weights_stay_while_the_network_goes_on() -> None:
    one = learner()
    one.keep_best()
    assert one.best_epoch == 0
    before = copied(one.best)
    taught(one, 2)
    assert_same(one.best, before)
    assert not torch.equal(one.network.used.weight, before["used.weight"])
    one.keep_best()
    assert one.best_epoch == 2
    assert_same(one.best, one.network.state_dict())


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e6])
def test_no_gradient_is_longer_than_one(scale: float) -> None:
    """A short one is left as it is."""
    one, plain = learner(), learner()
    for each in (one, plain):
        each.optimiser.zero_grad(set_to_none=True)
        (each.network(torch.ones(8, 3) * torch.arange(8)[:, None]).square().sum() * scale).backward()
    one.step()
    lengths = [
        float(torch.cat([p.grad.flatten() for p in each.network.parameters() if p.grad is not None]).norm())
        for each in (one, plain)
    ]
    assert lengths[0] == pytest.approx(min(lengths[1], 1), rel=1e-4)


@pytest.mark.parametrize("rate", [0.0, 0.05])
def test_a_rate_holds_from_when_it_is_set(rate: float) -> None:
    """A gradient of 0 leaves the decay alone: a hundredth of the rate."""
    one = learner()
    one.set_rate(rate)
    before = weights_of(one.network)
    taught(one, 1, scale=0.0)
    for name in ("used.weight", "used.bias"):
        torch.testing.assert_close(
            one.network.state_dict()[name], before[name] * (1 - rate * 0.01), rtol=1e-6, atol=0
        )
    assert_same({"w": one.network.other.weight.detach()}, {"w": before["other.weight"]})


@given(st.integers(1, 400), st.floats(1e-6, 1.0))
def test_the_rate_rises_to_its_peak_once_and_falls_from_there_and_is_never_0(
    epochs: int, peak: float
) -> None:
    rates = np.array([rate_at(epoch, epochs, peak) for epoch in range(epochs)])
    top = int(rates.argmax())
    assert (np.diff(rates[: top + 1]) > 0).all()
    assert (np.diff(rates[top:]) < 0).all()
    assert (rates > 0).all()
    assert rates.max() <= peak
    if epochs > 1:
        assert rates.max() == peak
        assert top == max(1, round(0.03 * epochs))
