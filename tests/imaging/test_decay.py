"""Decay: by numerical integration, by a published example of each maker, and the traps of SeriesTime."""

from dataclasses import replace

import numpy as np
import pytest

from sarcoma_core.errors import InputError
from sarcoma_core.imaging.decay import Timing, average_time, decay_time, decayed

F18, O15 = 6586.2, 122.24
START = 3600.0
BEDS = 3
BED, FRAME = 200.0, 180.0


def uncorrected(start: float, duration: float, half_life: float) -> float:
    """The mean activity of a frame by the trapezoid rule; 1 at the time 0."""
    times = np.linspace(start, start + duration, 20001)
    return float(np.trapezoid(2 ** (-times / half_life), times) / duration)


def beds(to: float = START, *, first: float = START, half_life: float = F18) -> Timing:
    """Three beds one after the other, whose values were corrected to the time `to`."""
    acquired = tuple(first + bed * BED for bed in range(BEDS))
    factors = tuple(2 ** (-to / half_life) / uncorrected(t, FRAME, half_life) for t in acquired)
    return Timing(acquired, (FRAME,) * BEDS, factors, (None,) * BEDS, frame_time_is_start=False, series=to)


def without_factors(timing: Timing, *, ge: bool, to: float = START) -> Timing:
    """The same, with FrameReferenceTime as the maker has it instead of DecayFactor."""
    added = 0.0 if ge else average_time(FRAME, F18)
    frames = tuple(start + added - to for start in timing.acquired)
    return replace(timing, decay_factors=(None,) * BEDS, frame_times=frames, frame_time_is_start=ge)


@pytest.mark.parametrize("half_life", [O15, 1221.84, F18, 4.176 * 86400])
@pytest.mark.parametrize("duration", [1.0, 60.0, 180.0, 1200.0])
def test_at_its_average_time_a_frame_has_its_mean_activity(half_life: float, duration: float) -> None:
    at = average_time(duration, half_life)
    assert 2 ** (-at / half_life) == pytest.approx(uncorrected(0, duration, half_life), rel=1e-7)
    assert 0 < at <= duration / 2


def test_a_frame_that_is_short_against_the_half_life_has_it_in_its_middle() -> None:
    """Where the formula has few digits left."""
    assert average_time(1e-3, 4.176 * 86400) == pytest.approx(0.5e-3)
    assert average_time(1.0, 78.41 * 3600) == pytest.approx(0.5, rel=1e-6)


def test_after_a_half_life_half_is_left() -> None:
    assert decayed(F18, 0) == 1
    assert decayed(F18, F18) == 0.5
    assert decayed(F18, 3 * F18) == 0.125


@pytest.mark.parametrize("seconds", [5 * F18 * 0.95, 5 * F18, 0.0])
def test_a_dose_before_the_scan_by_less_than_its_last_half_life_is_taken(seconds: float) -> None:
    assert decayed(F18, seconds) > 0


@pytest.mark.parametrize(("seconds", "found"), [(5 * F18 * 1.05, "a later"), (-1.0, "an earlier")])
def test_a_dose_after_the_scan_or_long_before_it_is_refused(seconds: float, found: str) -> None:
    with pytest.raises(
        InputError, match=rf"RadiopharmaceuticalStartTime: must be before.*{found}"
    ) as refused:
        decayed(F18, seconds)
    assert refused.value.hint


def test_the_siemens_series_of_dcm2niix_983_is_corrected_to_its_series_time() -> None:
    """SeriesTime 16:20:16, AcquisitionTime 17:10:15, 1200 s, DecayFactor 1.45951."""
    timing = Timing((2999.0,), (1200.0,), (1.45951,), (None,), frame_time_is_start=False, series=0.0)
    found = decay_time(timing, F18)
    assert (found.seconds, found.told_by, found.confirmed_by) == (0, "SeriesTime", "DecayFactor")


def test_beds_that_follow_each_other_are_corrected_to_the_first() -> None:
    found = decay_time(beds(), F18)
    assert (found.seconds, found.told_by, found.confirmed_by) == (START, "SeriesTime", "DecayFactor")


@pytest.mark.parametrize("later", [600.0, 86400.0])
def test_a_series_time_of_a_later_reconstruction_is_not_taken(later: float) -> None:
    for timing in (
        beds(),
        without_factors(beds(), ge=True),
        without_factors(beds(), ge=False),
        replace(beds(), decay_factors=(None,) * BEDS),
    ):
        found = decay_time(replace(timing, series=START + later), F18)
        assert (found.seconds, found.told_by) == (START, "AcquisitionTime")


@pytest.mark.parametrize("ge", [True, False])
def test_a_series_whose_first_bed_was_cut_away_is_corrected_to_the_first_all_the_same(*, ge: bool) -> None:
    """As STS_025: SeriesTime is that of the cut, and the first AcquisitionTime that of a later bed."""
    timing = without_factors(beds(START, first=START + 900), ge=ge)
    cut = replace(timing, series=START + 900 + BED * BEDS)
    found = decay_time(cut, F18)
    assert found.seconds == pytest.approx(START)
    assert found.told_by == "AcquisitionTime and FrameReferenceTime"
    confirmed = decay_time(replace(cut, decay_factors=beds(START, first=START + 900).decay_factors), F18)
    assert confirmed.seconds == pytest.approx(START)
    assert confirmed.confirmed_by == "DecayFactor"


def test_the_makers_own_scan_time_wins_where_nothing_tells_against_it() -> None:
    plain = replace(beds(), decay_factors=(None,) * BEDS, series=START + 5000)
    found = decay_time(replace(plain, scan=START - 120), F18)
    assert (found.seconds, found.told_by) == (START - 120, "the maker's scan time")


def test_what_was_done_to_the_values_wins_over_the_makers_scan_time() -> None:
    found = decay_time(replace(beds(), scan=START - 600), F18)
    assert (found.seconds, found.told_by) == (START, "SeriesTime")


def test_of_times_near_to_each_other_the_one_that_the_factor_leads_to_is_taken() -> None:
    found = decay_time(replace(beds(), series=START - 60), F18)
    assert (found.seconds, found.told_by) == (START, "AcquisitionTime")


@pytest.mark.parametrize("half_life", [O15, F18])
def test_a_factor_off_by_less_than_one_percent_confirms_and_one_off_by_more_refuses(half_life: float) -> None:
    timing = beds(to=START - 2000, half_life=half_life)  # far from the first AcquisitionTime
    for off in (1.0095, 1 / 1.0095):
        factors = tuple((f or 0) * off for f in timing.decay_factors)
        assert decay_time(replace(timing, decay_factors=factors), half_life).seconds == START - 2000
    for off in (1.0105, 1 / 1.0105):
        factors = tuple((f or 0) * off for f in timing.decay_factors)
        with pytest.raises(InputError, match=r"^DecayFactor: must lead to the time of SeriesTime"):
            decay_time(replace(timing, decay_factors=factors), half_life)


def test_factors_that_lead_to_several_times_are_refused() -> None:
    """Each bed corrected to its own start: then one factor for all would be wrong."""
    own = tuple(2 ** (-t / F18) / uncorrected(t, FRAME, F18) for t in beds().acquired)
    with pytest.raises(InputError, match=r"^DecayFactor: must lead to one time") as refused:
        decay_time(replace(beds(), decay_factors=own), F18)
    assert refused.value.hint


@pytest.mark.parametrize("nothing", [None, 0.0, 1.0])
def test_a_factor_that_says_nothing_is_none(nothing: float | None) -> None:
    found = decay_time(replace(beds(), decay_factors=(nothing,) * BEDS), F18)
    assert (found.seconds, found.told_by, found.confirmed_by) == (START, "SeriesTime", "")


@pytest.mark.parametrize("duration", [None, 0.0, -180.0])
def test_a_factor_of_a_frame_without_a_duration_says_nothing(duration: float | None) -> None:
    found = decay_time(replace(beds(), durations=(FRAME, duration, FRAME)), F18)
    assert (found.seconds, found.confirmed_by) == (START, "")


def test_a_frame_of_less_than_a_second_tells_as_much_as_another() -> None:
    short, later = 0.9, 300.0
    at = START + later
    factor = 2 ** (-START / F18) / uncorrected(at, short, F18)
    timing = Timing((at,), (short,), (factor,), (None,), frame_time_is_start=False, series=START)
    assert decay_time(timing, F18).confirmed_by == "DecayFactor"
    frames = (later + average_time(short, F18),)
    told = replace(timing, decay_factors=(None,), frame_times=frames, series=at + 900)
    assert decay_time(told, F18).seconds == pytest.approx(START)


def test_frame_times_that_an_image_lacks_or_that_are_all_0_say_nothing() -> None:
    timing = without_factors(beds(), ge=True)
    for frames in ((*timing.frame_times[:2], None), (0.0,) * BEDS):
        found = decay_time(replace(timing, frame_times=frames), F18)
        assert (found.seconds, found.told_by, found.confirmed_by) == (START, "SeriesTime", "")


def test_a_frame_time_that_contradicts_a_series_time_before_the_scan_is_refused() -> None:
    timing = without_factors(beds(), ge=True)
    with pytest.raises(InputError, match=r"^FrameReferenceTime: must lead to"):
        decay_time(replace(timing, frame_times=tuple((t or 0) + 900 for t in timing.frame_times)), F18)


def test_a_frame_time_of_an_average_is_not_read_as_one_of_a_start() -> None:
    """Without durations the average cannot be told: the beds that are left lead to no time of their own."""
    timing = without_factors(beds(START, first=START + 900), ge=False)
    cut = replace(timing, series=START + 5000, durations=(None,) * BEDS)
    with pytest.raises(InputError, match=r"^FrameReferenceTime: must lead to"):
        decay_time(cut, F18)


def test_a_series_time_long_before_the_scan_is_refused_where_nothing_confirms_it() -> None:
    plain = replace(beds(), decay_factors=(None,) * BEDS)
    near = F18 * np.log2(1.01)
    assert decay_time(replace(plain, series=START - near * 0.95), F18).told_by == "SeriesTime"
    with pytest.raises(InputError, match=r"^SeriesTime: must be the first AcquisitionTime"):
        decay_time(replace(plain, series=START - near * 1.05), F18)


def test_without_a_series_time_the_first_acquisition_is_the_start() -> None:
    plain = replace(beds(), decay_factors=(None,) * BEDS, series=None)
    assert decay_time(plain, F18).told_by == "AcquisitionTime"
