"""The times of a PET: midnight, missing dates, offsets from UTC, forms that can be read and that cannot."""

from pathlib import Path
from typing import Any

import pytest

from sarcoma_core.dicom.pet_times import (
    PetTimes,
    parse_date,
    parse_date_time,
    parse_time,
    pet_times,
)
from sarcoma_core.dicom.radiopharmaceutical import read_pet
from sarcoma_core.errors import SeriesRefused
from tests.dicom.pet_maker import GE, HALF_LIFE, SIEMENS, pet, with_private
from tests.dicom.series_maker import save

DATED = "RadiopharmaceuticalStartDateTime"
TIMED = "RadiopharmaceuticalStartTime"
UNDATED: dict[str, Any] = {"SeriesDate": None, "AcquisitionDate": None}


def times(
    folder: Path, *, half_life: float = HALF_LIFE, given: dict[str, Any] | None = None, **values: Any
) -> PetTimes:
    return pet_times(read_pet(save(pet(given=given, **values), folder)), half_life)


def uptake(folder: Path, **values: Any) -> float:
    """From the administration to the first image, s."""
    return min(times(folder, **values).acquired)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("101112", 36672),
        ("101112.5", 36672.5),
        ("101112.123456", 36672.123456),
        ("101112.123456789", 36672.123456789),
        ("1011", 36660),
        ("10:11:12", 36672),
        (" 101112 ", 36672),
        ("000000", 0),
        ("235959.999999", 86399.999999),
        ("235960", 86400),
    ],
)
def test_a_time_of_day_is_seconds(text: str, seconds: float) -> None:
    assert parse_time(text) == pytest.approx(seconds, abs=1e-6)


@pytest.mark.parametrize(
    "text",
    ["", "10", "1", "240000", "106000", "101161", "101112-111213", "10.5", "ten", "-10000", "101112\\111213"],
)
def test_what_is_no_time_or_only_an_hour_is_none(text: str) -> None:
    assert parse_time(text) is None


@pytest.mark.parametrize("text", ["", "2021", "20210230", "00000000", "20211301", "ANON", "05/03/2021"])
def test_what_is_no_date_is_none(text: str) -> None:
    assert parse_date(text) is None


def test_a_date_with_dots_is_a_date() -> None:
    assert parse_date("2021.03.05") == parse_date("20210305")


@pytest.mark.parametrize(
    "text", ["", "20210305", "2021030510", "20210305101112+25", "20210305101112+9900", "now"]
)
def test_what_is_no_moment_is_none(text: str) -> None:
    assert parse_date_time(text) is None


def test_a_time_without_a_date_is_that_before_the_scan(tmp_path: Path) -> None:
    found = times(tmp_path)
    assert found.acquired == (3600,) * 4
    assert found.series == 3600
    assert found.told_by == TIMED


@pytest.mark.parametrize("dates", [{}, UNDATED], ids=["dated", "undated"])
@pytest.mark.parametrize(
    ("given", "acquired", "seconds"),
    [
        ("235900", "235959", 59),
        ("235959", "000001", 2),
        ("235000", "004000", 3000),
        ("000000", "000000", 0),
        ("000001", "010000", 3599),
        ("230000.5", "000000.25", 3599.75),
    ],
)
def test_midnight_between_the_injection_and_the_scan_is_no_difference(
    tmp_path: Path, dates: dict[str, Any], given: str, acquired: str, seconds: float
) -> None:
    found = uptake(tmp_path, given={TIMED: given}, AcquisitionTime=acquired, SeriesTime=acquired, **dates)
    assert found == pytest.approx(seconds)


def test_midnight_between_two_beds_is_no_difference(tmp_path: Path) -> None:
    for number, dates in enumerate((("20210305", "20210306"), (None, None))):
        slices = pet(SeriesTime="235800", SeriesDate="20210305" if dates[0] else None)
        for dataset, (date, time) in zip(
            slices,
            ((dates[0], "235800"), (dates[0], "235959"), (dates[1], "000200"), (dates[1], "000400")),
            strict=True,
        ):
            dataset.AcquisitionTime = time
            if date is None:
                del dataset.AcquisitionDate
            else:
                dataset.AcquisitionDate = date
            dataset.RadiopharmaceuticalInformationSequence[0].RadiopharmaceuticalStartTime = "225800"
        found = pet_times(read_pet(save(slices, tmp_path / f"{number}")), HALF_LIFE)
        assert found.acquired == pytest.approx((3600, 3719, 3840, 3960))
        assert found.series == pytest.approx(3600)


def test_a_date_that_series_and_images_lack_is_taken_from_the_other(tmp_path: Path) -> None:
    night = {"given": {DATED: "20210304235000"}, "AcquisitionTime": "002000", "SeriesTime": "001000"}
    for number, absent in enumerate(("AcquisitionDate", "SeriesDate")):
        found = times(tmp_path / f"{number}", **night, **{absent: None})
        assert found.acquired == pytest.approx((1800,) * 4)
        assert found.series == pytest.approx(1200)


def test_the_date_and_time_is_taken_before_the_time_and_a_difference_is_told(tmp_path: Path) -> None:
    found = times(tmp_path, given={DATED: "20210305093000.000000"})
    assert (found.acquired[0], found.told_by) == (5400, DATED)
    assert found.warnings == (f"{TIMED} tells another time than {DATED}, which was taken",)


def test_a_date_and_time_that_agrees_with_the_time_is_nothing_to_tell_of(tmp_path: Path) -> None:
    assert times(tmp_path, given={DATED: "20210305100000.90"}).warnings == ()


@pytest.mark.parametrize(
    ("given", "seconds"), [("20210305110000", 0), ("20210304110000", 86400), ("20210306100000", -82800)]
)
def test_a_date_is_taken_at_its_word(tmp_path: Path, given: str, seconds: float) -> None:
    """Whether a scan can be so long after is for `decay.decayed` to say."""
    assert uptake(tmp_path, given={DATED: given, TIMED: None}) == seconds


def test_a_made_up_date_leaves_the_time_of_day(tmp_path: Path) -> None:
    assert uptake(tmp_path, given={DATED: "20210230100000"}) == 3600
    made_up = parse_date_time("00000000100000")
    assert made_up is not None
    assert (made_up.day, made_up.second) == (None, 36000)


def test_all_dates_removed_leaves_the_times_of_day(tmp_path: Path) -> None:
    assert uptake(tmp_path, given={DATED: "20210305100000"}, **UNDATED) == 3600


def test_without_dates_a_half_life_of_hours_is_refused_and_with_them_it_is_not(tmp_path: Path) -> None:
    assert uptake(tmp_path / "1", half_life=4.8 * 3600 * 0.95) == 3600
    with pytest.raises(SeriesRefused, match=r"^RadiopharmaceuticalStartDateTime, .*half-life above"):
        times(tmp_path / "2", half_life=4.8 * 3600 * 1.05)
    with pytest.raises(SeriesRefused, match=r"^RadiopharmaceuticalStartDateTime, .*half-life above"):
        times(tmp_path / "3", half_life=4.8 * 3600 * 1.05, given={DATED: "20210304100000"}, **UNDATED)
    dated = {DATED: "20210304100000"}
    assert uptake(tmp_path / "4", half_life=4.8 * 3600 * 1.05, given=dated) == 86400 + 3600


@pytest.mark.parametrize(
    ("given", "zone", "seconds"),
    [
        ("20210305100000+0100", "+0100", 3600),
        ("20210305090000+0000", "+0100", 3600),
        ("20210305090000.5-0000", "+0100", 3599.5),
        ("20210304233000-1000", "+0030", 3600),
        ("20210305100000", "+0100", 3600),
    ],
)
def test_an_offset_from_utc_is_put_on_the_scanners_clock(
    tmp_path: Path, given: str, zone: str, seconds: float
) -> None:
    assert uptake(tmp_path, given={DATED: given, TIMED: None}, TimezoneOffsetFromUTC=zone) == seconds


def test_an_offset_over_midnight_moves_the_day(tmp_path: Path) -> None:
    found = uptake(
        tmp_path,
        given={DATED: "20210305233000+0000", TIMED: None},
        TimezoneOffsetFromUTC="+0200",
        AcquisitionTime="023000",
        SeriesTime="023000",
        AcquisitionDate="20210306",
        SeriesDate="20210306",
    )
    assert found == 3600


@pytest.mark.parametrize("zone", [None, "CET", "+9900"])
def test_an_offset_from_utc_that_the_scanner_does_not_share_is_refused(
    tmp_path: Path, zone: str | None
) -> None:
    more = {} if zone is None else {"TimezoneOffsetFromUTC": zone}
    with pytest.raises(SeriesRefused, match=r"^TimezoneOffsetFromUTC: must be there where") as refused:
        times(tmp_path, given={DATED: "20210305090000+0000"}, **more)
    assert refused.value.hint


@pytest.mark.parametrize(
    ("keyword", "values"),
    [
        (f"{DATED} or {TIMED}", {"given": {TIMED: None}}),
        (DATED, {"given": {DATED: "20210305"}}),
        (TIMED, {"given": {TIMED: "10"}}),
        ("AcquisitionTime", {"AcquisitionTime": None}),
        ("AcquisitionTime", {"AcquisitionTime": ""}),
        ("SeriesTime", {"SeriesTime": "11"}),
    ],
)
def test_a_time_that_is_missing_or_cannot_be_read_is_refused_by_its_keyword(
    tmp_path: Path, keyword: str, values: dict[str, Any]
) -> None:
    with pytest.raises(SeriesRefused, match=rf"^{keyword}: ") as refused:
        times(tmp_path, **values)
    assert refused.value.hint
    assert "2021" not in str(refused.value)


def test_a_series_without_a_time_has_none(tmp_path: Path) -> None:
    assert times(tmp_path, SeriesTime=None).series is None


@pytest.mark.parametrize(("block", "element"), [(GE, 0x0D), (SIEMENS, 0x22)])
@pytest.mark.parametrize("vr", ["DT", "UN", "LO"])
def test_the_makers_scan_time_is_read_whatever_its_vr(
    tmp_path: Path, block: tuple[int, str], element: int, vr: str
) -> None:
    text = "20210305105500.00"
    value = text.encode() + b" " if vr == "UN" else text
    slices = with_private(pet(), block, element, value, vr=vr)
    assert pet_times(read_pet(save(slices, tmp_path)), HALF_LIFE).scan == 3300


def test_the_makers_scan_time_of_another_creator_is_none(tmp_path: Path) -> None:
    slices = with_private(pet(), (GE[0], "ANOTHER"), 0x0D, "20210305105500.00", vr="DT")
    assert pet_times(read_pet(save(slices, tmp_path)), HALF_LIFE).scan is None
