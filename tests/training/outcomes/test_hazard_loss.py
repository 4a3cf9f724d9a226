"""The loss of hazards: our numpy and pycox have the same of one cause, and of several it is worked out."""

from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="torch test: make extras to run it")
pycox_loss = pytest.importorskip("pycox.models.loss", reason="oracle test: make extras to run it")

from sarcoma_core.errors import InputError  # noqa: E402
from sarcoma_core.survival.discrete_time import (  # noqa: E402
    DiscreteLabels,
    cut_points,
    discrete_labels,
    logistic_hazard_likelihood,
)
from sarcoma_core.training.outcomes.hazard_loss import hazard_loss, interval_labels  # noqa: E402
from sarcoma_core.training.outcomes.labels import TimedLabels  # noqa: E402
from tests.survival.cohorts import cohort  # noqa: E402

CUTS = np.array([0.0, 2.0, 4.0, 8.0])


def labels_of(time: list[float], cause: list[int], known: list[bool] | None = None) -> TimedLabels:
    flags = torch.tensor([True] * len(time) if known is None else known)
    return TimedLabels(torch.tensor(time, dtype=torch.float64), torch.tensor(cause), flags)


def random(seed: int, patients: int = 50, causes: int = 2, intervals: int = 6) -> tuple[Any, Any, Any]:
    """Logits, intervals passed and causes, each patient within the intervals."""
    rng = np.random.default_rng(seed)
    cause = rng.integers(0, causes + 1, patients)
    passed = rng.integers(0, intervals + (cause == 0))
    logits = torch.tensor(rng.normal(scale=2, size=(patients, causes, intervals)), requires_grad=True)
    return logits, torch.tensor(passed), torch.tensor(cause)


@pytest.mark.parametrize("seed", range(6))
def test_of_one_cause_it_and_its_slope_are_those_of_our_numpy(seed: int) -> None:
    logits, passed, cause = random(seed, causes=1)
    wanted = logistic_hazard_likelihood(
        logits.detach().numpy()[:, 0], DiscreteLabels(passed.numpy(), cause.numpy() == 1)
    )
    loss = hazard_loss(logits, passed, cause)
    assert loss.dtype == torch.float64
    assert loss.item() == pytest.approx(wanted.value, abs=1e-10)
    loss.backward()
    np.testing.assert_allclose(logits.grad.numpy()[:, 0], wanted.gradient, atol=1e-14)


@pytest.mark.parametrize("scale", [1.0, 0.6], ids=["within", "beyond"])
def test_of_one_cause_it_is_that_of_pycox_with_an_output_more_in_which_nothing_happens(scale: float) -> None:
    """It numbers an event by the end of its interval, a censoring by the cut before, from that of time 0."""
    follow_up, x = cohort(5, patients=200)
    cuts = cut_points(follow_up, 7) * scale
    labels = labels_of(follow_up.time.tolist(), follow_up.event.astype(int).tolist())
    passed, cause = interval_labels(labels, cuts)
    assert bool((follow_up.time > cuts[-1]).any()) == (scale < 1)
    logits = torch.tensor(np.outer(x[:, 0], np.linspace(-1, 1, cuts.size - 1)))
    theirs = torch.cat([torch.full((200, 1), -1000.0, dtype=torch.float64), logits], dim=1)
    wanted = pycox_loss.NLLLogistiHazardLoss()(theirs, passed + cause, cause.double())
    assert hazard_loss(logits[:, None], passed, cause).item() == pytest.approx(wanted.item(), abs=1e-10)


def test_of_two_causes_by_hand() -> None:
    """Odds 1 and 2 against none: hazards 1/4 and 1/2, and none 1/4; then odds 3 and 1: 3/5, 1/5 and 1/5."""
    logits = torch.tensor([[[1.0, 3], [2, 1]]], dtype=torch.float64).log()
    likelihoods = {(0, 0): 1, (1, 0): 1 / 4, (2, 0): 1 / 20, (0, 1): 1 / 4, (0, 2): 1 / 2}
    likelihoods |= {(1, 1): 1 / 4 * 3 / 5, (1, 2): 1 / 4 * 1 / 5}
    for (passed, cause), wanted in likelihoods.items():
        found = hazard_loss(logits, torch.tensor([passed]), torch.tensor([cause]))
        assert found.item() == pytest.approx(-np.log(wanted), abs=1e-14), (passed, cause)
    passed, cause = (torch.tensor(column) for column in zip(*likelihoods, strict=True))
    found = hazard_loss(logits.expand(7, -1, -1), passed, cause)
    assert found.item() == pytest.approx(-np.log(list(likelihoods.values())).mean())


@pytest.mark.parametrize("causes", [1, 2, 3])
def test_all_that_can_happen_adds_up_to_1(causes: int) -> None:
    """An event of any cause in any interval, or none to the end."""
    logits, _, _ = random(1, patients=1, causes=causes, intervals=4)
    every = [(4, 0), *((passed, cause + 1) for passed in range(4) for cause in range(causes))]
    chances = [
        np.exp(-hazard_loss(logits, torch.tensor([passed]), torch.tensor([cause])).item())
        for passed, cause in every
    ]
    assert sum(chances) == pytest.approx(1, abs=1e-14)


def test_a_cause_that_never_comes_is_no_cause() -> None:
    logits, passed, cause = random(2, causes=1)
    both = torch.cat([logits, torch.full_like(logits, -1000)], dim=1)
    torch.testing.assert_close(hazard_loss(both, passed, cause), hazard_loss(logits, passed, cause))


@pytest.mark.parametrize("causes", [1, 3])
def test_gradients_are_those_of_finite_differences(causes: int) -> None:
    logits, passed, cause = random(3, patients=7, causes=causes, intervals=3)
    assert torch.autograd.gradcheck(lambda x: hazard_loss(x, passed, cause), logits)


def test_the_best_hazards_for_all_are_the_parts_that_had_each_cause() -> None:
    """Of those who came to an interval and were seen in it."""
    _, passed, cause = random(4, patients=400)
    seen = (passed + (cause > 0))[:, None] > torch.arange(6)
    came = (passed[:, None] == torch.arange(6))[:, None] & (cause[:, None] == torch.arange(1, 3))[..., None]
    odds = came.sum(0).double() / (seen.sum(0) - came.sum((0, 1)))
    logits = odds.log().requires_grad_()
    hazard_loss(logits.expand(400, -1, -1), passed, cause).backward()
    np.testing.assert_allclose(logits.grad.numpy(), 0, atol=1e-14)


def test_batches_add_up_in_any_order() -> None:
    logits, passed, cause = random(5, patients=40)
    parts = [hazard_loss(logits[i], passed[i], cause[i]) for i in torch.randperm(40).split(10)]
    torch.testing.assert_close(torch.stack(parts).mean(), hazard_loss(logits, passed, cause))


def test_a_batch_without_an_event_says_that_hazards_are_low() -> None:
    logits, passed, cause = random(6)
    loss = hazard_loss(logits, passed, 0 * cause)
    loss.backward()
    assert loss.item() > 0
    assert (logits.grad >= 0).all()
    assert (logits.grad[:, :, 0][passed > 0] > 0).all()
    assert not logits.grad[passed == 0].any()


def test_nobody_teaches_nothing() -> None:
    logits = torch.zeros((0, 2, 3), requires_grad=True)
    none = torch.zeros(0, dtype=torch.int64)
    loss = hazard_loss(logits, none, none)
    loss.backward()
    assert loss.item() == 0
    assert logits.grad.shape == (0, 2, 3)


@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_logits_of_a_thousand_are_no_trouble(kind: Any) -> None:
    logits = torch.tensor([[[1000.0, -1000.0], [-1000.0, 1000.0]]], dtype=kind, requires_grad=True)
    right = hazard_loss(logits, torch.tensor([0]), torch.tensor([1]))
    assert right.item() == 0
    assert right.dtype == kind
    worst = hazard_loss(logits, torch.tensor([1]), torch.tensor([1]))
    assert worst.item() == 1000 + 2000
    worst.backward()
    np.testing.assert_array_equal(logits.grad.numpy(), [[[1, -1], [0, 1]]])


def test_who_is_not_known_teaches_nothing() -> None:
    """Whatever stands in that place, the slope of the rest is what it is without."""
    time, cause, known = [1.0, 3.0, torch.nan, 8.0], [1, 2, 1, 0], [True, True, False, True]
    logits, _, _ = random(7, patients=4, intervals=3)
    labels = labels_of(time, cause, known)
    chosen = interval_labels(labels, CUTS).of(labels.known)
    assert chosen.passed.tolist() == [0, 1, 3]
    assert chosen.cause.tolist() == [1, 2, 0]
    loss = hazard_loss(logits[labels.known], *chosen)
    loss.backward()
    assert not logits.grad[2].any()
    alone = interval_labels(labels.of(labels.known), CUTS)
    assert all(torch.equal(one, other) for one, other in zip(alone, chosen, strict=True))
    # Left in, there is one more to take the mean over, and nothing else
    torch.testing.assert_close(hazard_loss(logits, *interval_labels(labels, CUTS)), loss * 3 / 4)


@pytest.mark.parametrize("other", [0, 2])
def test_intervals_are_those_of_discrete_time(other: int) -> None:
    """Each time once with the event, once without, by the cuts 0, 2, 4 and 8; beyond 8 it is censored."""
    time = [0, 1.9, 2, 2.1, 4, 7.9, 8, 8.1]
    found = interval_labels(labels_of(time * 2, [1] * 8 + [other] * 8), CUTS)
    assert found.passed.dtype == found.cause.dtype == torch.int64
    ended = [0, 0, 0, 1, 1, 2, 2, 3]
    assert found.passed.tolist() == ended + (ended if other else [0, 0, 1, 1, 2, 2, 3, 3])
    assert found.cause.tolist() == [1] * 7 + [0] + [other] * 7 + [0]


def test_intervals_of_a_cohort_are_those_of_discrete_time() -> None:
    follow_up, _ = cohort(8)
    cuts = cut_points(follow_up, 5)
    wanted = discrete_labels(follow_up, cuts)
    found = interval_labels(labels_of(follow_up.time.tolist(), follow_up.event.astype(int).tolist()), cuts)
    np.testing.assert_array_equal(found.passed, wanted.passed)
    np.testing.assert_array_equal(found.cause, wanted.event)


def test_what_does_not_fit_is_refused() -> None:
    logits = torch.zeros(2, 2, 3)
    two = torch.tensor([0, 0])
    hazard_loss(logits, torch.tensor([3, 2]), torch.tensor([0, 2]))
    for passed, cause, message in (
        ([3, 3], [0, 2], "passed: must be of 3 intervals, an event in one of them"),
        ([4, 2], [0, 2], "passed: must be of 3 intervals"),
        ([-1, 2], [0, 2], "passed: must be of 3 intervals"),
        ([3, 2], [0, 3], "cause: must be 0 censored, or one of 2 from 1"),
        ([3, 2], [-1, 2], "cause: must be 0 censored, or one of 2 from 1"),
        ([3], [0], r"must be \(B, causes, J\), \(B,\) and \(B,\)"),
    ):
        with pytest.raises(InputError, match=message):
            hazard_loss(logits, torch.tensor(passed), torch.tensor(cause))
    with pytest.raises(InputError, match=r"must be \(B, causes, J\)"):
        hazard_loss(logits[:, 0], two, two)
    with pytest.raises(InputError, match="cuts: must be two or more, from 0"):
        interval_labels(labels_of([1.0], [1]), CUTS + 1)
    with pytest.raises(InputError, match="time and event: must be one of each for every patient, one at"):
        interval_labels(labels_of([1.0], [1]).of(torch.zeros(0, dtype=torch.int64)), CUTS)
