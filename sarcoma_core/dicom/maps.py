"""Which images are maps: computed or complex values that look like anatomy to no method made for anatomy.

Told by what the scanner says of the image: ImageType from its third value on (PS3.3, C.8.3.1.1.1 and, for
enhanced objects, C.8.16.1.3 and C.8.16.1.4; makers add words of their own) and ComplexImageComponent
(C.8.13.3.1.1). DERIVED alone is no map: reformats, filtered and corrected images are DERIVED, too.
"""

import re
from collections.abc import Iterable, Mapping

_FIRST = 2
"""Values 1 and 2 of ImageType say how an image came to be, not what it shows."""

_COMPONENTS: Mapping[str, str] = {
    "PHASE": "a phase image",
    "REAL": "a real part of a complex image",
    "IMAGINARY": "an imaginary part of a complex image",
}

_PHASE, _REAL, _IMAGINARY = _COMPONENTS.values()
_ADC, _DIFFUSION = "an ADC map", "a diffusion map"
_PERFUSION, _ENHANCEMENT = "a perfusion map", "an enhancement map"
_SUBTRACTION, _FUSED = "a subtraction", "a fused image"

_VALUES: Mapping[str, str] = {
    **dict.fromkeys(("P", "PHASE", "PHASE MAP", "PHASE IMAGE"), _PHASE),
    **dict.fromkeys(("R", "REAL"), _REAL),
    **dict.fromkeys(("I", "IMAGINARY"), _IMAGINARY),
    **dict.fromkeys(("FA", "EXP", "EXP ADC"), _DIFFUSION),
    **dict.fromkeys(("MSI", "PEI", "IAUC", "VE", "VP", "PE", "WASH IN", "WASH OUT"), _ENHANCEMENT),
}
"""Whole values; inside longer ones these letters may mean something else (IN PHASE is anatomy)."""

_WORDS: Mapping[str, str] = {
    **dict.fromkeys(("ADC", "EADC", "DADC"), _ADC),
    **dict.fromkeys(("TRACE", "TRACEW", "TENSOR", "COLFA", "ANISO", "ANISOTROPY"), _DIFFUSION),
    **dict.fromkeys(("CBF", "CBV", "RCBF", "RCBV", "RELCBF", "RELCBV", "CORRECTEDCBV"), _PERFUSION),
    **dict.fromkeys(("MTT", "RMTT", "RELMTT", "TTP", "TTD", "PBP", "NRBF", "NRBV", "TMAX"), _PERFUSION),
    **dict.fromkeys(("WASHIN", "WASHOUT", "KTRANS", "KEP", "ENHANCEMENT"), _ENHANCEMENT),
    **dict.fromkeys(("SUB", "SUBTRACTION", "SUBTRACT", "SUBTRACTED"), _SUBTRACTION),
    **dict.fromkeys(("FUSED", "FUSION"), _FUSED),
    **dict.fromkeys(("FRACTION", "FATFRACTION", "PDFF"), "a fat fraction map"),
    "VELOCITY": "a velocity map",
    "MAP": "a map",
}
"""Words that mean a map wherever they stand in a value."""

_OF_DERIVED: Mapping[str, str] = {
    "PERFUSION": _PERFUSION,
    **dict.fromkeys(("R1", "R2", "R2 STAR", "T2STAR", "R2STAR"), "a relaxation map"),
}
"""Whole values that mean a map in a DERIVED image, and how it was acquired in an ORIGINAL one."""
_OF_DERIVED_CONTRAST: Mapping[str, str] = dict.fromkeys(("T1", "T2", "T2 STAR"), "a relaxation map")
"""As above, from the fourth value on (how contrast was derived); the third tells how it was weighted."""


def map_in(image_type: Iterable[str], component: str = "") -> str:
    """What kind of map an image is; empty when it is none.

    Args:
        image_type: the values of ImageType or FrameType.
        component: ComplexImageComponent.
    """
    values = [re.sub(r"[^A-Z0-9]+", " ", value.upper()).strip() for value in image_type]
    if kind := _COMPONENTS.get(component.upper().strip()):
        return kind
    told = [_kind(value) for value in values[_FIRST:]]
    if values[:1] == ["DERIVED"]:
        told += [_OF_DERIVED.get(value, "") for value in values[_FIRST:]]
        told += [_OF_DERIVED_CONTRAST.get(value, "") for value in values[_FIRST + 1 :]]
    return next((kind for kind in told if kind), "")


def _kind(value: str) -> str:
    return _VALUES.get(value) or next((_WORDS[word] for word in value.split() if word in _WORDS), "")
