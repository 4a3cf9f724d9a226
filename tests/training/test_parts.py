"""Parts of a cohort: nobody in two of them, each like the whole, and the same bytes in whatever order."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_core.errors import InputError
from sarcoma_core.survival.follow_up import FollowUp
from sarcoma_core.training.parts import StudyParts, read_parts, study_parts
from sarcoma_core.training.splits import read_folds

Cohort = tuple[list[str], FollowUp, list[str]]


def cohort(seed: int, count: int = 120) -> Cohort:
    rng = np.random.default_rng(seed)
    event = rng.random(count) < 0.4
    event[:12] = True
    names = [f"S{number:03}" for number in range(count)]
    return names, FollowUp.of(rng.exponential(900, count), event), rng.choice(["A", "B", "C"], count).tolist()


def parted(told: Cohort, **changes: int) -> StudyParts:
    subjects, follow_up, centres = told
    how = {"seed": 1, "folds": 4, "test_percent": 20, "calibration_percent": 15, **changes}
    return study_parts(subjects, follow_up, centres=centres, **how)


percents = st.integers(0, 30)


@given(st.integers(0, 999), st.integers(40, 150), st.integers(3, 4), percents, percents)
def test_everybody_is_in_one_part_and_for_each_fold_in_one_role(
    seed: int, count: int, folds: int, test: int, calibration: int
) -> None:
    told = cohort(seed, count)
    parts = parted(told, folds=folds, test_percent=test, calibration_percent=calibration)
    everybody = [*parts.test, *parts.calibration, *parts.development]
    assert sorted(everybody) == told[0]
    assert len(set(everybody)) == len(everybody)
    for fold in range(folds):
        roles = parts.roles(fold)
        assert sorted([*roles.train, *roles.choose, *roles.judge]) == list(parts.development)
        assert min(map(len, roles)) > 0


def test_everybody_in_development_judges_once_chooses_once_and_is_learned_from_in_all_other_folds() -> None:
    """Who judges a fold has chosen nothing there."""
    parts = parted(cohort(2))
    judged = [one for fold in range(4) for one in parts.roles(fold).judge]
    chosen = [one for fold in range(4) for one in parts.roles(fold).choose]
    learned = sorted(one for fold in range(4) for one in parts.roles(fold).train)
    assert sorted(judged) == sorted(chosen) == list(parts.development)
    assert learned == sorted([*parts.development, *parts.development])
    for fold in range(4):
        assert parts.roles(fold).choose == parts.roles((fold + 1) % 4).judge


@given(st.integers(0, 999), st.integers(60, 150), percents, percents)
def test_each_part_has_its_share_of_patients_events_and_of_each_centres_events(
    seed: int, count: int, test: int, calibration: int
) -> None:
    """To one patient; of those who are left once the test set is taken, the calibration set has its share."""
    told = cohort(seed, count)
    subjects, follow_up, centres = told
    parts = parted(told, folds=3, test_percent=test, calibration_percent=calibration)
    event = dict(zip(subjects, follow_up.event.tolist(), strict=True))
    centre = dict(zip(subjects, centres, strict=True))
    assert abs(len(parts.test) - count * test / 100) <= 0.5 + 1e-9
    groups = [set(subjects), *({s for s in subjects if event[s] == flag} for flag in (True, False))]
    groups += [{s for s in g if centre[s] == name} for g in groups[1:] for name in "ABC"]
    for group in groups:
        left = group - set(parts.test)
        assert abs(len(group & set(parts.test)) - len(group) * test / 100) <= 1 + 1e-9
        share = len(left) * calibration / (100 - test)
        assert abs(len(group & set(parts.calibration)) - share) <= 1 + 1e-9
        assert abs(len(group & set(parts.calibration)) - len(group) * calibration / 100) < 2
    folds = [set(parts.roles(fold).judge) for fold in range(3)]
    for group in groups[:3]:
        sizes = [len(group & fold) for fold in folds]
        assert max(sizes) - min(sizes) <= 1


def test_short_and_long_times_are_in_each_part() -> None:
    """Of 300 patients, the middle of the times in a part is near that of all; by their tertiles."""
    told = cohort(4, 300)
    parts = parted(told)
    at = dict(zip(told[0], told[1].time.tolist(), strict=True))
    low, high = np.quantile(told[1].time, [1 / 3, 2 / 3])
    for part in (parts.test, parts.calibration, parts.development):
        times = np.array([at[one] for one in part])
        for third in (times <= low, (times > low) & (times <= high), times > high):
            assert abs(float(third.mean()) - 1 / 3) < 0.1


@given(st.integers(0, 99), st.integers(0, 99))
def test_the_order_of_rows_is_of_no_matter(seed: int, shuffle: int) -> None:
    subjects, follow_up, centres = cohort(seed)
    order = np.random.default_rng(shuffle).permutation(len(subjects))
    moved = [subjects[i] for i in order], follow_up.chosen(order), [centres[i] for i in order]
    one, other = parted((subjects, follow_up, centres)), parted(moved)
    assert one == other
    assert one.document == other.document
    assert one.sha256 == other.sha256


def test_the_rows_of_a_patient_stay_together_and_tell_no_more_than_one() -> None:
    subjects, follow_up, centres = cohort(5)
    twice = FollowUp(np.tile(follow_up.time, 2), np.tile(follow_up.event, 2))
    assert parted((subjects * 2, twice, centres * 2)) == parted((subjects, follow_up, centres))


def test_another_seed_parts_otherwise() -> None:
    told = cohort(6)
    found = [parted(told, seed=seed) for seed in range(5)]
    assert len({parts.sha256 for parts in found}) == 5
    assert len({parts.test for parts in found}) == 5
    assert len({parts.part_sha256("test") for parts in found}) == 5
    assert len({parts.part_sha256("calibration") for parts in found}) == 5


def test_a_part_is_known_by_who_is_in_it_alone() -> None:
    """Another number of folds of the others leaves the test set what it was."""
    told = cohort(7)
    one, other = parted(told, folds=3), parted(told, folds=5)
    assert one.sha256 != other.sha256
    assert one.test == other.test
    for part in ("test", "calibration"):
        assert one.part_sha256(part) == other.part_sha256(part)
    assert one.part_sha256("test") != one.part_sha256("calibration")


def test_without_a_share_a_part_is_empty_and_all_are_developed_on() -> None:
    told = cohort(8)
    assert parted(told, test_percent=0).test == ()
    assert parted(told, calibration_percent=0).calibration == ()
    assert parted(told, test_percent=0, calibration_percent=0).development == tuple(told[0])


def test_centres_may_not_count() -> None:
    subjects, follow_up, _ = cohort(9)
    how: dict[str, Any] = {"seed": 1, "folds": 3, "test_percent": 20, "calibration_percent": 0}
    parts = study_parts(subjects, follow_up, **how)
    assert len(parts.test) == 24
    assert parts == parted((subjects, follow_up, ["same"] * 120), **how)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"test_percent": 60, "calibration_percent": 0}, None),
        ({"test_percent": 0, "calibration_percent": 60}, None),
        ({"test_percent": 31, "calibration_percent": 29}, None),
        ({"test_percent": 31, "calibration_percent": 30}, "found 31 and 30"),
        ({"test_percent": 61, "calibration_percent": 0}, "found 61 and 0"),
        ({"test_percent": 0, "calibration_percent": 61}, "found 0 and 61"),
        ({"test_percent": -1}, "found -1 and 15"),
        ({"calibration_percent": -1}, "found 20 and -1"),
        ({"folds": 3}, None),
        ({"folds": 2}, "folds: must be 3 or more; found 2"),
    ],
    ids=str,
)
def test_as_many_may_be_set_aside_and_no_more(changes: dict[str, int], found: str | None) -> None:
    if found is None:
        parted(cohort(1), **changes)
        return
    with pytest.raises(InputError, match=found):
        parted(cohort(1), **changes)


def test_each_fold_needs_an_event_of_those_who_are_left() -> None:
    """Ten events, of which half are set aside: five folds can be had, and six cannot."""
    subjects = [f"SECRET{number}" for number in range(100)]
    follow_up = FollowUp.of(np.arange(1, 101), np.arange(100) < 10)
    how: dict[str, Any] = {"seed": 0, "test_percent": 50, "calibration_percent": 0}
    parts = study_parts(subjects, follow_up, folds=5, **how)
    assert len(parts.test) == 50
    with pytest.raises(InputError, match="found 6 for 5") as caught:
        study_parts(subjects, follow_up, folds=6, **how)
    assert "SECRET" not in str(caught.value)


def test_what_is_written_holds_all_of_it() -> None:
    parts = parted(cohort(3))
    tree = json.loads(parts.document)
    assert (tuple(tree["test"]), tuple(tree["calibration"])) == (parts.test, parts.calibration)
    assert read_folds(json.dumps(tree["folds"]).encode()) == parts.folds
    assert tree["seed"] == 1
    assert parts.document.endswith(b"}\n")


@given(st.integers(0, 99), st.integers(3, 4), percents, percents)
def test_parts_that_were_written_are_read_as_they_were(
    seed: int, folds: int, test: int, calibration: int
) -> None:
    parts = parted(cohort(seed), folds=folds, test_percent=test, calibration_percent=calibration)
    found = read_parts(parts.document)
    assert found == parts
    assert found.sha256 == parts.sha256


def altered(**changes: Any) -> bytes:
    tree = {**json.loads(parted(cohort(1)).document), **changes}
    return (json.dumps(tree, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


DEVELOPED = parted(cohort(1)).development[0]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{",
        b"[" * 100_000,
        altered(schema=2),
        altered(test=["X", "X"]),
        altered(test=[DEVELOPED]),
        altered(calibration=None),
        altered(folds={}),
        altered(more=1),
        altered().replace(b" ", b"  ", 1),
    ],
)
def test_what_was_not_written_so_is_refused(content: bytes) -> None:
    assert read_parts(altered()) == parted(cohort(1))
    with pytest.raises(InputError, match="must be as it was written") as refused:
        read_parts(content)
    assert DEVELOPED not in str(refused.value)
