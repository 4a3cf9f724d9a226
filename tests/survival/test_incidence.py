"""Incidence from what networks give: by hand, as laws, as pycox has it, and as the phantom's truth has it."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_core.errors import InputError
from sarcoma_core.phantom.competing import COURSE, _population, true_incidence
from sarcoma_core.survival.aalen_johansen import aalen_johansen
from sarcoma_core.survival.discrete_time import survival_at_cuts
from sarcoma_core.survival.follow_up import FollowUp, life_table
from sarcoma_core.survival.incidence import (
    incidence_of_hazard_logits,
    incidence_of_increments,
    incidence_of_pmf_logits,
    pc_hazard_increments,
)


def of_raw(raw: np.ndarray) -> np.ndarray:
    return incidence_of_increments(pc_hazard_increments(raw))


HEADS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "hazards": incidence_of_hazard_logits,
    "distribution": incidence_of_pmf_logits,
    "increments": of_raw,
}
each_head = pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)


def outputs(seed: int, causes: int = 2, intervals: int = 5, scale: float = 3.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(scale=scale, size=(7, causes, intervals))


@each_head
@given(seed=st.integers(0, 999), causes=st.integers(1, 4), scale=st.sampled_from([0.1, 3.0, 300.0]))
def test_incidences_rise_from_0_and_never_above_1(
    head: Callable[[np.ndarray], np.ndarray], seed: int, causes: int, scale: float
) -> None:
    found = head(outputs(seed, causes, scale=scale))
    assert found.shape == (7, causes, 6)
    assert (found[..., 0] == 0).all()
    assert (np.diff(found, axis=2) >= 0).all()
    assert found.sum(axis=1).max() <= 1 + 1e-12


@each_head
@given(seed=st.integers(0, 999))
def test_with_those_who_had_none_they_add_up_to_1(
    head: Callable[[np.ndarray], np.ndarray], seed: int
) -> None:
    """Survival is reckoned here from each kind of output on its own."""
    raw = outputs(seed)
    odds = np.exp(raw)
    free = {
        incidence_of_hazard_logits: np.cumprod(1 / (1 + odds.sum(axis=1)), axis=1),
        incidence_of_pmf_logits: 1 - odds.sum(axis=1).cumsum(axis=1) / (1 + odds.sum(axis=(1, 2)))[:, None],
        of_raw: np.exp(-np.log1p(odds).sum(axis=1).cumsum(axis=1)),
    }[head]
    np.testing.assert_allclose(head(raw).sum(axis=1)[:, 1:] + free, 1, atol=1e-12)


@each_head
def test_causes_have_no_order(head: Callable[[np.ndarray], np.ndarray]) -> None:
    raw = outputs(1, causes=3)
    order = [2, 0, 1]
    np.testing.assert_allclose(head(raw[:, order]), head(raw)[:, order], atol=1e-15)


@each_head
def test_a_cause_that_never_comes_is_no_cause(head: Callable[[np.ndarray], np.ndarray]) -> None:
    raw = outputs(2, causes=1)
    found = head(np.concatenate([raw, np.full_like(raw, -2000.0)], axis=1))
    np.testing.assert_allclose(found[:, :1], head(raw), atol=1e-15)
    assert not found[:, 1].any()


def test_of_one_cause_it_is_one_less_survival() -> None:
    logits = outputs(3, causes=1)
    found = incidence_of_hazard_logits(logits)[:, 0]
    np.testing.assert_allclose(found, 1 - survival_at_cuts(logits[:, 0]), atol=1e-14)
    growth = np.exp(logits)
    found = incidence_of_increments(growth)[:, 0, 1:]
    np.testing.assert_allclose(found, -np.expm1(-growth[:, 0].cumsum(axis=1)), atol=1e-14)


def test_by_hand() -> None:
    """Odds 1 and 2 against none, then 3 and 1: a quarter passes the first interval, a fifth of it both."""
    odds = np.array([[[1.0, 3], [2, 1]]])
    found = incidence_of_hazard_logits(np.log(odds))
    np.testing.assert_allclose(found[0], [[0, 1 / 4, 1 / 4 + 3 / 20], [0, 1 / 2, 1 / 2 + 1 / 20]])
    found = incidence_of_pmf_logits(np.log(odds))  # 8 with that of never
    np.testing.assert_allclose(found[0], [[0, 1 / 8, 4 / 8], [0, 2 / 8, 3 / 8]])
    found = incidence_of_increments(odds * np.log(2))  # an eighth passes, then a sixteenth of it
    one, two = 7 / 8, 1 / 8 * 15 / 16
    wanted = [[0, one / 3, one / 3 + two * 3 / 4], [0, one * 2 / 3, one * 2 / 3 + two / 4]]
    np.testing.assert_allclose(found[0], wanted)


def test_growth_of_nothing_is_no_incidence_and_of_very_much_is_all() -> None:
    found = incidence_of_increments(np.array([[[0.0, 1e3, 1.0], [0.0, 3e3, 1.0]]]))
    np.testing.assert_array_equal(found, [[[0, 0, 1 / 4, 1 / 4], [0, 0, 3 / 4, 3 / 4]]])
    tiny = incidence_of_increments(np.full((1, 2, 1), 1e-300))
    np.testing.assert_allclose(tiny[..., 1], 1e-300)


@pytest.mark.parametrize("parts", [1, 2, 7])
def test_an_interval_may_be_cut_into_many_of_the_same_hazards(parts: int) -> None:
    """So is the closed form exact, however wide an interval is."""
    increments = np.exp(outputs(4, scale=1.5))
    finer = incidence_of_increments(np.repeat(increments / parts, parts, axis=2))
    np.testing.assert_allclose(finer[..., ::parts], incidence_of_increments(increments), atol=1e-14)


def test_logits_of_a_thousand_are_no_trouble() -> None:
    logits = np.array([[[1000.0, 1000.0], [-1000.0, 2000.0]]])
    np.testing.assert_array_equal(incidence_of_hazard_logits(logits), [[[0, 1, 1], [0, 0, 0]]])
    np.testing.assert_array_equal(incidence_of_pmf_logits(logits), [[[0, 0, 0], [0, 0, 1]]])
    np.testing.assert_array_equal(of_raw(logits), [[[0, 1, 1], [0, 0, 0]]])
    assert not incidence_of_hazard_logits(-np.abs(logits)).any()
    assert not incidence_of_pmf_logits(-np.abs(logits)).any()


@pytest.mark.parametrize("null", [True, False], ids=["all alike", "by their latents"])
def test_with_the_hazards_of_the_phantom_it_is_the_true_incidence(null: bool) -> None:  # noqa: FBT001
    """On fine intervals, as within each it takes the hazards as constant; over the same population."""
    course = COURSE.null() if null else COURSE
    hazards = [course.metastasis, course.death]
    days = [365.0, 1826.0, 3650.0]
    etas, weights = _population(hazards)
    edges = np.linspace(0, 1, 401)[:, None] ** 3 * days[-1]
    reached = [hazard.cumulative(edges, eta) for hazard, eta in zip(hazards, etas, strict=True)]
    increments = np.moveaxis(np.diff(reached, axis=1), -1, 0)
    found = np.einsum("n,nct->ct", weights, incidence_of_increments(increments))
    at = np.stack([np.interp(days, edges[:, 0], one) for one in found])
    np.testing.assert_allclose(at, true_incidence(hazards, days), atol=2e-5)


def test_with_the_increments_of_nelson_and_aalen_it_comes_to_aalen_johansen() -> None:
    """One steps at each event, the other grows evenly: ten times the patients are a tenth apart."""
    apart = []
    for patients in (200, 2000):
        rng = np.random.default_rng(6)
        time, kind = rng.exponential(size=patients), rng.integers(0, 3, patients)
        oracle = aalen_johansen(time, kind)
        table = life_table(FollowUp(time, kind > 0))
        place = np.searchsorted(table.times, time)
        steps = [np.bincount(place, kind == one, minlength=patients) / table.at_risk for one in (1, 2)]
        half = np.searchsorted(table.times, np.median(time))
        found = incidence_of_increments(np.array([steps]))[0, :, 1:]
        apart.append(np.abs(found - oracle.incidence)[:, :half].max())
    assert apart[0] < 3e-3
    assert apart[1] < apart[0] / 5


@pytest.mark.parametrize(
    "head", [incidence_of_hazard_logits, incidence_of_pmf_logits, incidence_of_increments]
)
def test_what_is_of_another_shape_is_refused(head: Callable[[np.ndarray], np.ndarray]) -> None:
    head(np.zeros((2, 1, 3)))
    for shape in ((2, 3), (2, 1, 3, 1)):
        with pytest.raises(InputError, match="must be patients by causes by intervals; found"):
            head(np.zeros(shape))


@pytest.mark.parametrize("wrong", [-1e-9, np.nan, np.inf])
def test_a_hazard_that_falls_or_is_endless_is_refused(wrong: float) -> None:
    with pytest.raises(InputError, match="increments: must be 0 or more and finite"):
        incidence_of_increments(np.array([[[0.0, wrong]]]))


def test_it_is_told_without_torch_and_pycox() -> None:
    code = "import sys, sarcoma_core.survival.incidence; print(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & {"torch", "pycox", "torchtuples", "pandas", "scipy"}


def of_pycox(name: str) -> Any:
    """A model of a network that gives back what it is given, five intervals, in double precision."""
    models = pytest.importorskip("pycox.models", reason="oracle test: make extras to run it")
    import torch  # noqa: PLC0415

    as_it_is = torch.nn.Linear(5, 5, bias=False).double()  # no network without a parameter is taken
    torch.nn.init.eye_(as_it_is.weight)
    return getattr(models, name)(as_it_is)


@pytest.mark.torch
@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("LogisticHazard", incidence_of_hazard_logits),
        ("DeepHitSingle", incidence_of_pmf_logits),
        ("PCHazard", of_raw),
    ],
)
def test_survival_is_that_of_pycox(name: str, head: Callable[[np.ndarray], np.ndarray]) -> None:
    """Its PC-Hazard begins with time 0, the others with the end of their first interval."""
    raw = outputs(7, causes=1)
    surv = of_pycox(name).predict_surv(raw[:, 0])
    found = 1 - head(raw)[:, 0]
    # LogisticHazard adds 1e-7 to what is left in each interval
    atol = 1e-5 if name == "LogisticHazard" else 1e-12
    np.testing.assert_allclose(surv, found if name == "PCHazard" else found[:, 1:], atol=atol)


@pytest.mark.torch
def test_incidence_of_several_causes_is_that_of_pycox() -> None:
    raw = outputs(8, causes=3)
    model = of_pycox("DeepHit")
    found = incidence_of_pmf_logits(raw)
    np.testing.assert_allclose(np.moveaxis(model.predict_cif(raw), 2, 0), found[..., 1:], atol=1e-12)
    np.testing.assert_allclose(model.predict_surv(raw).T, 1 - found[..., 1:].sum(axis=1), atol=1e-12)
