"""What a training learns and tells: steps, rates and losses by hand, and Dice on the native grid."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="torch test: make extras to run it")

from sarcoma_core.imaging.grid import to_model, to_native  # noqa: E402
from sarcoma_core.models.resunet import ResidualUNet  # noqa: E402
from sarcoma_core.segmentation.metrics import dice  # noqa: E402
from sarcoma_core.training.segmentation import loop  # noqa: E402
from sarcoma_core.training.segmentation.augmenting import Augmenter  # noqa: E402
from sarcoma_core.training.segmentation.cases import NativeCase, prepare  # noqa: E402
from sarcoma_core.training.segmentation.loop import (  # noqa: E402
    best_weights,
    judged,
    new_network,
    train,
)
from sarcoma_core.training.segmentation.loss import dice_cross_entropy, supervised  # noqa: E402
from tests.training.segmentation.made import native, prepared, small_plan  # noqa: E402
from tests.training.segmentation.orders import (  # noqa: E402
    CPU,
    KEY,
    assert_same,
    learning_nothing,
    order,
)


def test_the_learning_rate_rises_once_and_falls_as_a_cosine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of four epochs: half, all, then (1 + cos 60) / 2 and (1 + cos 120) / 2 of it."""
    learning_nothing(monkeypatch)
    rates = [row.learning_rate / 3e-3 for row in train(order(judges=0), tmp_path).history]
    assert rates == pytest.approx([0.5, 1, 0.75, 0.25])


def test_of_a_long_training_the_rate_rises_over_three_hundredths_of_the_epochs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Six of 200, in sevenths; a half of it is left half way through the others."""
    learning_nothing(monkeypatch)
    history = train(order(judges=0, epochs=200, learning_rate=1.0), tmp_path).history
    rates = [row.learning_rate for row in history]
    assert rates[:7] == pytest.approx([n / 7 for n in range(1, 8)])
    assert rates[6 + 97] == pytest.approx(0.5)
    assert rates[6:] == sorted(rates[6:], reverse=True)
    assert 0 < rates[-1] < 1e-3


def test_no_step_is_longer_than_one_whatever_the_loss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The length of the gradient that the optimiser is given: one slip of a hand moves nobody far."""
    lengths: list[float] = []
    work = torch.optim.AdamW.step

    def step(self: Any, *args: Any) -> None:
        grads = [weight.grad for group in self.param_groups for weight in group["params"]]
        lengths.append(float(torch.cat([one.flatten() for one in grads]).norm()))
        work(self, *args)

    monkeypatch.setattr(torch.optim.AdamW, "step", step)
    monkeypatch.setattr(loop, "supervised", lambda *args: 1000 * supervised(*args))
    train(order(judges=0, epochs=1), tmp_path)
    assert lengths == pytest.approx([1, 1], abs=1e-3)


def test_what_no_patient_teaches_is_forgotten_slowly(tmp_path: Path) -> None:
    """Nothing was drawn, so all gradients are 0: two steps of a rate of 0.05, with a decay of a hundredth."""
    told = order(judges=0, epochs=1, learning_rate=0.1)
    nothing = [replace(case, drawn=np.array([False])) for case in told.train]
    train(replace(told, train=nothing), tmp_path)
    found, before = best_weights(tmp_path, KEY), new_network(told.plan, told.seed).state_dict()
    for name, value in before.items():
        torch.testing.assert_close(found[name], value * (1 - 0.05 * 0.01) ** 2)


def test_the_loss_that_is_told_is_the_mean_over_patients(tmp_path: Path) -> None:
    """At a learning rate of 0, with 3 patients in batches of 2: that of each alone, on average."""
    told = order(cases=3, judges=0, epochs=2, learning_rate=0.0)
    network = new_network(told.plan, told.seed)
    augmenter = Augmenter(told.plan.patch, slices_last=False, seed=told.seed)
    standing = train(told, tmp_path)
    for epoch in range(2):
        each = []
        for case in told.train:
            view = augmenter.draw(case, epoch)
            with torch.inference_mode():
                logits = network(view.image[None])
            each.append(float(dice_cross_entropy(logits, view.soft[None], view.drawn[None])))
        assert standing.history[epoch].loss == pytest.approx(np.mean(each), rel=1e-4)


def test_what_can_be_learned_is_learned(tmp_path: Path) -> None:
    """A bright ball in a dark body: from nothing to most of it, on patients that were never shown."""
    told = order(cases=6, judges=2, epochs=8, learning_rate=2e-2, widths=(8, 8), spacing=(3.0, 3.0, 3.0))
    history = train(told, tmp_path).history
    assert history[-1].loss < history[0].loss / 2
    assert judged(new_network(told.plan, told.seed), told.judge, told.plan, CPU) == [0, 0]
    network = new_network(told.plan, 0)
    network.load_state_dict(best_weights(tmp_path, KEY))
    scores = judged(network, told.judge, told.plan, CPU)
    assert min(scores) > 0.7
    assert float(np.mean(scores)) == max(row.judged for row in history if row.judged is not None)


def test_a_new_network_is_a_function_of_its_seed_and_expects_little() -> None:
    """A voxel is tumour with a probability of about one in twenty before anything is learned."""
    plan = small_plan(regions=("tumour", "oedema"))
    one, again, other = (new_network(plan, seed, deep_supervision=True).state_dict() for seed in (3, 3, 4))
    assert_same(one, again)
    assert not torch.equal(one["head.weight"], other["head.weight"])
    for name, value in one.items():
        if name.endswith("head.bias") or ("coarse_heads" in name and name.endswith("bias")):
            assert torch.sigmoid(value) == pytest.approx(np.full(2, 0.05), abs=0.01)


class Truth(torch.nn.Module):
    """A network that is shown the mask and says it."""

    def forward(self, windows: Any) -> Any:
        assert not self.training
        return torch.logit(windows.clamp(1e-6, 1 - 1e-6))


@pytest.mark.parametrize("patch", [(8, 8, 8), (4, 8, 8), (16, 8, 12)], ids=str)
def test_cases_are_judged_on_their_native_grid_by_the_first_region(patch: tuple[int, int, int]) -> None:
    plan = small_plan(patch=patch, regions=("tumour", "oedema"))
    cases, wanted = [], []
    for seed in range(3):
        case = native(seed)
        shown = NativeCase((case.masks["tumour"].astype(np.float32),), case.affine, case.masks)
        cases.append(prepare("P", shown, plan.regions, plan.spacing, slices_last=False, least=patch))
        grid = cases[-1].grid
        back = to_native(to_model(case.masks["tumour"], grid), grid) >= 0.5
        wanted.append(dice(case.masks["tumour"], back))
    assert judged(Truth(), cases, plan, CPU) == pytest.approx(wanted, abs=0.01)
    assert min(wanted) > 0.7


def test_a_network_is_judged_as_it_is_and_goes_on_learning() -> None:
    plan = small_plan()
    network = ResidualUNet(**plan.arguments)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    assert judged(network, [prepared(1, plan)], plan, CPU) == judged(network, [prepared(1, plan)], plan, CPU)
    assert network.training
    assert_same(network.state_dict(), before)
