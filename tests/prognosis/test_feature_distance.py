"""How far features are: no more of those like the training are refused than is said, and others are."""

import json
from dataclasses import asdict

import numpy as np
import pytest

from sarcoma_core.errors import InputError
from sarcoma_core.prognosis.feature_distance import (
    LEAST_LEARNED,
    SeenFeatures,
    rounded_up,
    seen_features,
    shrunk_covariance,
)
from sarcoma_core.provenance import typed

COHORTS = 40


def mixing(rng: np.random.Generator, features: int) -> np.ndarray:
    """What makes independent numbers features that hang together, each on a scale of its own."""
    scales = 10 ** rng.uniform(-2, 2, features)
    return np.asarray((rng.normal(size=(features, features)) + 2 * np.eye(features)) * scales)


def document(seen: SeenFeatures) -> str:
    return json.dumps(asdict(seen))


@pytest.mark.parametrize("features", [12, 24])
@pytest.mark.parametrize("training", [60, 200, 1000])
@pytest.mark.parametrize("tails", ["normal", "heavy"])
def test_of_patients_like_the_training_few_are_refused(training: int, features: int, tails: str) -> None:
    """A half was learned on, the other held out; 1000 others are asked about, over many trainings."""
    rng = np.random.default_rng(11)
    refused = []
    for _ in range(COHORTS):
        mix = mixing(rng, features)
        drawn = rng.normal(size=(training + 1000, features))
        found = (drawn if tails == "normal" else np.sinh(drawn)) @ mix + 5
        half = training // 2
        seen = seen_features(found[:half], found[half:training])
        refused.append(seen.is_far(found[training:]).mean())
    assert np.mean(refused) <= 0.04 + 2 * np.std(refused) / np.sqrt(COHORTS)
    assert np.mean(refused) <= 0.05
    assert np.mean(refused) > 0.01  # it could refuse nobody


def test_features_that_a_network_pulled_together_do_not_make_others_far() -> None:
    """Those of its own patients lie closer than of any other: only held-out ones tell what is usual."""
    rng = np.random.default_rng(2)
    own, held_out, others = (rng.normal(size=(n, 12)) for n in (200, 200, 4000))
    assert seen_features(own * 0.5, held_out).is_far(others).mean() < 0.06
    wrong = seen_features(own[:100] * 0.5, own[100:] * 0.5)
    assert wrong.is_far(others).mean() > 0.5


def test_features_of_another_scanner_are_far() -> None:
    """All shifted by 1.5 deviations: chi-square of 12 with 27 off centre, of which 9 of 10 are above 24."""
    rng = np.random.default_rng(3)
    learned, held_out, others = (rng.normal(size=(n, 12)) for n in (400, 400, 1000))
    seen = seen_features(learned, held_out)
    refused = [seen.is_far(others + shift).mean() for shift in (0, 0.75, 1.5, 3)]
    assert refused[0] < 0.05 < refused[1] < 0.5
    assert 0.85 < refused[2] < 0.97
    assert refused[3] == 1
    mix = mixing(rng, 12)
    assert seen_features(learned @ mix, held_out @ mix).is_far((others + 3) @ mix).all()


def test_patients_are_far_whose_features_do_not_go_together_though_each_alone_is_usual() -> None:
    rng = np.random.default_rng(4)
    one = rng.normal(size=(400, 1))
    together = one + 0.1 * rng.normal(size=(400, 2))
    seen = seen_features(together[:200], together[200:])
    assert not seen.is_far(np.array([[1.0, 1.0], [-1.5, -1.5]])).any()
    assert seen.is_far(np.array([[1.0, -1.0]])).all()


@pytest.mark.parametrize("kind", ["normal", "signs"])
def test_features_that_say_the_same_are_no_trouble(kind: str) -> None:
    """Twelve times the same feature, also where nothing is shrunk, as all squares are alike."""
    rng = np.random.default_rng(5)
    drawn = rng.normal(size=(3000, 3))
    found = np.repeat(np.sign(drawn) if kind == "signs" else drawn, 12, axis=1)
    seen = seen_features(found[:1000], found[1000:2000])
    assert seen.is_far(found[2000:]).mean() < 0.05
    assert not seen.is_far(found[2000:] + 1e-3 * rng.normal(size=(1000, 36))).mean() > 0.05
    assert seen.is_far(found[2000:] + rng.normal(size=(1000, 36))).mean() > 0.95


def test_a_feature_in_which_fewer_than_five_differ_says_nothing() -> None:
    rng = np.random.default_rng(6)
    for differ, counts in ((4, False), (5, True)):
        learned, held_out = rng.normal(size=(2, 60, 3))
        learned[:, 1] = 7.0
        learned[:differ, 1] = 9.0
        held_out[:, 1] = 7.0
        seen = seen_features(learned, held_out)
        assert (np.array(seen.whitening)[1].any(), seen.mean[1] != 0) == (counts, counts)
        assert seen.is_far(np.array([[0.0, 1000.0, 0.0]]))[0] == counts


def test_a_distance_at_the_threshold_is_not_far_and_one_beyond_it_is() -> None:
    seen = SeenFeatures((1.0, 0.0), ((2.0, 0.0), (0.0, 1.0)), 4.0, 0.04, 60, 60)
    np.testing.assert_allclose(seen.distance(np.array([[1.0, 0.0], [2.0, 0.0], [1.0, -3.0]])), [0, 4, 9])
    np.testing.assert_array_equal(seen.is_far(np.array([[2.0, 0.0], [2.001, 0.0], [-0.001, 0.0]])), [0, 1, 1])


@pytest.mark.parametrize(("held_out", "beyond"), [(24, 0), (48, 0), (49, 1), (74, 2), (124, 4)])
def test_as_many_held_out_patients_lie_beyond_as_the_rate_allows_with_one_to_come(
    held_out: int, beyond: int
) -> None:
    """(beyond + 1) / (n + 1) is 4 % at most; distances are 100 % apart, so that rounding moves none."""
    rng = np.random.default_rng(8)
    features = np.sqrt(2.0 ** np.arange(held_out))[:, None]
    seen = seen_features(rng.normal(size=(100, 1)), features)
    assert seen.is_far(features).sum() == beyond
    assert (beyond + 1) / (held_out + 1) <= 0.04 < (beyond + 2) / (held_out + 1)


@pytest.mark.parametrize(("rate", "needed"), [(0.04, 24), (0.05, 19), (0.2, 5)])
def test_a_rate_needs_so_many_held_out_patients(rate: float, needed: int) -> None:
    rng = np.random.default_rng(9)
    learned, held_out = rng.normal(size=(LEAST_LEARNED, 2)), rng.normal(size=(needed, 2))
    assert seen_features(learned, held_out, rate=rate).held_out == needed
    with pytest.raises(InputError, match=f"must be 10 and {needed} patients or more.*10 and {needed - 1}"):
        seen_features(learned, held_out[1:], rate=rate)
    with pytest.raises(InputError, match=f"must be 10 and {needed} patients or more.*9 and {needed}"):
        seen_features(learned[1:], held_out, rate=rate)


def test_what_was_read_again_decides_the_same_and_the_order_of_patients_does_not_count() -> None:
    rng = np.random.default_rng(10)
    mix = mixing(rng, 12)
    learned, held_out, others = (rng.normal(size=(n, 12)) @ mix for n in (100, 60, 500))
    seen = seen_features(learned, held_out)
    again = typed(SeenFeatures, json.loads(document(seen)))
    assert again == seen
    np.testing.assert_array_equal(again.is_far(others), seen.is_far(others))
    for seed in range(5):
        shuffle = np.random.default_rng(seed).permutation
        assert document(seen_features(shuffle(learned), shuffle(held_out))) == document(seen)


def test_nothing_that_is_kept_is_a_patients_own() -> None:
    rng = np.random.default_rng(12)
    learned, held_out = rng.normal(size=(2, 60, 4)) * [0.01, 1, 100, 1]
    seen = seen_features(learned, held_out)
    assert seen.threshold not in seen.distance(held_out)
    assert seen.threshold == float(f"{seen.threshold:.2g}")
    own = learned.mean(axis=0)
    kept = np.array(seen.mean)
    assert (kept != own).all()
    np.testing.assert_array_less(np.abs(kept - own), 0.051 * learned.std(axis=0))
    assert all(one == float(f"{one:.2g}") for row in seen.whitening for one in row)


def test_the_next_number_of_two_digits_is_never_below() -> None:
    found = [rounded_up(one) for one in (38.01, 38.0, 0.0, 0.0381, 123.0, 99.5, -38.9, 5.0)]
    assert found == [39, 38, 0, 0.039, 130, 100, -38, 5]
    rng = np.random.default_rng(13)
    values = (rng.normal(size=999) * 10 ** rng.uniform(-5, 5, 999)).tolist()
    for value in values:
        assert value <= rounded_up(value) * (1 + 1e-12) + 1e-300 or value < 0
        assert abs(rounded_up(value) - value) <= 0.1 * abs(value)


@pytest.mark.parametrize("shape", [(5, 3), (30, 12), (400, 12)])
def test_the_covariance_is_that_of_ledoit_and_wolf_as_scikit_learn_has_it(shape: tuple[int, int]) -> None:
    pytest.importorskip("sklearn", reason="oracle test: make extras to run it")
    from sklearn.covariance import ledoit_wolf  # noqa: PLC0415

    rng = np.random.default_rng(14)
    values = rng.normal(size=shape) @ mixing(rng, shape[1])
    np.testing.assert_allclose(shrunk_covariance(values), ledoit_wolf(values)[0], rtol=1e-9)


def test_what_are_no_features_is_refused() -> None:
    rng = np.random.default_rng(15)
    learned, held_out = rng.normal(size=(2, 40, 3))
    seen = seen_features(learned, held_out)
    for rate in (0.0, 1.0, float("nan")):
        with pytest.raises(InputError, match="rate: must be above 0 and below 1"):
            seen_features(learned, held_out, rate=rate)
    with pytest.raises(InputError, match="held_out: must be a row of 3 numbers"):
        seen_features(learned, held_out[:, :2])
    for wrong in (learned[0], learned[:, :0]):
        with pytest.raises(InputError, match="learned: must be a row of one or more numbers"):
            seen_features(wrong, held_out)
    with pytest.raises(InputError, match="learned: must vary between 5 patients"):
        seen_features(np.ones((40, 3)), held_out)
    with pytest.raises(InputError, match="features: must be a row of 3 numbers"):
        seen.distance(learned[:, :2])
    for value in (np.nan, np.inf, 1e100):
        with pytest.raises(InputError, match=r"features: must be finite, below 1e.100 in size; 1 are not"):
            seen.is_far(np.array([[0.0, value, 0.0]]))
    rows = ((1.0, 0.0), (0.0, 1.0))
    for mean, whitening in (((0.0,), rows), ((0.0, 0.0), (rows[0], (1.0,))), ((), ())):
        with pytest.raises(InputError, match="whitening: must be square"):
            SeenFeatures(mean, whitening, 4.0, 0.04, 60, 60)
    for threshold in (-1.0, float("nan")):
        with pytest.raises(InputError, match="a distance 0 or more"):
            SeenFeatures((0.0, 0.0), rows, threshold, 0.04, 60, 60)
