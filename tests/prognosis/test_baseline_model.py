"""A model that is kept: it predicts as the fitted one, up to its bins, and tells nothing of one patient."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from sarcoma_core.errors import InputError
from sarcoma_core.prognosis.baseline_model import BaselineModel, kept_model, read_model
from sarcoma_core.prognosis.baselines import BASELINES, Baseline, FittedBaseline, fit_baseline
from sarcoma_core.prognosis.clinical.endpoints import DAYS_OF_MONTH, endpoint
from sarcoma_core.survival.follow_up import FollowUp
from tests.prognosis.made_patients import MadePatients, made

CLINICAL = BASELINES[1]


def kept(cohort: MadePatients, baseline: Baseline = CLINICAL) -> tuple[FittedBaseline, BaselineModel]:
    fitted = fit_baseline(baseline, cohort.values, cohort.subjects, cohort.follow_up, seed=1)
    death = endpoint("overall_survival")
    return fitted, kept_model(fitted, cohort.follow_up, endpoint=death, time_zero="surgery")


@pytest.fixture(scope="module")
def cohort() -> MadePatients:
    return made(3)


@pytest.fixture(scope="module")
def both(cohort: MadePatients) -> tuple[FittedBaseline, BaselineModel]:
    return kept(cohort)


def numbers(tree: Any) -> Iterator[float]:
    """All numbers of a JSON tree, and those that stand in its texts."""
    if isinstance(tree, dict):
        for value in tree.values():
            yield from numbers(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from numbers(value)
    elif isinstance(tree, int | float) and not isinstance(tree, bool):
        yield float(tree)
    elif isinstance(tree, str):
        words = (word.strip(",.;:") for word in tree.split())
        yield from (float(word) for word in words if word.replace(".", "", 1).isdigit())


@pytest.mark.parametrize("baseline", BASELINES[:2], ids=lambda one: one.name)
def test_a_model_that_was_read_has_the_risk_of_the_fitted_one(
    cohort: MadePatients, baseline: Baseline
) -> None:
    fitted, model = kept(cohort, baseline)
    again = read_model(model.document())
    assert again == model
    assert again.sha256 == model.sha256
    others = made(4).values
    apart = again.risk(others) - fitted.risk(others)  # the patient of rounded means is another
    np.testing.assert_allclose(apart, apart[0], rtol=0, atol=1e-12)
    assert abs(apart[0]) < 0.1


def test_survival_is_that_of_the_fitted_model_at_the_ends_of_bins_and_between_them_elsewhere(
    cohort: MadePatients, both: tuple[FittedBaseline, BaselineModel]
) -> None:
    fitted, model = both
    ends = np.array([0, *model.hazard.months]) * DAYS_OF_MONTH
    np.testing.assert_allclose(model.survival(cohort.values, ends), fitted.survival(cohort.values, ends))
    days = np.linspace(0, model.hazard.last, 300)
    right = np.searchsorted(ends, days, side="left")
    found = model.survival(cohort.values, days)
    assert (found <= fitted.survival(cohort.values, ends[np.maximum(right - 1, 0)]) + 1e-12).all()
    assert (found >= fitted.survival(cohort.values, ends[right]) - 1e-12).all()


def test_survival_begins_at_1_and_never_rises(
    cohort: MadePatients, both: tuple[FittedBaseline, BaselineModel]
) -> None:
    found = both[1].survival(cohort.values, np.linspace(0, both[1].hazard.last, 400))
    np.testing.assert_array_equal(found[:, 0], 1)
    assert (np.diff(found, axis=1) <= 1e-15).all()
    assert found.min() > 0


def test_a_higher_risk_is_a_lower_survival(
    cohort: MadePatients, both: tuple[FittedBaseline, BaselineModel]
) -> None:
    model = both[1]
    order = np.argsort(model.risk(cohort.values))
    assert (np.diff(model.survival(cohort.values, np.array([model.hazard.last]))[order, 0]) <= 1e-12).all()


def test_beyond_the_last_bin_nothing_is_said(
    cohort: MadePatients, both: tuple[FittedBaseline, BaselineModel]
) -> None:
    model = both[1]
    assert model.survival(cohort.values, np.array([model.hazard.last])).shape == (200, 1)
    for day in (model.hazard.last * 1.001, -1.0):
        with pytest.raises(InputError, match="days: must be 0 to"):
            model.survival(cohort.values, np.array([day]))


@pytest.mark.parametrize("seed", range(5, 13))
def test_nothing_of_one_patient_can_be_read_from_the_file(seed: int) -> None:
    cohort = made(seed, 120)
    _, model = kept(cohort, BASELINES[seed % 2])
    told = np.array([*numbers(json.loads(model.document()))])
    own = [value for one in cohort.values for value in one.values() if isinstance(value, float)]
    own += [float(np.log(value)) for value in own if value > 0]
    times = cohort.follow_up.time
    own += [*times, *(times / DAYS_OF_MONTH), *(times / 365.25)]
    assert not np.isclose(told[:, None], np.array(own)[None, :], rtol=1e-9, atol=0).any()
    months = np.array([0, *model.hazard.months])
    assert (months % 3 == 0).all()
    events = cohort.follow_up.time[cohort.follow_up.event]
    counts, _ = np.histogram(events, months * DAYS_OF_MONTH)
    assert counts.min() >= 5
    assert counts.sum() == model.hazard.events
    assert np.count_nonzero(times > model.hazard.last) >= 5


def test_five_events_make_a_bin_and_four_are_too_few() -> None:
    """All patients but the events are followed for ten years."""
    cohort = made(3, 60)
    for events, enough in ((5, True), (4, False)):
        time = np.where(np.arange(60) < events, np.linspace(40, 80, 60), 3652.0)
        follow_up = FollowUp.of(time, np.arange(60) < events)
        fitted = fit_baseline(BASELINES[0], cohort.values, cohort.subjects, cohort.follow_up, seed=1)
        death = endpoint("overall_survival")
        if enough:
            model = kept_model(fitted, follow_up, endpoint=death, time_zero="surgery")
            assert model.hazard.months == (108,)  # 120 months are 3652.5 days, and 117 are no whole year
            assert (model.events, model.hazard.events) == (5, 5)
        else:
            with pytest.raises(InputError, match="event: must be 5 or more"):
                kept_model(fitted, follow_up, endpoint=death, time_zero="surgery")


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("schema",), 2, "its schema is another"),
        (("baseline",), "deep", "baseline: must be one of"),
        (("endpoint",), "relapse", "endpoint: must be one of"),
        (("time_zero",), "birth", "its time zero"),
        (("prediction_time",), "tomorrow", "its prediction time"),
        (("coefficients",), [0.1], "not one coefficient and one mean for each column"),
        (("means", 0), "a", "TypeError"),
        (("coefficients", 0), float("nan"), "a number is not finite"),
        (("hazard", "months", 0), 4, "do not end at multiples of 3"),
        (("hazard", "cumulative", 0), 9.0, "does not rise"),
        (("hazard", "events"), 12, "with 5 events each"),
        (("events",), 3, "do not belong together"),
        (("parts", 0, "spread"), 0.0, "what it tells of age_years cannot be"),
        (("parts", 1, "levels", 0), "X", "what it tells of sex cannot be"),
        (("parts", 0, "name"), "radiotherapy", "radiotherapy is known after surgery"),
        (("parts", 0, "kind"), "code", "KeyError"),
        (("note",), "more", "something else besides"),
        (("columns",), ["x"], "something else besides"),
    ],
)
def test_a_file_that_was_changed_is_refused(
    both: tuple[FittedBaseline, BaselineModel], path: tuple[str | int, ...], value: object, words: str
) -> None:
    tree = json.loads(both[1].document())
    place: Any = tree
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(InputError, match=r"model: must be a model\.json") as caught:
        read_model((json.dumps(tree, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode())
    assert words in caught.value.message


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b"[" * 100_000])
def test_what_is_no_json_of_a_model_is_refused(content: bytes) -> None:
    with pytest.raises(InputError, match=r"model: must be a model\.json"):
        read_model(content)
