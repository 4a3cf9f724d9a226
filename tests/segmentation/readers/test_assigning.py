"""Cases to readers: level, seeded, the same in any order, and what stands stays."""

from collections import Counter
from collections.abc import Sequence
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_core.errors import UsageError
from sarcoma_core.segmentation.readers.assigning import assign_cases
from sarcoma_core.segmentation.readers.records import CaseAssignment

NAMES = ("anna", "ben", "cleo", "dora", "emil", "fay", "gus")
readers = st.integers(1, len(NAMES)).map(lambda n: NAMES[:n])
cases = st.integers(0, 20).map(lambda n: tuple(f"S{number}" for number in range(n)))
seeds = st.integers(0, 2**32)


def spread(counts: Counter[str]) -> int:
    return max(counts.values()) - min(counts.values())


def loads(made: Sequence[CaseAssignment], ids: Sequence[str]) -> Counter[str]:
    return Counter({one: sum(one in case.readers for case in made) for one in ids})


def seconds(made: Sequence[CaseAssignment], ids: Sequence[str]) -> Counter[str]:
    return Counter({one: sum(one in case.second for case in made) for one in ids})


@given(cases, readers, seeds, st.data())
def test_cases_and_second_reads_are_level(
    labels: tuple[str, ...], ids: tuple[str, ...], seed: int, data: st.DataObject
) -> None:
    per_case = data.draw(st.integers(1, len(ids)))
    made = assign_cases(labels, ids, per_case=per_case, seed=seed)
    assert {one.case for one in made} == set(labels)
    assert all(len(set(one.readers)) == per_case for one in made)
    assert spread(loads(made, ids)) <= 1
    if per_case <= 2 or per_case == len(ids):
        assert spread(seconds(made, ids)) <= 1


@given(cases, seeds)
def test_three_readers_meet_each_other_as_often(labels: tuple[str, ...], seed: int) -> None:
    ids = NAMES[:3]
    made = assign_cases(labels, ids, seed=seed)
    pairs = Counter(dict.fromkeys(combinations(ids, 2), 0))
    pairs.update(tuple(sorted(one.readers)) for one in made)
    assert max(pairs.values()) - min(pairs.values()) <= 1


@given(cases, readers, seeds, st.randoms())
def test_the_order_in_which_they_are_named_does_not_count(
    labels: tuple[str, ...], ids: tuple[str, ...], seed: int, chance: object
) -> None:
    mixed, others = list(labels), list(ids)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    chance.shuffle(others)  # type: ignore[attr-defined]
    per_case = min(2, len(ids))
    one = assign_cases(labels, ids, per_case=per_case, seed=seed)
    assert assign_cases(mixed + mixed[:1], others, per_case=per_case, seed=seed) == one


@given(cases, cases, seeds, st.integers(1, 3))
def test_what_stands_stays_when_cases_and_readers_come(
    before: tuple[str, ...], after: tuple[str, ...], seed: int, more: int
) -> None:
    standing = assign_cases(before, NAMES[:3], seed=seed)
    made = assign_cases({*before, *after}, NAMES[: 3 + more], seed=seed + 1, standing=standing)
    kept = {one.case: one for one in made}
    assert [kept[one.case] for one in standing] == list(standing)
    assert set(kept) == {*before, *after}


def test_a_case_with_too_few_readers_gets_more_and_its_first_read_stays() -> None:
    standing = assign_cases(("S1", "S2"), ("anna", "ben"), per_case=1)
    made = assign_cases(("S1", "S2"), ("anna", "ben", "cleo"), per_case=2, standing=standing)
    assert [one.first for one in made] == [one.first for one in standing]
    assert all(len(one.second) == 1 for one in made)


def test_who_comes_later_takes_what_is_new_until_all_have_as_much() -> None:
    standing = assign_cases([f"S{n}" for n in range(6)], ("anna", "ben"), per_case=1)
    made = assign_cases([f"S{n}" for n in range(9)], ("anna", "ben", "cleo"), per_case=1, standing=standing)
    assert loads(made, NAMES[:3]) == Counter(anna=3, ben=3, cleo=3)


def test_another_seed_gives_other_lists() -> None:
    labels = [f"S{n}" for n in range(20)]
    assert assign_cases(labels, NAMES[:3], seed=0) != assign_cases(labels, NAMES[:3], seed=1)


@pytest.mark.parametrize("per_case", [0, 3])
def test_as_many_readers_of_a_case_as_there_are(per_case: int) -> None:
    assert len(assign_cases(["S"], ("anna", "ben"), per_case=2)[0].readers) == 2
    assert len(assign_cases(["S"], ("anna", "ben"), per_case=1)[0].readers) == 1
    with pytest.raises(
        UsageError, match=rf"--per-case: must be 1 to the number of readers, 2; found {per_case}"
    ):
        assign_cases(["S"], ("anna", "ben"), per_case=per_case)
