"""What the values of a PET series are multiplied by to be SUV: its headers, put to the formulas."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sarcoma_core.dicom.pet_times import PetTimes, pet_times
from sarcoma_core.dicom.radionuclides import half_life
from sarcoma_core.dicom.radiopharmaceutical import PHILIPS_ACTIVITY, PHILIPS_SUV, PetHeaders
from sarcoma_core.errors import InputError, SeriesRefused
from sarcoma_core.imaging.decay import (
    Timing,
    average_time,
    decay_time,
    decayed,
    require_administration,
    require_uncorrected,
)
from sarcoma_core.imaging.suv import NEEDED, PatientBody, SuvType, activity_factor, factor_between

_OTHER_UNITS = (
    *("CPS", "NONE", "PCNT", "PROPCNTS", "PROPCPS", "1CM", "CM2", "UMOLML", "MLMING", "MLG", "MLML"),
    *("MLMINML", "MGMINML", "UMOLMINML", "STDDEV"),
)
"""Terms of Units that are no activity concentration and no SUV (PS3.3, C.8.9.1.1.3), which may be told."""
_OWN: Mapping[str, tuple[SuvType, ...]] = {
    "GML": ("BW", "LBM", "LBMJAMES128", "LBMJANMA", "IBW"),
    "CM2ML": ("BSA",),
}
"""Which SUV values of a unit can be, the one first that an absent SUVType means (PS3.3, C.8.9.1)."""
_ON_PLACE = 0.1
"""Voxels by which an image may lie beside a slice of its volume."""


@dataclass(frozen=True)
class SuvFactors:
    """What the values are multiplied by, and why.

    Args:
        each: one factor for all images, or one for each, in the order of the headers.
        suv_type: what the products are, as DICOM's SUVType has it.
        facts: for the outcome; no patient's value.
        warnings: what is odd but proves nothing, as sentences without a full stop.
    """

    each: tuple[float, ...]
    suv_type: SuvType
    facts: Mapping[str, Any]
    warnings: tuple[str, ...]


def suv_factors(headers: PetHeaders, target: SuvType) -> SuvFactors:
    """The factors of a series, from its units and all that they need.

    Args:
        headers: of all its images.
        target: which SUV is asked for.

    Raises:
        InputError: what is needed is missing, differs between images, cannot be true, or contradicts itself.
    """
    units = headers.text("Units")
    if units in _OWN:
        return _of_suv(headers, units, target)
    if units == "BQML":
        return _of_activity(headers, target, 1.0, ("Units",))
    if units != "CNTS":
        found = units if units in _OTHER_UNITS else "another term" if units else "none"
        raise SeriesRefused(
            f"Units: must be BQML, GML, CM2ML, or CNTS of Philips, to be made SUV; found {found}.",
            hint="Ask for the series in BQML.",
        )
    factor = headers.number(PHILIPS_SUV)
    if factor is not None:
        rest, needed = _between(headers, "BW", target)
        used = ("Units", PHILIPS_SUV, *needed)
        return SuvFactors(
            (_positive(factor, PHILIPS_SUV) * rest,), target, {"used": used}, _cautions(headers)
        )
    scale = headers.number(PHILIPS_ACTIVITY)
    if scale is None:
        raise SeriesRefused(
            f"{PHILIPS_SUV} or {PHILIPS_ACTIVITY}: one must be there where Units are CNTS; found none.",
            hint="Ask for the series in BQML, or for a de-identification that keeps these (PS3.15, E.3.10).",
        )
    return _of_activity(headers, target, _positive(scale, PHILIPS_ACTIVITY), ("Units", PHILIPS_ACTIVITY))


def along_slices(
    factors: Sequence[float], headers: PetHeaders, affine: npt.NDArray[np.float64], slices: int
) -> tuple[float, ...]:
    """The factors in the order of a volume's slices; one where all are alike.

    Args:
        factors: one for all images, or one for each.
        headers: of the images.
        affine: of the volume: voxel to RAS, mm, shape (4, 4).
        slices: of the volume, along its third axis.

    Raises:
        SeriesRefused: the images are not one for each slice.
    """
    if len(set(factors)) == 1:
        return (factors[0],)
    placed: dict[int, float] = {}
    alike = True
    for factor, one in zip(factors, headers.slices, strict=True):
        x, y, z = one.position or (np.nan,) * 3
        place = float((np.linalg.inv(affine) @ (-x, -y, z, 1.0))[2])
        index = round(place) if np.isfinite(place) else -1
        if abs(place - index) <= _ON_PLACE:
            alike &= placed.setdefault(index, factor) == factor
    if not alike or set(placed) != set(range(slices)):
        raise SeriesRefused(
            "ImagePositionPatient: must place one image on each slice of the volume, as each has a decay of "
            "its own (DecayCorrection NONE); it does not.",
            hint="Run convert again, or ask for the series with DecayCorrection START.",
        )
    return tuple(placed[index] for index in range(slices))


def _of_suv(headers: PetHeaders, units: str, target: SuvType) -> SuvFactors:
    """Values that are SUV already; of another kind than the usual one, they are kept if they must be."""
    known = _OWN[units]
    told = headers.text("SUVType")
    source = next((one for one in known if one == (told or known[0])), None)
    if source is None:
        raise SeriesRefused(
            f"SUVType: must be one of {', '.join(known)} where Units are {units}; found another.",
            hint="Ask for the series in BQML.",
        )
    used = ("Units", *(("SUVType",) if told else ()))
    try:
        factor, needed = _between(headers, source, target)
    except InputError as error:
        if target != "BW":
            raise
        kept = f"the values stay SUV of type {source}, not by body weight: {error.message.rstrip('.')}"
        return SuvFactors((1.0,), source, {"used": used}, (kept, *_cautions(headers)))
    return SuvFactors((factor,), target, {"used": (*used, *needed)}, _cautions(headers))


def _between(headers: PetHeaders, source: SuvType, target: SuvType) -> tuple[float, tuple[str, ...]]:
    """From one kind of SUV to another, and the keywords of what it took: nothing for the same kind."""
    types = () if source == target else (source, target)
    return factor_between(source, target, _patient(headers, types)), _needed(types)


def _of_activity(headers: PetHeaders, target: SuvType, scale: float, used: tuple[str, ...]) -> SuvFactors:
    headers.require_one_administration()
    factor = scale * activity_factor(
        target, _patient(headers, (target,)), headers.number("RadionuclideTotalDose")
    )
    used = (*used, *_needed((target,)), "RadionuclideTotalDose", "DecayCorrection")
    correction = headers.text("DecayCorrection")
    if correction not in ("START", "ADMIN", "NONE"):
        raise SeriesRefused(
            f"DecayCorrection: must be START, ADMIN or NONE; found {'another' if correction else 'none'}.",
            hint="Correct it where the images come from, then import them again.",
        )
    warnings = _cautions(headers, "" if correction == "NONE" else "DECY")
    if correction == "ADMIN":
        _require_administration(headers)
        return SuvFactors((factor,), target, {"used": used}, warnings)
    seconds, nuclide = half_life(headers)
    times = pet_times(headers, seconds)
    used = (*used, nuclide, times.told_by)
    if correction == "START":
        found = decay_time(_timing(headers, times), seconds)
        left = [decayed(seconds, found.seconds)]
        facts = {"corrected_to": found.told_by, "confirmed_by": found.confirmed_by}
    else:
        require_uncorrected(_timing(headers, times))
        left = _left_each(headers, times, seconds)
        used = (*used, "AcquisitionTime", "ActualFrameDuration")
        facts = {"corrected_to": "", "confirmed_by": ""}
    each = tuple(factor / one for one in left)
    return SuvFactors(each, target, {"used": used, **facts}, (*warnings, *times.warnings))


def _require_administration(headers: PetHeaders) -> None:
    """Where the times are known, what was done to the values must be what DecayCorrection ADMIN says.

    Raises:
        InputError: it is not.
    """
    try:
        seconds, _ = half_life(headers)
        timing = _timing(headers, pet_times(headers, seconds))
    except InputError:  # no time is needed for the factor itself
        return
    require_administration(timing, seconds)


def _left_each(headers: PetHeaders, times: PetTimes, seconds: float) -> list[float]:
    """What was left of the dose in each image, at the time of its average activity."""
    durations = [(one or 0) / 1000 for one in headers.each_number("ActualFrameDuration")]
    if not all(one > 0 for one in durations):
        raise SeriesRefused(
            "ActualFrameDuration: must be above 0 in all images where DecayCorrection is NONE; it is not.",
            hint="Ask for the series with DecayCorrection START.",
        )
    starts = zip(times.acquired, durations, strict=True)
    return [decayed(seconds, start + average_time(duration, seconds)) for start, duration in starts]


def _timing(headers: PetHeaders, times: PetTimes) -> Timing:
    durations, frames = (headers.each_number(k) for k in ("ActualFrameDuration", "FrameReferenceTime"))
    return Timing(
        acquired=times.acquired,
        durations=tuple(None if one is None else one / 1000 for one in durations),
        decay_factors=headers.each_number("DecayFactor"),
        frame_times=tuple(None if one is None else one / 1000 for one in frames),
        series=times.series,
        scan=times.scan,
        frame_time_is_start=headers.text("Manufacturer").upper().startswith("GE"),
    )


def _patient(headers: PetHeaders, types: Sequence[SuvType]) -> PatientBody:
    """What the measures need; what they do not need is not asked for, and may differ."""
    needed = _needed(types)
    return PatientBody(
        weight=headers.number("PatientWeight") if "PatientWeight" in needed else None,
        size=headers.number("PatientSize") if "PatientSize" in needed else None,
        sex=headers.text("PatientSex") if "PatientSex" in needed else "",
    )


def _needed(types: Sequence[SuvType]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(keyword for one in types for keyword in NEEDED[one]))


def _cautions(headers: PetHeaders, decay: str | None = None) -> tuple[str, ...]:
    """What CorrectedImage tells against the values.

    Args:
        headers: of all images.
        decay: `DECY` where DecayCorrection says that decay was corrected, empty where it says that it was
            not, None where it does not matter.

    Raises:
        SeriesRefused: it contradicts DecayCorrection.
    """
    count = len(headers.slices)
    if not any(one.corrections for one in headers.slices):
        return ("CorrectedImage is absent: whether attenuation was corrected is not told",)
    lacking = headers.lacking("DECY")
    if (decay == "DECY" and lacking) or (decay == "" and lacking < count):
        raise SeriesRefused(
            "CorrectedImage: must name DECY where DecayCorrection is START or ADMIN, and not where it is "
            "NONE; the two contradict each other.",
            hint="Ask for the original series of the scanner.",
        )
    if lacking := headers.lacking("ATTN"):
        return (f"no attenuation correction: CorrectedImage lacks ATTN in {lacking} of {count} images",)
    return ()


def _positive(value: float, keyword: str) -> float:
    if value <= 0:
        raise SeriesRefused(f"{keyword}: must be above 0; found less.", hint="Ask for the series in BQML.")
    return value
