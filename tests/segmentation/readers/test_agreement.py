"""Twelve cases with planted disagreements, against numbers that are worked out here."""

from itertools import combinations, product

import numpy as np
import pytest

from sarcoma_core.segmentation.readers.agreement import (
    CaseAgreement,
    pair_scores,
    pair_summaries,
    reader_biases,
    volumes_of,
)
from sarcoma_core.segmentation.readers.records import ReadingTarget
from tests.launch.readers.planted import CASES, EMPTY, MISSING, READERS, drawings_of, shift_of

SPACING = (2.0, 2.0, 5.0)


def surface(mask: np.ndarray) -> np.ndarray:
    """Places in mm of the voxels that have a neighbour outside across a face."""
    held = {tuple(place) for place in np.argwhere(mask)}
    steps = [step for step in product((-1, 0, 1), repeat=3) if sum(map(abs, step)) == 1]
    edge = [p for p in held if any((p[0] + s[0], p[1] + s[1], p[2] + s[2]) not in held for s in steps)]
    return np.array(sorted(edge)) * SPACING


def distances(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """From each part of a surface to the nearest of the other, both ways: every distance, and the least."""
    apart = np.linalg.norm(surface(one)[:, None] - surface(other)[None], axis=-1)
    return apart.min(axis=1), apart.min(axis=0)


def agreement(case: str) -> CaseAgreement:
    masks = drawings_of(case)
    handles = {reader: f"2/tumour-v{n}" for n, reader in enumerate(masks, 1)}
    target = ReadingTarget(f"S{case}", "2", "tumour")
    return CaseAgreement(target, handles, volumes_of(masks, SPACING), pair_scores(masks, SPACING))


@pytest.fixture(scope="module")
def cases() -> list[CaseAgreement]:
    return [agreement(case) for case in CASES]


@pytest.mark.parametrize("case", ["C01", "C02", "C03", "C04"])
def test_each_pair_of_a_case_by_every_single_distance(case: str) -> None:
    masks = drawings_of(case)
    for pair in pair_scores(masks, SPACING):
        one, two = masks[pair.first], masks[pair.second]
        there, back = distances(one, two)
        assert pair.scores.dice == pytest.approx(2 * (one & two).sum() / (one.sum() + two.sum()))
        assert pair.scores.hd95_mm == pytest.approx(max(np.percentile(there, 95), np.percentile(back, 95)))
        assert pair.scores.assd_mm == pytest.approx((there.sum() + back.sum()) / (len(there) + len(back)))


@pytest.mark.parametrize("case", [case for case in CASES if case not in (EMPTY, MISSING)])
def test_a_shift_by_k_voxels_of_ten_leaves_a_dice_of_one_minus_a_tenth_of_k(case: str) -> None:
    """And a face of 40 of the 272 voxels of the surface, over 5 %, lies k voxels of 2 mm away."""
    k = shift_of(case)
    [scores] = [p.scores for p in agreement(case).pairs if (p.first, p.second) == ("anna", "ben")]
    assert scores.dice == pytest.approx(1 - k / 10)
    assert scores.hd95_mm == pytest.approx(2 * k)
    [larger] = [p.scores for p in agreement(case).pairs if (p.first, p.second) == ("anna", "cleo")]
    assert larger.dice == pytest.approx(2 * 400 / (400 + 480))
    assert larger.volume_error == pytest.approx(0.2)


def test_volumes_are_eight_ml_and_a_fifth_more() -> None:
    assert agreement("C01").volumes_ml == pytest.approx({"anna": 8.0, "ben": 8.0, "cleo": 9.6})
    assert agreement(EMPTY).volumes_ml == pytest.approx({"anna": 8.0, "ben": 0.0, "cleo": 9.6})
    assert agreement(MISSING).volumes_ml == pytest.approx({"anna": 8.0, "ben": 8.0})


def test_the_worst_of_a_case_are_those_of_the_lowest_dice() -> None:
    assert (agreement("C03").worst.first, agreement("C03").worst.second) == ("anna", "ben")  # 0.7
    assert (agreement("C01").worst.first, agreement("C01").worst.second) == ("anna", "ben")  # 0.9 and 0.909
    assert (agreement("C04").worst.first, agreement("C04").worst.second) == ("anna", "cleo")  # ben as anna
    assert agreement(EMPTY).failed
    assert not agreement("C03").failed


def test_biases_of_readers_as_worked_out_by_hand(cases: list[CaseAgreement]) -> None:
    """In ten cases 8, 8 and 9.6 ml; in one 8, 0 and 9.6; in one 8 and 8 without cleo.

    anna: 10 times 8 - 8.8 = -0.8, once 8 - 4.8 = 3.2, once 0; in sum -4.8 of 12.
    ben: 10 times -0.8, once 0 - 8.8, once 0; in sum -16.8 of 12. cleo: 10 times 1.6, once 5.6; 21.6 of 11.
    """
    anna, ben, cleo = reader_biases(cases, READERS)
    assert (anna.n, ben.n, cleo.n) == (12, 12, 11)
    assert anna.bias_ml == pytest.approx(-0.4)
    assert ben.bias_ml == pytest.approx(-1.4)
    assert cleo.bias_ml == pytest.approx(21.6 / 11)
    assert anna.bias_percent == pytest.approx((10 * -100 / 11 + 200 / 3 + 0) / 12)
    assert ben.bias_percent == pytest.approx((10 * -100 / 11 - 100 + 0) / 12)
    assert cleo.bias_percent == pytest.approx((10 * 20 + 140) / 11)


def test_volumes_of_pairs_as_worked_out_by_hand(cases: list[CaseAgreement]) -> None:
    """Anna - ben: 0 in eleven cases, 8 in one: mean 2/3, variance (11 (2/3)² + (22/3)²) / 11 = 16/3."""
    pairs = {(one.first, one.second): one for one in pair_summaries(cases, READERS)}
    first = pairs["anna", "ben"].volumes
    assert (first.n, first.bias) == (12, pytest.approx(2 / 3))
    assert first.sd == pytest.approx((16 / 3) ** 0.5)
    assert first.low == pytest.approx(2 / 3 - 1.96 * (16 / 3) ** 0.5)
    always = pairs["anna", "cleo"].volumes
    assert (always.n, always.bias) == (11, pytest.approx(-1.6))
    assert always.sd == pytest.approx(0, abs=1e-12)
    assert pairs["anna", "cleo"].cases == tuple(f"S{case}" for case in CASES if case != MISSING)


def test_the_matrix_counts_a_failed_case_with_no_overlap_and_without_distances(
    cases: list[CaseAgreement],
) -> None:
    """Anna and ben: shifts 1 2 3 0 1 2 3 0 1 2 and 0 in the last; the eleventh failed."""
    pair = pair_summaries(cases, READERS)[0]
    shifts = [1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 0]
    assert (pair.n, pair.n_failed) == (12, 1)
    assert pair.dice == pytest.approx(sum(1 - k / 10 for k in shifts) / 12)
    assert pair.hd95_mm == pytest.approx(sum(2 * k for k in shifts) / 11)


def test_who_shares_no_case_with_anybody_is_left_out(cases: list[CaseAgreement]) -> None:
    both = [agreement(MISSING)]
    assert [(one.first, one.second) for one in pair_summaries(both, READERS)] == [("anna", "ben")]
    assert [one.reader for one in reader_biases(both, READERS)] == ["anna", "ben"]
    assert len(pair_summaries(cases, READERS)) == len(list(combinations(READERS, 2)))


def test_a_part_of_nothing_is_no_percentage() -> None:
    nothing = {"anna": drawings_of("C01")["anna"], "ben": drawings_of(EMPTY)["ben"]}
    volumes = volumes_of(nothing, SPACING)
    one = CaseAgreement(ReadingTarget("S", "2", "tumour"), {}, volumes, pair_scores(nothing, SPACING))
    anna, ben = reader_biases([one], ("anna", "ben"))
    assert (anna.n, anna.bias_ml, anna.n_percent, anna.bias_percent) == (1, 8.0, 0, None)
    assert (ben.bias_ml, ben.bias_percent) == (-8.0, pytest.approx(-100))
    assert pair_summaries([one], ("anna", "ben"))[0].hd95_mm is None
