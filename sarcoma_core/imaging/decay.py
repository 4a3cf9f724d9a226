"""Radioactive decay of a PET series: the time to which its values are corrected, and what is left of a dose.

All times are seconds after the administration of the dose.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from sarcoma_core.errors import InputError

SAME = 0.01
"""Two times are one where the activity between them changes by less: 95 s for F-18, 1.8 s for O-15."""
LAST = 5.0
"""Half-lives after which nobody scans: 1/32 is left; 9.1 h for F-18."""
_ORDER = "Ask for the original series of the scanner, or for its header as it was, then import again."


@dataclass(frozen=True, slots=True)
class Timing:
    """When the images of a series were taken, as their headers have it; None where one does not tell.

    Args:
        acquired: AcquisitionTime of each image: when counting began.
        durations: ActualFrameDuration of each, s.
        decay_factors: DecayFactor of each.
        frame_times: FrameReferenceTime of each, s after the time that the series is corrected to.
        frame_time_is_start: whether FrameReferenceTime tells of the start of a frame, as GE has it, and not
            of the time of its average activity.
        series: SeriesTime.
        scan: the maker's private time of decay correction.
    """

    acquired: tuple[float, ...]
    durations: tuple[float | None, ...]
    decay_factors: tuple[float | None, ...]
    frame_times: tuple[float | None, ...]
    frame_time_is_start: bool
    series: float | None = None
    scan: float | None = None


@dataclass(frozen=True, slots=True)
class DecayTime:
    """The time to which a series is corrected.

    Args:
        seconds: after the administration.
        told_by: DICOM keywords of what it stands in.
        confirmed_by: the keyword of what else leads there; empty where nothing does.
    """

    seconds: float
    told_by: str
    confirmed_by: str = ""


def decayed(half_life: float, seconds: float) -> float:
    """The part of a dose that is left after `seconds`, 0 to 1.

    Raises:
        InputError: the time is before the administration, or so late that nobody scans then.
    """
    if not 0 <= seconds <= LAST * half_life:
        found = "a later one" if seconds > half_life else "an earlier time"
        raise InputError(
            "RadiopharmaceuticalStartDateTime or RadiopharmaceuticalStartTime: must be before the scan, by "
            f"{LAST:g} half-lives at most; found {found} of the scan.",
            hint="Correct the time where the images come from; where dates were shifted, all must be alike.",
        )
    return float(2 ** (-seconds / half_life))


def average_time(duration: float, half_life: float) -> float:
    """When in a frame the activity has its average, s after its start (PS3.3, C.8.9.4.1.5, example 2)."""
    decay = math.log(2) / half_life * duration
    return math.log(decay / -math.expm1(-decay)) / decay * duration


def decay_time(timing: Timing, half_life: float) -> DecayTime:
    """The time to which a series with DecayCorrection START is corrected: the start of the scan.

    Headers tell it in several places, of which post-processing and makers change some: SeriesTime may be that
    of a later reconstruction, and the first AcquisitionTime that of a later bed. So what is stated is
    compared with what was done to the values: DecayFactor, else FrameReferenceTime, of every image.

    Args:
        timing: of all images.
        half_life: s.

    Raises:
        InputError: what the headers tell contradicts itself by more than 1 % of the activity.

    Source:
        PS3.3, C.8.9.1.1.5 and C.8.9.4.1.5; QIBA's vendor-neutral pseudo-code of 2018-06-26; the IBSI's manual
        on SUV, for FrameReferenceTime. That DecayFactor = 2 ^ ((start + average_time - T) / half-life) for
        the time T was found to 0.02 s on all 297 PET images of `sts_ibsi` (GE), and on the Siemens series of
        dcm2niix's issue 983.
    """
    near = math.log2(1 + SAME) * half_life
    stated = _stated(timing, near)
    by_frame = _by_frame(timing, half_life)
    by_factor = _by_factor(timing, half_life)
    if by_factor:
        if _spread(by_factor) > near:
            raise _contradiction("DecayFactor", "lead to one time in all images")
        for candidates in (stated, by_frame):
            best = _nearest(candidates, median(by_factor))
            if best and abs(best.seconds - median(by_factor)) <= near:
                return DecayTime(best.seconds, best.told_by, "DecayFactor")
        raise _contradiction(
            "DecayFactor", "lead to the time of SeriesTime, AcquisitionTime or FrameReferenceTime"
        )
    for told in by_frame.values():
        best = _nearest(stated, told)
        if best and abs(best.seconds - told) <= near:
            return DecayTime(best.seconds, best.told_by, "FrameReferenceTime")
    return _unconfirmed(timing, stated, by_frame, near)


def require_administration(timing: Timing, half_life: float) -> None:
    """Refuse a series with DecayCorrection ADMIN whose values were corrected to the start of its scan.

    Args:
        timing: of all images.
        half_life: s.

    Raises:
        InputError: the factors that were applied lead nearer to the scan's start than to the administration.
    """
    led = _by_factor(timing, half_life)
    if led and abs(median(led) - min(timing.acquired)) < abs(median(led)):
        raise InputError(
            "DecayFactor: must lead to the administration where DecayCorrection is ADMIN; it leads to the "
            "start of the scan.",
            hint=_ORDER,
        )


def require_uncorrected(timing: Timing) -> None:
    """Refuse a series with DecayCorrection NONE to whose values a factor was applied.

    Raises:
        InputError: one was.
    """
    if any(factor is not None and factor != 1 for factor in timing.decay_factors):
        raise InputError(
            "DecayFactor: must be 1 or absent where DecayCorrection is NONE; found another.", hint=_ORDER
        )


_SCAN, _SERIES, _FIRST = "the maker's scan time", "SeriesTime", "AcquisitionTime"
_FRAME, _OTHER_FRAME = "AcquisitionTime and FrameReferenceTime", "FrameReferenceTime of another convention"


def _stated(timing: Timing, near: float) -> dict[str, float]:
    """The times that the headers state for the start of the scan, the telling ones first."""
    first = min(timing.acquired)
    told = {_SCAN: timing.scan, _SERIES: timing.series, _FIRST: first}
    return {name: time for name, time in told.items() if time is not None and time <= first + near}


def _by_factor(timing: Timing, half_life: float) -> list[float]:
    """Where the factor that was applied to each image leads to; nothing unless all tell.

    A factor of 1 is what those write who apply none.
    """
    led = []
    for start, duration, factor in zip(timing.acquired, timing.durations, timing.decay_factors, strict=True):
        if duration is None or duration <= 0 or factor is None or factor <= 1:
            return []
        led.append(start + average_time(duration, half_life) - half_life * math.log2(factor))
    return led


def _by_frame(timing: Timing, half_life: float) -> dict[str, float]:
    """Where FrameReferenceTime leads to, in the maker's way first; nothing unless all images agree."""
    times = [time for time in timing.frame_times if time is not None]
    if len(times) < len(timing.acquired) or not any(times):
        return {}
    starts = [start - time for start, time in zip(timing.acquired, times, strict=True)]
    durations = [duration or 0 for duration in timing.durations]
    ways = {_name(timing, is_start=True): starts}
    if min(durations) > 0:
        averages = [s + average_time(d, half_life) for s, d in zip(starts, durations, strict=True)]
        ways[_name(timing, is_start=False)] = averages
    near = math.log2(1 + SAME) * half_life
    return {way: median(ways[way]) for way in sorted(ways) if _spread(ways[way]) <= near}


def _name(timing: Timing, *, is_start: bool) -> str:
    """Of what a reading of FrameReferenceTime leads to: the maker's own sorts first."""
    return _FRAME if is_start == timing.frame_time_is_start else _OTHER_FRAME


def _unconfirmed(
    timing: Timing, stated: dict[str, float], by_frame: dict[str, float], near: float
) -> DecayTime:
    """The time where nothing that was done to the values leads to one that is stated."""
    first = min(timing.acquired)
    if _SCAN in stated:
        return DecayTime(stated[_SCAN], _SCAN)
    altered = timing.series is None or timing.series > first + near
    if altered and _FRAME in by_frame:
        return DecayTime(by_frame[_FRAME], _FRAME)
    if by_frame:
        raise _contradiction("FrameReferenceTime", "lead to the time of SeriesTime or AcquisitionTime")
    if altered:
        return DecayTime(first, _FIRST)
    if first - stated[_SERIES] > near:
        raise _contradiction("SeriesTime", "be the first AcquisitionTime where no DecayFactor tells the time")
    return DecayTime(stated[_SERIES], _SERIES)


def _nearest(candidates: dict[str, float], time: float) -> DecayTime | None:
    found = min(candidates, key=lambda name: abs(candidates[name] - time), default=None)
    return None if found is None else DecayTime(candidates[found], found)


def _spread(times: Iterable[float]) -> float:
    every = tuple(times)
    return max(every) - min(every)


def _contradiction(keyword: str, rule: str) -> InputError:
    return InputError(
        f"{keyword}: must {rule}; found another, more than 1 % of the activity off.", hint=_ORDER
    )
