"""Several cases in one table: failed ones are counted, and told with and without."""

from dataclasses import replace
from statistics import fmean, median

import pytest

from sarcoma_core.errors import InputError
from sarcoma_core.segmentation.metrics import MaskScores, compare
from sarcoma_core.segmentation.summary import MEASURES, MeasureSummary, summarise
from tests.segmentation.shapes import cube, voxels

SPACING = (1.0, 1.0, 3.0)
GOOD = [compare(cube(), cube((by, 0, 0)), SPACING) for by in (0, 1, 3, 5)]
MISSED = compare(voxels((3, 3, 3)), voxels(), SPACING)
INVENTED = compare(voxels(), voxels((3, 3, 3)), SPACING)


def of(cases: list[MaskScores], measure: str, among: str) -> MeasureSummary:
    [found] = [one for one in summarise(cases).measures if (one.measure, one.cases) == (measure, among)]
    return found


def test_failed_cases_are_counted_and_make_every_mean_worse() -> None:
    summary = summarise([*GOOD, MISSED, INVENTED])
    assert (summary.n, summary.n_failed) == (6, 2)
    for measure in MEASURES[:6]:
        everything, kept = (of([*GOOD, MISSED, INVENTED], measure, among) for among in ("all", "not failed"))
        assert (everything.n, kept.n) == (6, 4)
        assert everything.mean is not None
        assert kept.mean is not None
        assert (everything.mean > kept.mean) == measure.endswith("_mm")


def test_mean_median_and_quartiles_are_those_of_the_values() -> None:
    values = [case.dice for case in GOOD]
    found = of(GOOD, "dice", "all")
    assert found.mean == pytest.approx(fmean(values))
    assert found.median == pytest.approx(median(values))
    assert (found.q1, found.q3) == pytest.approx((0.65, 0.925))  # of 1, 0.9, 0.7 and 0.5


def test_a_relative_volume_error_that_there_is_not_is_left_out_and_told() -> None:
    assert of([*GOOD, INVENTED], "volume_error", "all").n == 4
    assert of([*GOOD, MISSED], "volume_error", "all").n == 5


def test_where_all_failed_there_is_nothing_without_them() -> None:
    assert of([MISSED], "dice", "not failed") == MeasureSummary(
        "dice", "not failed", 0, None, None, None, None
    )


def test_two_empty_masks_have_not_failed() -> None:
    assert summarise([compare(voxels(), voxels(), SPACING)]).n_failed == 0


@pytest.mark.parametrize(
    "cases",
    [[], [GOOD[0], replace(GOOD[0], definition="pooled")], [GOOD[0], replace(GOOD[0], tolerance_mm=1)]],
)
def test_nothing_or_numbers_of_two_kinds_are_not_summed_up(cases: list[MaskScores]) -> None:
    with pytest.raises(InputError, match="cases: must be of one definition and tolerance"):
        summarise(cases)
