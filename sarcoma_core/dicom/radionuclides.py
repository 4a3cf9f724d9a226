"""Half-lives of the radionuclides of PET, by their codes in DICOM."""

from typing import NamedTuple

from sarcoma_core.dicom.radiopharmaceutical import PetHeaders
from sarcoma_core.errors import SeriesRefused

HALF_LIVES = (60.0, 2e6)
"""RadionuclideHalfLife of a radionuclide whose code is not known here, s: from Rb-82 to above As-74."""
TOLERANCE = 0.05
"""By how much RadionuclideHalfLife may differ from that of the code: 6588 and 6586 are in use for F-18."""

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0


class _Radionuclide(NamedTuple):
    name: str
    codes: tuple[str, ...]
    half_life: float


_KNOWN = (
    _Radionuclide("C-11", ("40565003", "C-105A1"), 20.364 * _MINUTE),
    _Radionuclide("N-13", ("21576001", "C-107A1"), 9.965 * _MINUTE),
    _Radionuclide("O-15", ("129504001", "C-B1038"), 122.24),
    _Radionuclide("F-18", ("77004003", "C-111A1"), 6586.2),
    _Radionuclide("Cu-64", ("3932008", "C-127A2"), 12.701 * _HOUR),
    _Radionuclide("Ga-68", ("35337001", "C-131A3"), 67.71 * _MINUTE),
    _Radionuclide("Rb-82", ("79197006", "C-159A2"), 1.2575 * _MINUTE),
    _Radionuclide("Zr-89", ("63360001", "C-168A4"), 78.41 * _HOUR),
    _Radionuclide("I-124", ("40937006", "C-114A5"), 4.176 * _DAY),
)
"""Codes of CID 4020 (PS3.16), SNOMED CT and the older SRT; half-lives of the NNDC (NuDat 3)."""


class HalfLife(NamedTuple):
    """The half-life of a series' radionuclide.

    Args:
        seconds: how long.
        told_by: the DICOM keyword of what tells it.
    """

    seconds: float
    told_by: str


def half_life(headers: PetHeaders) -> HalfLife:
    """The half-life: RadionuclideHalfLife, else that of the radionuclide's code.

    Args:
        headers: of the series.

    Raises:
        SeriesRefused: neither tells it, or the two contradict each other.
    """
    stated = headers.number("RadionuclideHalfLife") or None
    known = next((one for one in _KNOWN if headers.radionuclide in one.codes), None)
    if known is None:
        if stated is None or not HALF_LIVES[0] <= stated <= HALF_LIVES[1]:
            found = (
                "none, nor a code of RadionuclideCodeSequence that tells it" if stated is None else "another"
            )
            raise _refused(f"be {HALF_LIVES[0]:g} to {HALF_LIVES[1]:g} s", found)
        return HalfLife(stated, "RadionuclideHalfLife")
    if stated is None:
        return HalfLife(known.half_life, "RadionuclideCodeSequence")
    if abs(stated / known.half_life - 1) > TOLERANCE:
        raise _refused(f"be that of {known.name}, which RadionuclideCodeSequence names, in s", "another")
    return HalfLife(stated, "RadionuclideHalfLife")


def _refused(rule: str, found: str) -> SeriesRefused:
    return SeriesRefused(
        f"RadionuclideHalfLife: must {rule}; found {found}.",
        hint="Correct it where the images come from, then import them again.",
    )
