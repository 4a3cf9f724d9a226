"""Folds of patients: every patient once, evenly, and the same bytes in whatever order they are told."""

import hashlib
import json
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_core.errors import InputError
from sarcoma_core.survival.follow_up import FollowUp
from sarcoma_core.training.splits import (
    RULE,
    RULE_BY_SIZE,
    RepeatedFolds,
    folds_by_size,
    read_folds,
    repeated_folds,
)


def patients(seed: int, count: int) -> tuple[list[str], FollowUp, list[str]]:
    rng = np.random.default_rng(seed)
    event = rng.random(count) < 0.4
    event[:5] = True
    names = [f"S{number:03}" for number in range(count)]
    return names, FollowUp.of(rng.exponential(900, count), event), rng.choice(["A", "B", "C"], count).tolist()


def dealt(seed: int, count: int = 60, **changes: int) -> RepeatedFolds:
    subjects, follow_up, centres = patients(seed, count)
    return repeated_folds(subjects, follow_up, centres=centres, **{"seed": 1, "repeats": 2, **changes})


@given(st.integers(0, 1000), st.integers(12, 90), st.integers(2, 5))
def test_every_patient_is_tested_once_in_each_repeat_and_trains_in_all_other_folds(
    seed: int, count: int, folds: int
) -> None:
    subjects, _, _ = patients(seed, count)
    found = list(dealt(seed, count, folds=folds).rows(subjects))
    assert len(found) == 2 * folds
    for repeat in range(2):
        tested = np.concatenate([fold.test for fold in found if fold.repeat == repeat])
        assert sorted(tested.tolist()) == list(range(count))
    for fold in found:
        assert sorted([*fold.train.tolist(), *fold.test.tolist()]) == list(range(count))


@given(st.integers(0, 1000), st.integers(12, 90), st.integers(2, 5))
def test_folds_differ_by_one_patient_and_by_one_event_at_most(seed: int, count: int, folds: int) -> None:
    subjects, follow_up, centres = patients(seed, count)
    found = [fold.test for fold in dealt(seed, count, folds=folds).rows(subjects) if fold.repeat == 0]
    thirds = np.searchsorted(np.quantile(follow_up.time, [1 / 3, 2 / 3]), follow_up.time, side="left")
    strata = [f"{e} {c} {t}" for e, c, t in zip(follow_up.event, centres, thirds, strict=True)]
    for chosen in (np.ones(count, bool), follow_up.event, *(np.array(strata) == one for one in set(strata))):
        sizes = [int(chosen[rows].sum()) for rows in found]
        assert max(sizes) - min(sizes) <= 1
    assert min(int(follow_up.event[rows].sum()) for rows in found) >= 1


def test_the_order_of_rows_is_of_no_matter_and_the_seed_is() -> None:
    subjects, follow_up, centres = patients(3, 70)
    order = np.random.default_rng(8).permutation(70)
    one = repeated_folds(subjects, follow_up, seed=5, repeats=3, centres=centres)
    shuffled = [subjects[i] for i in order], follow_up.chosen(order)
    other = repeated_folds(*shuffled, seed=5, repeats=3, centres=[centres[i] for i in order])
    assert one.document == other.document
    assert one.sha256 == other.sha256
    assert repeated_folds(subjects, follow_up, seed=6, repeats=3, centres=centres).sha256 != one.sha256


def test_no_two_repeats_are_dealt_alike() -> None:
    first, second = dealt(4).repeats
    assert first != second


def test_the_rows_of_a_patient_stay_together() -> None:
    subjects, follow_up, _ = patients(5, 30)
    twice = FollowUp(np.tile(follow_up.time, 2), np.tile(follow_up.event, 2))
    for fold in repeated_folds(subjects * 2, twice, seed=0).rows(subjects * 2):
        names = [{(subjects * 2)[row] for row in rows} for rows in (fold.train, fold.test)]
        assert not names[0] & names[1]
        assert len(fold.test) == 2 * len(names[1])


def test_a_patient_of_whom_rows_differ_is_refused_and_not_named() -> None:
    with pytest.raises(InputError, match="of 1 they tell several") as caught:
        repeated_folds(["SECRET", "SECRET"], FollowUp.of([1, 2], [1, 1]), seed=0, folds=2)
    assert "SECRET" not in str(caught.value)


def test_as_many_events_as_folds_are_enough_and_one_less_is_not() -> None:
    subjects = [f"S{number}" for number in range(20)]
    for events, enough in ((4, True), (3, False)):
        follow_up = FollowUp.of(np.arange(1, 21), np.arange(20) < events)
        if enough:
            folds = repeated_folds(subjects, follow_up, seed=0, folds=4)
            assert [follow_up.event[fold.test].sum() for fold in folds.rows(subjects)] == [1] * 4
        else:
            with pytest.raises(InputError, match="found 4 for 3"):
                repeated_folds(subjects, follow_up, seed=0, folds=4)


@pytest.mark.parametrize(("folds", "repeats"), [(1, 1), (2, 0)])
def test_one_fold_or_no_repeat_is_refused(folds: int, repeats: int) -> None:
    with pytest.raises(InputError, match="folds and repeats"):
        dealt(0, folds=folds, repeats=repeats)


def test_lengths_must_agree() -> None:
    with pytest.raises(InputError, match="found 1 and 1 for 2"):
        repeated_folds(["S1"], FollowUp.of([1, 2], [1, 1]), seed=0)


def test_what_is_written_is_read() -> None:
    folds = dealt(7)
    assert read_folds(folds.document) == folds
    assert folds.document.endswith(b"}\n")


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2},
        {"repeats": []},
        {"repeats": [{"S1": 5}]},
        {"repeats": [{"S1": 0}, {"S2": 0}]},
        {"seed": "1"},
    ],
)
def test_what_is_no_such_file_is_refused(change: dict[str, object]) -> None:
    tree = {**json.loads(dealt(7).document), **change}
    with pytest.raises(InputError, match="splits: must be as they were written"):
        read_folds(json.dumps(tree).encode())


def test_a_subject_without_a_fold_is_refused() -> None:
    with pytest.raises(InputError, match="1 have none"):
        list(dealt(7).rows(["S000", "STRANGER"]))


SIZES = st.dictionaries(st.text("ABCDE", min_size=1), st.floats(0, 3000), min_size=2, max_size=40)


@given(SIZES, st.integers(0, 99), st.data())
def test_by_size_every_patient_is_tested_once_and_folds_and_their_tertiles_differ_by_one_at_most(
    sizes: dict[str, float], seed: int, data: st.DataObject
) -> None:
    folds = data.draw(st.integers(2, len(sizes)))
    found = folds_by_size(sizes, seed=seed, folds=folds)
    (dealt,) = found.repeats
    assert set(dealt) == set(sizes)
    assert set(dealt.values()) == set(range(folds))
    values = np.array(list(sizes.values()))
    low, high = np.quantile(values, [1 / 3, 2 / 3])
    for chosen in (values > -1, values <= low, (values > low) & (values <= high), values > high):
        counts = np.bincount(np.array([dealt[name] for name in sizes])[chosen], minlength=folds)
        assert counts.max() - counts.min() <= 1


@given(SIZES, st.randoms())
def test_by_size_the_order_of_the_patients_is_of_no_matter_nor_is_the_unit(
    sizes: dict[str, float], shuffle: random.Random
) -> None:
    names = list(sizes)
    shuffle.shuffle(names)
    wanted = folds_by_size(sizes, seed=5, folds=2)
    assert folds_by_size({name: sizes[name] for name in names}, seed=5, folds=2).document == wanted.document
    assert folds_by_size({name: 8 * size for name, size in sizes.items()}, seed=5, folds=2) == wanted


def test_by_size_the_seed_deals_otherwise_and_within_a_tertile_alone() -> None:
    sizes = {f"S{number:03}": float(number) for number in range(60)}
    dealt = {folds_by_size(sizes, seed=seed, folds=5).sha256 for seed in range(6)}
    assert len(dealt) == 6
    (first,) = folds_by_size(sizes, seed=0, folds=5).repeats
    # By the rule that stands in the file, done by hand: 20 patients of a tertile, sorted by their hash.
    for third in range(3):
        names = [f"S{number:03}" for number in range(20 * third, 20 * third + 20)]
        names.sort(key=lambda name: hashlib.sha256(f"0\t0\t{name}".encode()).hexdigest())
        assert [first[name] for name in names] == [turn % 5 for turn in range(20)]


def test_by_size_folds_are_read_as_they_were_written_with_their_rule() -> None:
    folds = folds_by_size({"A": 1.0, "B": 30.0, "C": 4.0}, seed=2, folds=3)
    again = read_folds(folds.document)
    assert again == folds
    assert again.rule == RULE_BY_SIZE != RULE
    assert json.loads(folds.document)["rule"] == RULE_BY_SIZE
    assert json.loads(dealt(7).document)["rule"] == RULE


@pytest.mark.parametrize(
    ("patients", "folds", "hint"),
    [
        (5, 1, "Ask for 5 folds."),
        (5, 6, "Ask for 5 folds."),
        (1, 2, "Freeze a larger cohort."),
        (0, 2, "Freeze"),
    ],
)
def test_by_size_there_are_two_folds_at_least_and_a_patient_for_each(
    patients: int, folds: int, hint: str
) -> None:
    sizes = {f"SECRET{number}": 1.0 for number in range(patients)}
    with pytest.raises(InputError, match=f"found {folds} for {patients}") as caught:
        folds_by_size(sizes, seed=0, folds=folds)
    assert caught.value.hint.startswith(hint)
    assert "SECRET" not in str(caught.value)
    for enough in range(2, patients + 1):
        assert folds_by_size(sizes, seed=0, folds=enough).folds == enough
