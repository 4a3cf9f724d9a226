"""Gradient blending: the optimum that a minimiser finds, the paper's signs, and each guard in and out."""

import itertools
import math
from collections.abc import Mapping
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_core.errors import InputError
from sarcoma_core.training.gradient_blending import (
    BlendEstimate,
    BlendRules,
    HeadLosses,
    LossPair,
    blend_between,
    blend_weights,
    estimate_blend,
    optimal_weights,
    overfitting_and_generalisation,
)
from tests.training.blends import CHANGE, DEFAULT, HEADS, PLAIN, changed, started

GAIN, NOISE = dict(zip(HEADS, (0.5, 0.3, 0.1), strict=True)), dict(zip(HEADS, (0.4, 0.2, 0.3), strict=True))
BEFORE = HeadLosses(
    dict(zip(HEADS, (1, 1.1, 1.2), strict=True)), dict(zip(HEADS, (1.1, 1.15, 1.25), strict=True))
)
AFTER = HeadLosses(
    dict(zip(HEADS, (0.7, 0.6, 1.0), strict=True)), dict(zip(HEADS, (0.95, 1.05, 1.10), strict=True))
)

Changes = Mapping[str, tuple[float, float]]
"""Of each head dO and dG."""


@st.composite
def changes(draw: st.DrawFn) -> Changes:
    """Of few heads, or many; some gain, some overfit not at all."""
    count = draw(st.integers(2, 6))
    number = st.just(0.0) | st.floats(1e-3, 2) | st.floats(-2, -1e-3)
    return {f"h{place}": (draw(number), draw(number)) for place in range(count)}


def weights_of(found: Changes, rules: BlendRules, previous: Mapping[str, float] | None = None) -> list[float]:
    return list(blend_weights(started(found), changed(found), rules, previous).values())


def guards_of(found: Changes, rules: BlendRules = DEFAULT) -> dict[str, list[str]]:
    told = blend_between(started(found), changed(found), rules).guards
    return {guard: list(heads) for guard, heads in told.items()}


def only(**guards: object) -> BlendRules:
    """One guard, and no other."""
    plain = {"clip": False, "epsilon": 0.0, "cap": None, "floor": 0.0, "equal": False, "inertia": 0.0}
    return BlendRules(**{**plain, **guards})


def test_weights_of_three_heads_are_those_of_the_specification() -> None:
    found = optimal_weights(GAIN, NOISE)
    np.testing.assert_allclose(list(found.values()), (0.2663, 0.6391, 0.0947), atol=5e-5)
    assert list(found) == list(HEADS)


def test_they_are_what_a_minimiser_finds_if_overfitting_is_uncorrelated() -> None:
    """Over a sample whose mean is 0 and whose covariance is just the noise, and that of correlated heads."""
    from scipy.optimize import minimize  # noqa: PLC0415  slow to import

    gain, noise = np.array(list(GAIN.values())), np.array(list(NOISE.values()))
    drawn = np.random.default_rng(4).normal(size=(500, 3))
    drawn = np.linalg.qr(drawn - drawn.mean(axis=0))[0] * np.sqrt(500)

    def best(terms: np.ndarray) -> np.ndarray:
        def squared_ratio(weights: np.ndarray) -> float:
            return float(((terms @ weights / (weights @ gain)) ** 2).mean())

        bounds, sums = [(0, 1)] * 3, {"type": "eq", "fun": lambda weights: weights.sum() - 1}
        found = minimize(squared_ratio, np.full(3, 1 / 3), bounds=bounds, constraints=sums, tol=1e-14)
        assert found.success
        return np.asarray(found.x)

    wanted = list(optimal_weights(GAIN, NOISE).values())
    np.testing.assert_allclose(best(drawn * noise), wanted, atol=1e-5)
    correlated = drawn @ np.linalg.cholesky([[1, 0.5, 0], [0.5, 1, 0], [0, 0, 1]]).T
    assert np.abs(best(correlated * noise) - wanted).max() > 0.02


@given(st.integers(0, 999), st.integers(2, 6))
def test_no_other_weights_are_better(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    gain, noise, other = rng.uniform(0.01, 1, (3, count))
    heads = [str(place) for place in range(count)]
    named = (dict(zip(heads, amounts, strict=True)) for amounts in (gain, noise))
    best = np.array(list(optimal_weights(*named).values()))

    def squared_ratio(weights: np.ndarray) -> float:
        return float((weights**2 @ noise**2) / (weights @ gain) ** 2)

    assert squared_ratio(best) <= squared_ratio(other) * (1 + 1e-12)
    for place, step in itertools.product(range(count), (0.9, 1.1)):
        moved = best.copy()
        moved[place] *= step
        assert squared_ratio(best) < squared_ratio(moved)


@pytest.mark.parametrize("size", [1e-170, 1e150])
def test_the_smallest_and_largest_numbers_have_the_same_weights(size: float) -> None:
    found = optimal_weights({h: g * size for h, g in GAIN.items()}, {h: n * size for h, n in NOISE.items()})
    np.testing.assert_allclose(list(found.values()), list(optimal_weights(GAIN, NOISE).values()))


def test_two_checkpoints_give_the_numbers_of_the_specification() -> None:
    found = overfitting_and_generalisation(BEFORE, AFTER)
    np.testing.assert_allclose([one.overfitting for one in found.values()], (0.15, 0.4, 0.05))
    np.testing.assert_allclose([one.generalisation for one in found.values()], (0.15, 0.1, 0.15))
    np.testing.assert_allclose([one.ratio for one in found.values()], (1, 4, 1 / 3))
    weights = blend_weights(BEFORE, AFTER, PLAIN)
    np.testing.assert_allclose(list(weights.values()), (0.0991, 0.0093, 0.8916), atol=5e-5)


def test_weights_are_no_softmax() -> None:
    """Defect 4 of the public code: there the same gains and noise give .012, .986 and .002."""
    theirs = np.exp([GAIN[head] / NOISE[head] ** 2 for head in HEADS])
    np.testing.assert_allclose(theirs / theirs.sum(), (0.012, 0.986, 0.002), atol=5e-4)
    found = list(optimal_weights(GAIN, NOISE).values())
    assert np.abs(found - theirs / theirs.sum()).max() > 0.3
    for times in (2, 10):  # in proportion to the gain, which a softmax is not
        more = optimal_weights({**GAIN, "image": times * GAIN["image"]}, NOISE)
        wanted = times * found[0] / found[1]
        assert more["image"] / more["clinical"] == pytest.approx(wanted)


def test_a_head_whose_loss_of_validation_falls_is_one_that_gains() -> None:
    """Defect 4 too: turned, the head that gets worse has all of the weight."""
    before = HeadLosses({"better": 1.0, "worse": 1.0}, {"better": 1.0, "worse": 1.0})
    then = HeadLosses({"better": 0.7, "worse": 0.7}, {"better": 0.9, "worse": 1.1})
    found = overfitting_and_generalisation(before, then)
    assert found["better"] == pytest.approx((0.2, 0.1))
    assert found["worse"] == pytest.approx((0.4, -0.1))
    assert blend_weights(before, then, only(clip=True)) == {"better": 1.0, "worse": 0.0}


def test_a_ratio_without_gain_or_loss_is_infinite() -> None:
    found = overfitting_and_generalisation(started({"h": (0.0, 0.0)}), changed({"h": (0.3, 0.0)}))
    assert found["h"].ratio == math.inf


@given(changes(), st.sampled_from([1e-6, 0.01, 3.0, 1e6]))
def test_all_losses_multiplied_by_a_number_give_the_same_weights(found: Changes, times: float) -> None:
    grown = {head: (dO * times, dG * times) for head, (dO, dG) in found.items()}
    # No losses are added, in which digits of what is small would be lost.
    other = blend_weights(started(grown, 0, 0), changed(grown, 0, 0), DEFAULT)
    wanted = blend_weights(started(found, 0, 0), changed(found, 0, 0), DEFAULT)
    np.testing.assert_allclose(list(other.values()), list(wanted.values()), rtol=1e-9)


def test_what_is_added_to_all_losses_of_a_set_falls_out() -> None:
    """The logarithm of the risk sets' size, as a Cox loss has it."""
    found = [
        blend_weights(started(CHANGE, *added), changed(CHANGE, *added), DEFAULT)
        for added in ((0, 0), (math.log(440), math.log(100)))
    ]
    np.testing.assert_allclose(list(found[0].values()), list(found[1].values()))


@given(changes(), st.randoms(use_true_random=False))
def test_another_order_of_heads_changes_no_digit(found: Changes, random: Random) -> None:
    heads = list(found)
    random.shuffle(heads)
    other = {head: found[head] for head in heads}
    one = blend_weights(started(found), changed(found), DEFAULT)
    assert blend_weights(started(other), changed(other), DEFAULT) == one
    assert list(blend_weights(started(other), changed(other), DEFAULT)) == heads


@given(changes(), st.floats(0, 1), st.floats(0, 0.9), st.none() | st.integers(0, 99))
def test_weights_have_sum_1_and_none_is_below_the_floor(
    found: Changes, floor: float, inertia: float, seed: int | None
) -> None:
    rules = BlendRules(floor=floor, inertia=inertia)
    previous = None
    if seed is not None:
        drawn = np.random.default_rng(seed).dirichlet(np.ones(len(found)))
        previous = dict(zip(found, floor / len(found) + (1 - floor) * drawn, strict=True))
    weights = weights_of(found, rules, previous)
    assert math.fsum(weights) == pytest.approx(1, abs=1e-12)
    assert min(weights) >= floor / len(found) - 1e-12


@given(changes())
def test_without_guards_weights_are_the_formula_or_refused(found: Changes) -> None:
    told = overfitting_and_generalisation(started(found), changed(found)).values()
    gain, noise = np.array(list(told)).T[::-1]
    if gain.min() < 0 or not gain.any() or not noise.all():
        with pytest.raises(InputError, match=r"(gain|noise): must be finite"):
            weights_of(found, PLAIN)
    else:
        wanted = gain / noise**2 / (gain / noise**2).sum()
        np.testing.assert_allclose(weights_of(found, PLAIN), wanted, rtol=1e-9)


@pytest.mark.parametrize("overfitting", [0.0, 1e-9, 0.5, -0.5])
@pytest.mark.parametrize("gain", [0.0, -0.001, -2.0])
def test_a_head_that_does_not_gain_has_just_its_floor(gain: float, overfitting: float) -> None:
    """Without overfitting too, and whatever else the rules do."""
    found = {**CHANGE, "image": (overfitting, gain)}
    assert weights_of(found, DEFAULT)[0] == pytest.approx(0.2 / 3)
    assert weights_of(found, only(clip=True, epsilon=DEFAULT.epsilon))[0] == 0
    assert guards_of(found)["no gain"] == ["image"]
    assert "image" in guards_of(found)["floor"]


def test_a_head_that_gains_the_least_has_more_than_its_floor() -> None:
    found = {**CHANGE, "image": (0.15, 0.001)}
    assert weights_of(found, DEFAULT)[0] > 0.2 / 3 + 1e-6
    assert "no gain" not in guards_of(found)


def test_a_head_that_loses_is_refused_where_nothing_clips() -> None:
    with pytest.raises(InputError, match="gain: must be finite, of the heads of noise, 0 or more"):
        weights_of({**CHANGE, "image": (0.15, -0.01)}, only(epsilon=0.1, equal=True))


def test_where_no_head_gains_all_have_the_same() -> None:
    found = {head: (0.1 * place, -0.1 * place) for place, head in enumerate(HEADS)}
    assert weights_of(found, DEFAULT) == pytest.approx([1 / 3] * 3)
    assert guards_of(found)["none gained"] == list(HEADS)
    with pytest.raises(InputError, match="once above"):
        weights_of(found, only(clip=True))
    nothing = dict.fromkeys(HEADS, (0.0, 0.0))
    assert weights_of(nothing, only(equal=True)) == [1 / 3] * 3


def test_where_no_head_overfits_gains_decide() -> None:
    found = {"one": (0.0, 0.75), "other": (0.0, 0.25)}
    assert weights_of(found, only(epsilon=DEFAULT.epsilon)) == pytest.approx([0.75, 0.25])
    with pytest.raises(InputError, match="noise: must be finite and above 0"):
        weights_of(found, PLAIN)


def test_a_tenth_of_the_usual_overfitting_is_added_in_squares() -> None:
    """Of 0.8 and 0, root mean square 0.5657: noise^2 becomes 0.64 + 0.0032 and 0.0032, which is 201 to 1."""
    found = {"one": (0.8, 0.5), "other": (0.0, 0.5)}
    weights = weights_of(found, only(epsilon=DEFAULT.epsilon))
    assert weights[1] / weights[0] == pytest.approx(201)
    assert guards_of(found)["epsilon"] == ["other"]


@pytest.mark.parametrize(("times", "acts"), [(0.9, True), (1.1, False)])
def test_epsilon_is_told_where_it_outweighs_the_overfitting_itself(times: float, *, acts: bool) -> None:
    """Of two heads 0.1 and x = 0.1 r, x = 0.1 sqrt((0.01 + x^2) / 2) at r = sqrt(0.01 / 1.99)."""
    found = {"one": (1.0, 0.5), "other": (times * math.sqrt(0.01 / 1.99), 0.5)}
    assert guards_of(found, only(epsilon=DEFAULT.epsilon)) == ({"epsilon": ["other"]} if acts else {})


@pytest.mark.parametrize(("times", "acts"), [(9.0, False), (11.0, True)])
def test_no_head_has_more_than_ten_times_the_median(times: float, *, acts: bool) -> None:
    """Weights of 1, 2 and 2 x times before: the median is 2."""
    found = {"low": (1.0, 1.0), "middle": (1.0, 2.0), "high": (1.0, 2.0 * times)}
    weights = weights_of(found, only(cap=DEFAULT.cap))
    assert weights[2] / weights[1] == pytest.approx(min(times, 10))
    assert weights[1] / weights[0] == pytest.approx(2)
    assert guards_of(found, only(cap=DEFAULT.cap)) == ({"cap": ["high"]} if acts else {})
    assert weights_of(found, PLAIN)[2] / weights_of(found, PLAIN)[1] == pytest.approx(times)


def test_heads_without_gain_lower_no_median_and_of_two_the_lower_counts() -> None:
    found = {"none": (1.0, -1.0), "low": (1.0, 1.0), "high": (1.0, 50.0)}
    weights = weights_of(found, only(clip=True, cap=DEFAULT.cap))
    assert weights == pytest.approx([0, 1 / 11, 10 / 11])
    assert weights_of({**found, "low": (1.0, 0.0)}, only(clip=True, cap=DEFAULT.cap)) == [0, 0, 1]


@pytest.mark.parametrize(("part", "acts"), [(0.9, True), (1.1, False)])
def test_the_floor_is_a_fifth_shared_evenly(part: float, *, acts: bool) -> None:
    """Of two heads a tenth of the whole each; told of a head that had less before."""
    low = part * 0.1
    found = {"low": (1.0, low), "high": (1.0, 1 - low)}
    assert weights_of(found, only(floor=DEFAULT.floor)) == pytest.approx(
        [0.1 + 0.8 * low, 0.1 + 0.8 * (1 - low)]
    )
    assert guards_of(found, only(floor=DEFAULT.floor)) == ({"floor": ["low"]} if acts else {})
    assert weights_of(found, only(floor=1.0)) == pytest.approx([0.5, 0.5])


def test_half_of_the_weights_before_stays() -> None:
    previous = {"image": 0.5, "clinical": 0.25, "joint": 0.25}
    new = np.array(weights_of(CHANGE, BlendRules(inertia=0)))
    found = weights_of(CHANGE, DEFAULT, previous)
    np.testing.assert_allclose(found, (np.array([0.5, 0.25, 0.25]) + new) / 2)
    np.testing.assert_allclose(weights_of(CHANGE, DEFAULT), new)  # at first there are none
    most = weights_of(CHANGE, BlendRules(inertia=0.9), previous)
    np.testing.assert_allclose(most, 0.9 * np.array([0.5, 0.25, 0.25]) + 0.1 * new)


def test_the_same_estimate_again_and_again_ends_at_its_own_weights() -> None:
    wanted = weights_of(CHANGE, BlendRules(inertia=0))
    weights = dict.fromkeys(HEADS, 1 / 3)
    for _ in range(60):
        weights = blend_weights(started(CHANGE), changed(CHANGE), DEFAULT, weights)
    np.testing.assert_allclose(list(weights.values()), wanted, atol=1e-12)


@pytest.mark.parametrize(
    "previous", [{"image": 1.0}, dict.fromkeys(HEADS, 0.3), {"image": 1.5, "clinical": -0.5, "joint": 0.0}]
)
def test_weights_before_that_are_no_shares_of_the_heads_are_refused(previous: dict[str, float]) -> None:
    with pytest.raises(InputError, match="weights: must be of these heads, 0 or more, with sum 1"):
        weights_of(CHANGE, DEFAULT, previous)


def test_each_head_is_trained_alone_once_and_its_losses_are_blended() -> None:
    asked: list[str] = []

    def estimate(head: str) -> tuple[LossPair, LossPair]:
        asked.append(head)
        first, last = (LossPair(one.train[head], one.validation[head]) for one in (BEFORE, AFTER))
        return first, last

    previous = dict.fromkeys(HEADS, 1 / 3)
    found = estimate_blend(HEADS, estimate, DEFAULT, previous)
    assert asked == list(HEADS)
    assert found == blend_between(BEFORE, AFTER, DEFAULT, previous)
    assert (found.before, found.after) == (BEFORE, AFTER)
    assert found.guards["inertia"] == list(HEADS)


def test_one_head_has_all_and_is_not_trained_for_it() -> None:
    def estimate(head: str) -> tuple[LossPair, LossPair]:
        raise AssertionError(head)

    found = estimate_blend(["image"], estimate, PLAIN)
    assert found == BlendEstimate({"image": 1.0})
    assert found.changes == {}
    assert weights_of({"image": (0.0, -3.0)}, PLAIN) == [1.0]


@pytest.mark.parametrize("heads", [[], ["image", "image"]])
def test_no_head_or_one_twice_is_refused(heads: list[str]) -> None:
    with pytest.raises(InputError, match="heads: must be one or more, each named once"):
        estimate_blend(heads, lambda _: (LossPair(1, 1), LossPair(1, 1)), DEFAULT)


@pytest.mark.parametrize("loss", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("which", ["train", "validation"])
def test_a_loss_that_is_not_finite_is_refused(which: str, loss: float) -> None:
    fine = {"image": 1.0, "joint": 1.0}
    sets = {"train": fine, "validation": fine, which: {**fine, "joint": loss}}
    with pytest.raises(InputError, match=f"losses: must be finite; of {which} that of joint is not"):
        HeadLosses(**sets)


def test_losses_so_large_that_no_difference_is_finite_are_refused() -> None:
    before, then = (HeadLosses({"a": 1.0, "b": 1.0}, {"a": x, "b": 1.0}) for x in (1e308, -1e308))
    for rules in (DEFAULT, PLAIN):
        with pytest.raises(InputError, match="must be finite"):
            blend_weights(before, then, rules)


def test_heads_must_agree() -> None:
    with pytest.raises(InputError, match="of the same heads, one or more, in both sets"):
        HeadLosses({}, {})
    with pytest.raises(InputError, match="of the same heads, one or more, in both sets"):
        HeadLosses({"image": 1}, {"joint": 1})
    with pytest.raises(InputError, match="before and after: must be of the same heads"):
        blend_weights(BEFORE, HeadLosses({"image": 1}, {"image": 1}), DEFAULT)
    with pytest.raises(InputError, match="gain: must be finite, of the heads of noise"):
        optimal_weights(GAIN, {"image": 1})


@pytest.mark.parametrize(
    ("inside", "outside"),
    [
        ({"epsilon": 0.0}, {"epsilon": -0.01}),
        ({"epsilon": 5.0}, {"epsilon": math.inf}),
        ({"cap": 1.0}, {"cap": 0.99}),
        ({"cap": None}, {"cap": math.nan}),
        ({"floor": 0.0}, {"floor": -0.01}),
        ({"floor": 1.0}, {"floor": 1.01}),
        ({"inertia": 0.0}, {"inertia": -0.01}),
        ({"inertia": 0.99}, {"inertia": 1.0}),
    ],
)
def test_rules_have_their_range(inside: dict[str, float], outside: dict[str, float]) -> None:
    only(**inside)
    with pytest.raises(InputError, match="rules: must be epsilon from 0, cap from 1 or none"):
        only(**outside)


def test_plain_rules_are_those_with_each_guard_off() -> None:
    assert BlendRules.plain() == only()


def test_an_estimate_is_of_shares() -> None:
    with pytest.raises(InputError, match="with sum 1"):
        BlendEstimate({"image": 0.5, "joint": 0.4})
