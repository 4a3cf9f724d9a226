"""The losses of pycox by our labels: its own numbers, what they mean, and where its own would be NaN."""

import itertools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="torch test: make extras to run it")
theirs = pytest.importorskip("pycox.models.loss", reason="torch test: make extras to run it")

import scipy.integrate  # noqa: E402
from pycox.evaluation.ipcw import _integrated_inverce_censoring_weighed_metric as integrated  # noqa: E402
from pycox.models.data import pair_rank_mat  # noqa: E402
from pycox.preprocessing.label_transforms import LabTransDiscreteTime, LabTransPCHazard  # noqa: E402

import sarcoma_core  # noqa: E402
from sarcoma_core.errors import InputError  # noqa: E402
from sarcoma_core.survival.follow_up import FollowUp  # noqa: E402
from sarcoma_core.survival.incidence import incidence_of_pmf_logits, pc_hazard_increments  # noqa: E402
from sarcoma_core.training import pycox_heads  # noqa: E402
from sarcoma_core.training.outcomes.cox_loss import cox_loss  # noqa: E402
from sarcoma_core.training.outcomes.hazard_loss import IntervalLabels, interval_labels  # noqa: E402
from sarcoma_core.training.outcomes.labels import TimedLabels  # noqa: E402
from sarcoma_core.training.pycox_heads import (  # noqa: E402
    comparable_pairs,
    cox_time_controls,
    cox_time_loss,
    deephit_loss,
    pc_hazard_loss,
)
from tests.survival.cohorts import cohort, shuffled  # noqa: E402

INTERVALS = 6
CUTS = np.linspace(0, 12, INTERVALS + 1)


def tensor(values: Any) -> Any:
    return torch.tensor(np.asarray(values))


def watched(seed: int, causes: int, patients: int = 80) -> tuple[Any, Any]:
    """Times up to 12, most of them tied, and causes; none at time 0."""
    follow_up, _ = cohort(seed, patients=patients)
    kinds = np.random.default_rng(seed).integers(1, causes + 1, patients)
    return tensor(follow_up.time), tensor(np.where(follow_up.event, kinds, 0))


def drawn(seed: int, causes: int, patients: int = 80) -> tuple[Any, IntervalLabels]:
    time, cause = watched(seed, causes, patients)
    raw = np.random.default_rng(seed + 1).normal(scale=2, size=(patients, causes, INTERVALS))
    labels = TimedLabels(time, cause, torch.ones(patients, dtype=torch.bool))
    return tensor(raw).requires_grad_(), interval_labels(labels, CUTS)


def numbered(seed: int, causes: int) -> tuple[Any, Any, Any]:
    """As pycox labels the same patients: the number of the cut, the cause, and the pairs to rank."""
    time, cause = watched(seed, causes)
    number, event = LabTransDiscreteTime(CUTS).transform(time.numpy(), (cause > 0).numpy().astype(float))
    cause = np.where(event, cause, 0)
    return tensor(number), tensor(cause), tensor(pair_rank_mat(number, cause))


each_causes = pytest.mark.parametrize("causes", [1, 2])


@each_causes
@pytest.mark.parametrize("alpha", [0.0, 0.2, 1.0])
def test_deephit_is_that_of_pycox_by_its_own_labels(causes: int, alpha: float) -> None:
    logits, labels = drawn(3, causes)
    number, cause, ranked = numbered(3, causes)
    before = torch.full((80, causes, 1), -1000.0)
    outputs = torch.cat([before, logits.detach().float()], dim=2)
    if causes == 1:
        wanted = theirs.DeepHitSingleLoss(alpha, 0.1)(outputs[:, 0], number, cause.float(), ranked)
    else:
        wanted = theirs.DeepHitLoss(alpha, 0.1)(outputs, number, cause, ranked)
    found = deephit_loss(logits, *labels, alpha=alpha, sigma=0.1)
    assert found.dtype == torch.float64
    assert found.item() == pytest.approx(wanted.item(), rel=1e-6)
    if alpha == 0.2:
        assert deephit_loss(logits, *labels).item() == found.item()  # as its authors have it


@each_causes
def test_pairs_to_rank_are_those_of_pycox(causes: int) -> None:
    number, cause, ranked = numbered(4, causes)
    assert torch.equal(comparable_pairs(number, cause), ranked)
    assert 0 < ranked.sum() < (1 - torch.eye(80)).sum() / 2


@each_causes
def test_deephits_likelihood_is_of_the_incidence_that_is_told(causes: int) -> None:
    """Of an event the incidence of its cause in its interval; of a censoring what was free when last seen."""
    logits, labels = drawn(5, causes)
    incidence = incidence_of_pmf_logits(logits.detach().numpy())
    chances = [
        np.diff(told)[cause - 1, passed] if cause else 1 - told[:, passed].sum()
        for told, passed, cause in zip(incidence, *(column.tolist() for column in labels), strict=True)
    ]
    found = deephit_loss(logits, *labels, alpha=1).item()
    assert found == pytest.approx(-np.log(chances).mean(), rel=1e-4)  # 1e-7 is added to each


@each_causes
@pytest.mark.parametrize("sigma", [0.1, 1.0])
def test_deephit_ranks_by_the_incidence_of_the_cause_at_the_event(causes: int, sigma: float) -> None:
    """In plain loops over all pairs of which the first is known to come first."""
    logits, labels = drawn(6, causes)
    incidence = incidence_of_pmf_logits(logits.detach().numpy())
    rows = list(zip(*(column.tolist() for column in labels), strict=True))
    lost = 0.0
    for (i, (passed, cause)), (j, (other, event)) in itertools.product(enumerate(rows), repeat=2):
        if cause and (other + (event > 0) > passed + 1 or (other == passed + 1 and not event)):
            ahead = incidence[i, cause - 1, passed + 1] - incidence[j, cause - 1, passed + 1]
            lost += np.exp(-ahead / sigma)
    found = deephit_loss(logits, *labels, alpha=0, sigma=sigma).item()
    assert found == pytest.approx(lost / 80**2, rel=1e-5)


@each_causes
def test_deephit_learns_from_censorings_and_is_nothing_without_patients(causes: int) -> None:
    logits, labels = drawn(7, causes)
    for passed, cause in (labels, (labels.passed, 0 * labels.cause)):
        (slope,) = torch.autograd.grad(deephit_loss(logits, passed, cause), logits)
        assert slope.isfinite().all()
        assert slope.any()
    nobody = logits.detach()[:0].requires_grad_()
    loss = deephit_loss(nobody, labels.passed[:0], labels.cause[:0])
    loss.backward()
    assert loss.item() == 0
    assert nobody.grad is not None


def test_deephits_weights_are_checked() -> None:
    logits, labels = drawn(8, 2)
    wrong = (1 - 2 * (labels.cause > 0)[:, None, None]) * torch.linspace(
        -40, 40, INTERVALS
    )  # all that can be
    for alpha, sigma in ((0, 0.1), (1, 0.1), (0.2, 0.022)):
        told_wrong = wrong.expand(-1, 2, -1).clone().requires_grad_()
        loss = deephit_loss(told_wrong, *labels, alpha=alpha, sigma=sigma)
        loss.backward()
        assert loss.isfinite()
        assert told_wrong.grad.isfinite().all()
    for alpha, sigma in ((-0.01, 0.1), (1.01, 0.1), (0.2, 0.018), (0.2, -1.0), (torch.nan, 0.1)):
        with pytest.raises(InputError, match=r"alpha and sigma: must be 0 to 1, and 0\.02 or more"):
            deephit_loss(logits, *labels, alpha=alpha, sigma=sigma)
    with pytest.raises(InputError, match="passed: must be of 6 intervals"):
        deephit_loss(logits, labels.passed + 6, labels.cause)


def pc_hazard(raw: Any, time: Any, cause: Any, cuts: np.ndarray = CUTS) -> Any:
    return pc_hazard_loss(raw, time=time, cause=cause, cuts=cuts)


@each_causes
def test_piecewise_hazards_are_those_of_pycox_the_other_causes_being_censorings(causes: int) -> None:
    raw, _ = drawn(9, causes)
    time, cause = watched(9, causes)
    time = time - 0.3 * torch.rand(80, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    labelled = LabTransPCHazard(INTERVALS)
    labelled.fit(time.numpy(), (cause > 0).numpy().astype(float))
    wanted = 0.0
    for place in range(causes):
        own = (cause == place + 1).numpy().astype(float)
        number, event, part = (tensor(column) for column in labelled.transform(time.numpy(), own))
        wanted += theirs.NLLPCHazardLoss()(raw[:, place], number, event, part).item()
    found = pc_hazard(raw, time, cause, labelled.cuts)
    assert found.dtype == torch.float64
    assert found.item() == pytest.approx(wanted, abs=1e-6)  # its parts are in single precision


@pytest.mark.parametrize("end", [12.0, 6.0], ids=["within", "beyond"])
def test_piecewise_hazards_by_the_likelihood_of_continuous_time(end: float) -> None:
    """The log hazard of the cause at the event, less all that had grown; censored beyond the last cut."""
    raw, _ = drawn(10, 2)
    time, cause = watched(10, 2)
    cuts = CUTS * end / 12
    grown = pc_hazard_increments(raw.detach().numpy())
    lost = []
    for row, moment, kind in zip(grown, time.tolist(), cause.tolist(), strict=True):
        reached = [np.interp(moment, cuts, np.concatenate([[0], each.cumsum()])) for each in row]
        place = np.searchsorted(cuts, moment) - 1
        own = np.log(row[kind - 1, place]) if kind and moment <= end else 0.0
        lost.append(sum(reached) - own)
    assert (time > end).any() == (end < 12)
    assert (time == end).any()
    assert pc_hazard(raw, time, cause, cuts).item() == pytest.approx(np.mean(lost), abs=1e-12)


def test_the_best_piecewise_hazards_for_all_are_events_by_the_time_at_risk() -> None:
    time, cause = watched(11, 2, patients=300)
    width = 2.0
    spent = ((time[:, None] - tensor(CUTS[:-1])) / width).clamp(0, 1).sum(dim=0)
    place = torch.searchsorted(tensor(CUTS), time) - 1
    events = [torch.bincount(place[cause == kind], minlength=INTERVALS) for kind in (1, 2)]
    rates = torch.stack(events) / spent
    assert (rates > 0).all()
    raw = rates.expm1().log().requires_grad_()
    pc_hazard(raw.expand(300, -1, -1), time, cause).backward()
    np.testing.assert_allclose(raw.grad.numpy(), 0, atol=1e-14)


def test_slopes_of_piecewise_hazards_are_those_of_finite_differences() -> None:
    raw, _ = drawn(12, 2, patients=8)
    time, cause = watched(12, 2, patients=8)
    assert torch.autograd.gradcheck(lambda x: pc_hazard(x, time, cause), raw)


@pytest.mark.parametrize("cause", [0, 1])
def test_what_was_at_time_0_tells_nothing_of_piecewise_hazards(cause: int) -> None:
    """And nobody at all tells nothing: pycox's mean is NaN then."""
    raw = torch.zeros((2, 1, INTERVALS), requires_grad=True)
    time = torch.zeros(2, dtype=torch.float64)
    causes = torch.full((2,), cause)
    for loss in (pc_hazard(raw, time, causes), pc_hazard(raw[:0], time[:0], causes[:0])):
        (slope,) = torch.autograd.grad(loss, raw)
        assert loss.item() == 0
        assert not slope.any()
    just_after = pc_hazard(raw, time + 1e-9, causes).item()
    assert just_after == pytest.approx(cause * -np.log(np.log(2)), abs=1e-6)


def test_labels_of_piecewise_hazards_are_checked() -> None:
    raw, _ = drawn(13, 2)
    time, cause = watched(13, 2)
    shapes = r"raw, time, cause and cuts: must be \(B, causes, J\), \(B,\), \(B,\) and \(J \+ 1,\)"
    for call, message in (
        (lambda: pc_hazard(raw, time, cause, CUTS[1:]), shapes),
        (lambda: pc_hazard(raw[:, 0], time, cause), shapes),
        (lambda: pc_hazard(raw, time[:-1], cause), shapes),
        (lambda: pc_hazard(raw, time, cause[:-1]), shapes),
        (lambda: pc_hazard(raw, time, cause + 1), "cause: must be 0 censored, or one of 2 from 1"),
    ):
        with pytest.raises(InputError, match=message):
            call()


@pytest.mark.parametrize("count", [1, 4])
def test_coxs_loss_with_controls_is_that_of_pycox_and_by_hand(count: int) -> None:
    rng = np.random.default_rng(14)
    case = tensor(rng.normal(size=9)).requires_grad_()
    controls = tensor(rng.normal(size=(count, 9))).requires_grad_()
    loss = cox_time_loss(case, controls)
    assert loss.dtype == torch.float64
    wanted = np.log1p(np.exp((controls - case).detach().numpy()).sum(axis=0)).mean()
    assert loss.item() == pytest.approx(wanted, abs=1e-14)
    if count > 1:
        assert loss.item() == pytest.approx(theirs.cox_cc_loss(case, controls).item(), abs=1e-14)
    else:
        single = theirs.cox_cc_loss_single_ctrl(case, controls[0])
        assert loss.item() == pytest.approx(single.item(), abs=1e-14)
    assert torch.autograd.gradcheck(cox_time_loss, (case, controls))


def test_without_a_case_there_is_nothing_to_compare() -> None:
    case, controls = torch.zeros(0, requires_grad=True), torch.zeros((3, 0), requires_grad=True)
    loss = cox_time_loss(case, controls)
    loss.backward()
    assert loss.item() == 0
    assert case.grad is not None
    for other in (torch.zeros(0, 0), torch.zeros(3, 1), torch.zeros(0)):
        with pytest.raises(InputError, match=r"case and controls: must be \(E,\) and \(count, E\)"):
            cox_time_loss(case, other)


def told(follow_up: FollowUp) -> dict[str, Any]:
    return {"time": tensor(follow_up.time), "event": tensor(follow_up.event)}


@pytest.mark.parametrize("seed", range(4))
def test_controls_are_at_risk_when_the_case_has_the_event(seed: int) -> None:
    follow_up, _ = cohort(seed)
    of_all = told(follow_up)
    cases, controls = cox_time_controls(**of_all, count=5, seed=1)
    assert torch.equal(cases, of_all["event"].nonzero()[:, 0])
    assert controls.shape == (5, follow_up.events)
    assert (of_all["time"][controls] >= of_all["time"][cases]).all()
    again = cox_time_controls(**of_all, count=5, seed=1)
    assert torch.equal(again[1], controls)
    assert not torch.equal(cox_time_controls(**of_all, count=5, seed=2)[1], controls)


def test_all_at_risk_are_drawn_alike_the_case_and_those_tied_with_it_too() -> None:
    """Four times the standard error of 6000 draws, and the numbers of the rows, whatever their order."""
    time, event = np.array([3.0, 1, 2, 2, 5, 2]), np.array([True, True, True, False, False, True])
    order = shuffled(1, 6)
    cases, controls = cox_time_controls(
        time=tensor(time[order]), event=tensor(event[order]), count=6000, seed=3
    )
    for case, drawn_for_it in zip(cases.tolist(), controls.T.numpy(), strict=True):
        at_risk = np.flatnonzero(time[order] >= time[order][case])
        counts = np.bincount(drawn_for_it, minlength=6)
        assert set(np.flatnonzero(counts)) == set(at_risk)
        part = 1 / at_risk.size
        assert np.abs(counts[at_risk] / 6000 - part).max() < 4 * np.sqrt(part * (1 - part) / 6000) + 1e-12


def expected_slope(draws: Sequence[tuple[int, Sequence[int]]], g: Any) -> Any:
    """The mean slope of the loss at the truth, over who is the case and all the controls it may have."""
    chances = torch.softmax(g.detach(), dim=0)
    alike = {case: sum(one == case for one, _ in draws) for case in range(3)}
    losses = [
        chances[case] / alike[case] * cox_time_loss(g[case, None], g[list(controls), None])
        for case, controls in draws
    ]
    return torch.autograd.grad(torch.stack(losses).sum(), g)[0]


def test_the_truth_is_where_the_loss_is_least_because_a_case_may_be_its_own_control() -> None:
    """Over all 27 draws of three at risk; drawn with replacement from the others alone it would not be."""
    g = torch.tensor([1.0, 0.0, -2.0], dtype=torch.float64, requires_grad=True)
    every = [(case, pair) for case in range(3) for pair in itertools.product(range(3), repeat=2)]
    np.testing.assert_allclose(expected_slope(every, g), 0, atol=1e-16)
    others = [(case, pair) for case, pair in every if case not in pair]
    assert expected_slope(others, g).abs().max() > 0.01


def test_with_many_controls_it_is_coxs_own_loss() -> None:
    """Less the logarithm of how many of them there are of each at risk."""
    follow_up, x = cohort(15, patients=40)
    risk, of_all = tensor(x[:, 0]), told(follow_up)
    cases, controls = cox_time_controls(**of_all, count=4000, seed=1)
    found = cox_time_loss(risk[cases], risk[controls])
    at_risk = (of_all["time"] >= of_all["time"][cases, None]).sum(dim=1)
    wanted = cox_loss(risk, **of_all, ties="breslow") + (4000 / at_risk.double()).log().mean()
    assert found.item() == pytest.approx(wanted.item(), abs=0.01)


def test_whom_to_compare_is_checked() -> None:
    time, event = torch.ones(3), torch.ones(3, dtype=torch.bool)
    assert cox_time_controls(time=time, event=~event, count=1, seed=0)[1].shape == (1, 0)
    for wrong in ({"event": time}, {"time": time[:2]}, {"count": 0}):
        with pytest.raises(InputError, match="time, event and count: must be one of each"):
            cox_time_controls(**{"time": time, "event": event, "count": 1, "seed": 0, **wrong})


def test_pycox_can_integrate_its_scores_with_this_scipy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of t squared over three years the mean is 3; without the shim SciPy 1.14 and later have no `simps`."""
    years = np.linspace(0, 3, 7)
    score = integrated(lambda grid, *_: grid**2)
    assert score(years, *[None] * 6) == pytest.approx(3)
    if scipy.integrate.simps is pycox_heads._simps:
        monkeypatch.delattr(scipy.integrate, "simps")
        with pytest.raises(AttributeError, match="simps"):
            score(years, *[None] * 6)


def test_no_other_module_imports_pycox_or_torchtuples() -> None:
    root = Path(sarcoma_core.__file__).parent
    said = re.compile(r"^\s*(from|import)\s+(pycox|torchtuples)\b", re.MULTILINE)
    found = {str(path.relative_to(root)) for path in root.rglob("*.py") if said.search(path.read_text())}
    assert found == {"training/pycox_heads.py"}
