"""Cox's loss: our numpy, torchsurv and lifelines have the same; order, size and ties are of no matter."""

import warnings
from itertools import permutations
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="torch test: make extras to run it")
pytest.importorskip("lifelines", reason="oracle test: make extras to run it")
cox = pytest.importorskip("torchsurv.loss.cox", reason="oracle test: make extras to run it")

from lifelines import CoxPHFitter  # noqa: E402
from lifelines.datasets import load_rossi  # noqa: E402

from sarcoma_core.errors import InputError  # noqa: E402
from sarcoma_core.phantom.outcomes import DEATH, draw_latents, draw_outcomes  # noqa: E402
from sarcoma_core.survival.concordance import harrell  # noqa: E402
from sarcoma_core.survival.cox import fit_cox  # noqa: E402
from sarcoma_core.survival.cox_likelihood import TIES, Ties, log_likelihood, residuals, risk_sets  # noqa: E402
from sarcoma_core.survival.follow_up import FollowUp  # noqa: E402
from sarcoma_core.training.outcomes.cox_loss import cox_loss  # noqa: E402
from tests.survival.cohorts import cohort, shuffled  # noqa: E402

each_ties = pytest.mark.parametrize("ties", TIES)


def tensors(follow_up: FollowUp) -> dict[str, Any]:
    return {"time": torch.tensor(follow_up.time), "event": torch.tensor(follow_up.event)}


def tied(seed: int) -> tuple[Any, dict[str, Any], FollowUp]:
    """Risks of 60 patients at 12 times, and what happened to them."""
    follow_up, x = cohort(seed)
    return torch.tensor(x[:, 0] * 2, requires_grad=True), tensors(follow_up), follow_up


@each_ties
@pytest.mark.parametrize("seed", range(8))
def test_it_and_its_slope_are_those_of_our_numpy(ties: Ties, seed: int) -> None:
    risk, told, follow_up = tied(seed)
    sets = risk_sets(risk.detach().numpy()[:, None], follow_up)
    sorted_risk = sets.covariates[:, 0]
    loss = cox_loss(risk, ties=ties, **told)
    assert loss.dtype == torch.float64
    assert loss.item() * follow_up.events == pytest.approx(
        -log_likelihood(sets, sorted_risk, ties), abs=1e-10
    )
    loss.backward()
    places = np.lexsort((~follow_up.event, -follow_up.time))
    wanted = -residuals(sets, sorted_risk, ties) / follow_up.events
    np.testing.assert_allclose(risk.grad.numpy()[places], wanted, atol=1e-12)


@each_ties
@pytest.mark.parametrize("alike", [True, False], ids=["tied", "untied"])
def test_it_is_that_of_torchsurv(ties: Ties, alike: bool) -> None:  # noqa: FBT001
    """In single precision: it makes its sums of ties in no other."""
    follow_up, x = cohort(3)
    if not alike:
        follow_up = FollowUp(shuffled(3, len(follow_up)) + 1.0, follow_up.event)
    risk, told = torch.tensor(x[:, 0], dtype=torch.float32), tensors(follow_up)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Ties in `time` detected")
        theirs = cox.neg_partial_log_likelihood(
            risk, told["event"], told["time"].float(), ties_method=ties, reduction="sum"
        )
    found = cox_loss(risk, ties=ties, **told)
    assert found.dtype == torch.float32
    assert found.item() * follow_up.events == pytest.approx(theirs.item(), rel=1e-6)


@pytest.fixture(scope="module")
def rossi() -> tuple[np.ndarray, FollowUp]:
    table = load_rossi()
    return table.drop(columns=["week", "arrest"]).to_numpy(float), FollowUp.of(table["week"], table["arrest"])


@pytest.mark.parametrize(
    ("ties", "coefficients", "least"),
    [
        ("efron", [-0.3794, -0.0574, 0.3139, -0.1498, -0.4337, -0.0849, 0.0915], 658.7477),
        ("breslow", [-0.3790, -0.0572, 0.3141, -0.1511, -0.4328, -0.0850, 0.0911], 659.1206),
    ],
)
def test_on_rossi_it_is_that_of_other_programs_and_least_there(
    rossi: tuple[np.ndarray, FollowUp], ties: Ties, coefficients: list[float], least: float
) -> None:
    """Published to four digits, which moves the loss at its least by less than 1e-4."""
    x, follow_up = rossi
    rows, told = torch.tensor(x), tensors(follow_up)
    at = torch.tensor(coefficients, dtype=torch.float64)
    found = cox_loss(rows @ at, ties=ties, **told).item() * follow_up.events
    assert found == pytest.approx(least, abs=1e-4)
    for column in range(7):
        for step in (-0.05, 0.05):
            moved = at.clone()
            moved[column] += step
            assert cox_loss(rows @ moved, ties=ties, **told).item() * follow_up.events > found


def test_on_rossi_at_the_coefficients_of_lifelines(rossi: tuple[np.ndarray, FollowUp]) -> None:
    x, follow_up = rossi
    model = CoxPHFitter().fit(load_rossi(), "week", "arrest")
    risk, told = torch.tensor(x @ model.params_.to_numpy()), tensors(follow_up)
    found = cox_loss(risk, **told).item() * follow_up.events
    assert found == pytest.approx(-model.log_likelihood_, abs=1e-8)
    assert found == pytest.approx(658.7477, abs=5e-5)
    gained = -2 * cox_loss(risk, relative=True, **told).item() * follow_up.events
    assert gained == pytest.approx(33.27, abs=5e-3)  # the likelihood ratio test


@each_ties
@pytest.mark.parametrize("relative", [False, True])
def test_gradients_are_those_of_finite_differences(ties: Ties, relative: bool) -> None:  # noqa: FBT001
    risk, told, _ = tied(1)
    assert torch.autograd.gradcheck(lambda x: cox_loss(x, ties=ties, relative=relative, **told), risk)


@each_ties
@pytest.mark.parametrize("seed", range(8))
def test_the_order_of_rows_and_of_ties_is_of_no_matter(ties: Ties, seed: int) -> None:
    risk, told, follow_up = tied(seed)
    (slope,) = torch.autograd.grad(cox_loss(risk, ties=ties, **told), risk)
    order = torch.tensor(shuffled(seed, len(follow_up)))
    moved = risk.detach()[order].requires_grad_()
    loss = cox_loss(moved, ties=ties, time=told["time"][order], event=told["event"][order])
    torch.testing.assert_close(loss, cox_loss(risk, ties=ties, **told), rtol=1e-13, atol=1e-13)
    torch.testing.assert_close(torch.autograd.grad(loss, moved)[0], slope[order], rtol=1e-11, atol=1e-13)


def test_by_hand_three_at_one_time_and_one_later() -> None:
    """Weights 1, 2, 3 and 4; the first two are events: sums 10 and 10, or 10 and 10 - (1 + 2) / 2."""
    weights = torch.tensor([1.0, 2, 3, 4], dtype=torch.float64)
    told = {
        "time": torch.tensor([2.0, 2, 2, 5], dtype=torch.float64),
        "event": torch.tensor([True, True, False, False]),
    }
    for ties, second in (("breslow", 10), ("efron", 8.5)):
        wanted = -np.log(1 / 10 * 2 / second) / 2
        for order in permutations(range(4)):
            rows = {name: column[list(order)] for name, column in told.items()}
            found = cox_loss(weights.log()[list(order)], ties=ties, **rows)
            assert found.item() == pytest.approx(wanted, abs=1e-14)


@each_ties
@pytest.mark.parametrize("relative", [False, True])
@pytest.mark.parametrize("size", [0, 5])
def test_without_an_event_there_is_nothing_to_learn(ties: Ties, relative: bool, size: int) -> None:  # noqa: FBT001
    """Whatever the risks: pycox's is NaN."""
    risk = torch.full((size,), torch.inf, requires_grad=True)
    told = {"time": torch.ones(size, dtype=torch.float64), "event": torch.zeros(size, dtype=torch.bool)}
    loss = cox_loss(risk, ties=ties, relative=relative, **told)
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(risk.grad, torch.zeros(size))


@each_ties
def test_no_size_of_a_risk_is_too_large(ties: Ties) -> None:
    """The last at risk is 2000 below the first: measured by the largest of all it would be exp(-2000), 0."""
    risk = torch.tensor([1000.0, 0.0, -1000.0])
    time = torch.tensor([1.0, 2, 3], dtype=torch.float64)
    event = torch.tensor([True, True, True])
    loss = cox_loss(risk, time=time, event=event, ties=ties)
    assert loss.item() == 0
    upside_down = torch.tensor([-1000.0, 0.0, 1000.0], requires_grad=True)
    worst = cox_loss(upside_down, time=time, event=event, ties=ties)
    assert worst.item() == pytest.approx((2000 + 1000) / 3)
    worst.backward()
    np.testing.assert_allclose(upside_down.grad.numpy() * 3, [-1, -1, 2], atol=1e-6)


@each_ties
def test_what_is_added_to_every_risk_is_of_no_matter(ties: Ties) -> None:
    risk, told, _ = tied(2)
    wanted = cox_loss(risk, ties=ties, **told).item()
    for added in (-1e6, 1e6):
        assert cox_loss(risk + added, ties=ties, **told).item() == pytest.approx(wanted, abs=1e-8)


@each_ties
def test_relative_to_knowing_nothing_sets_of_any_size_begin_at_0(ties: Ties) -> None:
    for patients in (20, 500):
        follow_up, x = cohort(4, patients=patients)
        told, same = tensors(follow_up), torch.full((patients,), 3.0, dtype=torch.float64)
        nothing = cox_loss(same, ties=ties, **told).item()
        assert nothing > 2  # and more the more there are
        assert cox_loss(same, ties=ties, relative=True, **told).item() == pytest.approx(0, abs=1e-12)
        risk = torch.tensor(x[:, 0] / 2)
        found = cox_loss(risk, ties=ties, relative=True, **told).item()
        assert found == pytest.approx(cox_loss(risk, ties=ties, **told).item() - nothing)
        assert found < 0 < cox_loss(-risk, ties=ties, relative=True, **told).item()


def fitted(x: Any, loss: Any) -> np.ndarray:
    """Coefficients of the linear risk of which a loss is least."""
    coefficients = torch.zeros(x.shape[1], dtype=torch.float64, requires_grad=True)
    search = torch.optim.LBFGS([coefficients], max_iter=60, line_search_fn="strong_wolfe")

    def slope() -> Any:
        search.zero_grad()
        value = loss(x @ coefficients)
        value.backward()
        return value

    search.step(slope)
    return coefficients.detach().numpy()


def test_event_and_time_in_one_anothers_place_are_refused_and_would_tell_the_wrong_way() -> None:
    """Defect 1 of the public code: its concordance was .460 where .715 can be had."""
    latents = draw_latents(range(500))
    drawn = draw_outcomes(range(500))
    train, test = slice(0, 350), slice(350, 500)
    x, judged = torch.tensor(latents[train]), FollowUp(drawn.time[test], drawn.event[test])
    time, event = torch.tensor(drawn.time[train]), torch.tensor(drawn.event[train])
    right = fitted(x, lambda risk: cox_loss(risk, time=time, event=event))
    wanted = fit_cox(latents[train], FollowUp(drawn.time[train], drawn.event[train])).coefficients
    np.testing.assert_allclose(right, wanted, atol=1e-4)
    swapped = fitted(x, lambda risk: cox_loss(risk, time=event.double(), event=time > 0))
    index = [harrell(judged, latents[test] @ each).index for each in (right, swapped, DEATH.betas)]
    assert index[0] > 0.7
    assert index[1] < 0.55
    assert abs(index[2] - index[0]) < 0.03  # nobody knows more than the truth
    with pytest.raises(
        InputError, match=r"event: must be bool, whether it was the event; found torch.float64"
    ):
        cox_loss(x[:, 0], time=event, event=time)
    with pytest.raises(TypeError, match="positional"):
        cox_loss(x[:, 0], event, time)  # type: ignore[misc]


@pytest.mark.parametrize("kind", [torch.float32, torch.float64, torch.int64, torch.uint8])
def test_an_event_that_is_no_bool_is_refused(kind: Any) -> None:
    with pytest.raises(InputError, match="event: must be bool"):
        cox_loss(torch.zeros(2), time=torch.ones(2), event=torch.ones(2, dtype=kind))


def test_there_must_be_one_of_each() -> None:
    good = {"time": torch.ones(3), "event": torch.ones(3, dtype=torch.bool)}
    cox_loss(torch.zeros(3), **good)
    for risk, told in (
        (torch.zeros(3, 1), good),
        (torch.zeros(2), good),
        (torch.zeros(3), {**good, "time": torch.ones(3, 1)}),
        (torch.zeros(3), {**good, "event": torch.ones(1, dtype=torch.bool)}),
    ):
        with pytest.raises(InputError, match="risk, time and event: must be one of each"):
            cox_loss(risk, **told)
