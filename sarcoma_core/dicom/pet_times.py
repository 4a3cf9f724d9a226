"""The times of a PET series, all in seconds after the administration of the dose.

Dates may be gone, shifted or made up: where one is missing, the time of day is enough for a radionuclide of
which nothing is left a day later. So an injection at 23:50 is before a scan at 0:40.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sarcoma_core.archive.values import attempt
from sarcoma_core.dicom.radiopharmaceutical import GE_SCAN, SIEMENS_SCAN, PetHeaders
from sarcoma_core.errors import SeriesRefused

DAY = 86400.0
LONGEST_UNDATED = DAY / 5
"""Half-life, s: with a longer one a scan may be on another day, and the time of day does not tell which."""
_ALIKE = 1.0
"""Seconds by which two attributes may tell the same time otherwise: TM may have a fraction, or none."""
_FARTHEST = 14
"""Hours from UTC (PS3.5, 6.2, VR DT)."""
_NEXT = (
    "Correct it where the images come from, or ask for a de-identification that keeps it, then import again."
)

_DATE = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})")
_TIME = re.compile(r"(\d{2}):?(\d{2})(?::?(\d{2})(\.\d+)?)?")
_DATE_TIME = re.compile(r"(\d{8})(\d{4}(?:\d{2}(?:\.\d+)?)?)([+-]\d{4})?")
_OFFSET = re.compile(r"([+-])(\d{2})([0-5]\d)")
"""VRs DA, TM and DT (PS3.5, 6.2), and DA and TM with dots and colons as ACR-NEMA had them; no hour alone."""


@dataclass(frozen=True)
class PetTimes:
    """When the images of a series were taken, s after the administration.

    Args:
        acquired: when each image began.
        series: SeriesTime; None where it is absent.
        scan: the maker's private time of decay correction; None where it is absent.
        told_by: the DICOM keyword of what tells when the dose was given.
        warnings: what is odd about the times, as sentences without a full stop.
    """

    acquired: tuple[float, ...]
    series: float | None
    scan: float | None
    told_by: str
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class _Moment:
    """A time of day, s, the day as its ordinal, and what it is ahead of UTC, s; None where not told."""

    second: float
    day: int | None = None
    offset: float | None = None

    @property
    def absolute(self) -> float | None:
        """Seconds since the day 0; None without a date."""
        return None if self.day is None else self.day * DAY + self.second

    def near(self, time: float) -> float:
        """Itself; without a date, the one of all days that is nearest to `time`."""
        if self.absolute is not None:
            return self.absolute
        return time + (self.second - time + DAY / 2) % DAY - DAY / 2


def pet_times(headers: PetHeaders, half_life: float) -> PetTimes:
    """The times of a series.

    Args:
        headers: of the series.
        half_life: of its radionuclide, s.

    Raises:
        SeriesRefused: a time that is needed is missing, cannot be read, or has an offset from UTC that the
            others do not have.
    """
    acquired, series = _acquired(headers), _series(headers)
    given, told_by, warnings = _given(headers)
    times = _dated(acquired, series)
    if times is None or given.absolute is None:
        _require_short(half_life)
    start = given.absolute
    if times is None:
        start = given.second
        times = tuple(start + (moment.second - start) % DAY for moment in acquired)
    elif start is None:
        start = min(times) - (min(times) - given.second) % DAY
    first, scan = min(times), _scan(headers)
    return PetTimes(
        acquired=tuple(time - start for time in times),
        series=None if series is None else series.near(first) - start,
        scan=None if scan is None else scan.near(first) - start,
        told_by=told_by,
        warnings=warnings,
    )


def _acquired(headers: PetHeaders) -> tuple[_Moment, ...]:
    texts = headers.each_text("AcquisitionTime")
    times = [parse_time(text) for text in texts]
    readable = tuple(time for time in times if time is not None)
    if len(readable) < len(times):
        count = len(times) - len(readable)
        raise SeriesRefused(
            "AcquisitionTime: must be in all images, in a form that can be read; "
            f"it is not in {count} of {len(times)}.",
            hint=_NEXT,
        )
    days = [parse_date(text) for text in headers.each_text("AcquisitionDate")]
    dates = days if None not in days else [None] * len(days)
    return tuple(_Moment(time, day) for time, day in zip(readable, dates, strict=True))


def _series(headers: PetHeaders) -> _Moment | None:
    text = headers.text("SeriesTime")
    if not text:
        return None
    time = parse_time(text)
    if time is None:
        raise _unreadable("SeriesTime")
    return _Moment(time, parse_date(headers.text("SeriesDate")))


def _dated(acquired: Iterable[_Moment], series: _Moment | None) -> tuple[float, ...] | None:
    """The times of the images with their dates, or with that of the series; None where there is neither."""
    start = series.absolute if series else None
    times = [moment.absolute if start is None else moment.near(start) for moment in acquired]
    found = tuple(time for time in times if time is not None)
    return found if len(found) == len(times) else None


def _given(headers: PetHeaders) -> tuple[_Moment, str, tuple[str, ...]]:
    """When the dose was given, on the clock of the scanner; the keyword that tells it, and what is odd."""
    precise, plain = "RadiopharmaceuticalStartDateTime", "RadiopharmaceuticalStartTime"
    texts = headers.text(precise), headers.text(plain)
    if not any(texts):
        raise SeriesRefused(f"{precise} or {plain}: one must be there; found none.", hint=_NEXT)
    second = parse_time(texts[1])
    if not texts[0]:
        if second is None:
            raise _unreadable(plain)
        return _Moment(second), plain, ()
    moment = parse_date_time(texts[0])
    if moment is None:
        raise _unreadable(precise)
    moment = _on_the_clock(moment, headers.text("TimezoneOffsetFromUTC"))
    apart = None if second is None else abs((second - moment.second + DAY / 2) % DAY - DAY / 2)
    odd = apart is not None and apart > _ALIKE
    return moment, precise, (f"{plain} tells another time than {precise}, which was taken",) if odd else ()


def _on_the_clock(moment: _Moment, zone: str) -> _Moment:
    """The same moment on the clock by which the times of the images are told."""
    if moment.offset is None:
        return moment
    local = _offset(zone)
    if local is None:
        raise SeriesRefused(
            "TimezoneOffsetFromUTC: must be there where RadiopharmaceuticalStartDateTime has an offset "
            "from UTC; found none that can be read.",
            hint=_NEXT,
        )
    second = moment.second + local - moment.offset
    day = None if moment.day is None else moment.day + int(second // DAY)
    return _Moment(second % DAY, day)


def _scan(headers: PetHeaders) -> _Moment | None:
    text = headers.text(GE_SCAN) or headers.text(SIEMENS_SCAN)
    moment = parse_date_time(text)
    if moment is None or moment.offset is None:
        return moment
    zone = headers.text("TimezoneOffsetFromUTC")
    return None if _offset(zone) is None else _on_the_clock(moment, zone)


def _require_short(half_life: float) -> None:
    if half_life > LONGEST_UNDATED:
        raise SeriesRefused(
            "RadiopharmaceuticalStartDateTime, AcquisitionDate or SeriesDate: must be there for a "
            f"radionuclide with a half-life above {LONGEST_UNDATED / 3600:g} h; found none.",
            hint=_NEXT,
        )


def parse_time(text: str) -> float | None:
    """A time of day, s; None where it is none, or tells the hour alone."""
    found = _TIME.fullmatch(text.strip())
    if not found:
        return None
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    if hour > 23 or minute > 59 or second > 60:  # noqa: PLR2004  60 is a leap second (VR TM)
        return None
    return hour * 3600 + minute * 60 + second + float(found[4] or 0)


def parse_date(text: str) -> int | None:
    """A date as its ordinal; None where it is none."""
    found = _DATE.fullmatch(text.strip())
    return attempt(lambda: date(int(found[1]), int(found[2]), int(found[3])).toordinal()) if found else None


def parse_date_time(text: str) -> _Moment | None:
    """A moment, whose date may be a made-up one; None where it has no time."""
    found = _DATE_TIME.fullmatch(text.strip())
    second = parse_time(found[2]) if found else None
    offset = _offset(found[3] or "") if found else None
    if not found or second is None or (found[3] and offset is None):
        return None
    return _Moment(second, parse_date(found[1]), offset)


def _offset(text: str) -> float | None:
    found = _OFFSET.fullmatch(text.strip())
    if not found or int(found[2]) > _FARTHEST:
        return None
    return (-1 if found[1] == "-" else 1) * (int(found[2]) * 3600.0 + int(found[3]) * 60.0)


def _unreadable(keyword: str) -> SeriesRefused:
    return SeriesRefused(f"{keyword}: must be a time in a form that can be read; it is not.", hint=_NEXT)
