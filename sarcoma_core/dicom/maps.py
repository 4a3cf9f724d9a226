"""Which images are maps: computed or complex values that look like anatomy to no method made for anatomy.

Told by what the scanner says of the image: ImageType from its third value on (PS3.3, C.8.3.1.1.1 and, for
enhanced objects, C.8.16.1.3 and C.8.16.1.4; makers add words of their own) and ComplexImageComponent
(C.8.13.3.1.1). DERIVED alone is no map: reformats, filtered and corrected images are DERIVED, too.
"""

import re
from collections.abc import Iterable, Mapping

_COMPONENTS: Mapping[str, str] = {
    "PHASE": "a phase image",
    "REAL": "a real part of a complex image",
    "IMAGINARY": "an imaginary part of a complex image",
}

_PHASE, _REAL, _IMAGINARY = _COMPONENTS.values()
_ADC, _DIFFUSION, _RELAXATION = "an ADC map", "a diffusion map", "a relaxation map"
_PERFUSION, _ENHANCEMENT = "a perfusion map", "an enhancement map"
_SUBTRACTION, _FUSED, _FAT, _FIELD = "a subtraction", "a fused image", "a fat fraction map", "a field map"

_VALUES: Mapping[str, str] = {
    **dict.fromkeys(("P", "PHASE IMAGE"), _PHASE),
    **dict.fromkeys(("R2", "R2 STAR", "R2STAR", "R1"), _RELAXATION),
    "B0": _FIELD,
    "PERFUSION WEIGHTED": _PERFUSION,
}
"""Whole values that mean a map in any image."""

_OF_NO_MAGNITUDE: Mapping[str, str] = {
    **dict.fromkeys(("R", "REAL"), _REAL),
    **dict.fromkeys(("I", "IMAGINARY"), _IMAGINARY),
}
"""Whole values that name a part of a complex image, unless another one says that it is a magnitude (M)."""

_OF_DERIVED: Mapping[str, str] = {
    **dict.fromkeys(("FA", "EXP", "MD", "RA", "RD", "AD", "LAMBDA1", "LAMBDA2", "LAMBDA3"), _DIFFUSION),
    **dict.fromkeys(("MSI", "PEI", "PE", "VE", "VP", "AUC", "TTEST", "T TEST"), _ENHANCEMENT),
    **dict.fromkeys(("WASH IN", "WASH OUT", "POS ENH INTEGRAL"), _ENHANCEMENT),
    **dict.fromkeys(("FF", "PDFF"), _FAT),
    **dict.fromkeys(("DIVISION", "STD DEVIATION"), "a quotient or deviation of images"),
    "PERFUSION": _PERFUSION,
}
"""Whole values that mean a map in a DERIVED image; in an ORIGINAL one they name how it was acquired."""

_WORDS: Mapping[str, str] = {
    **dict.fromkeys(("ADC", "EADC", "DADC", "AVDC"), _ADC),
    **dict.fromkeys(("TRACE", "TRACEW", "TENSOR", "COLFA", "ANISO", "ANISOTROPY"), _DIFFUSION),
    **dict.fromkeys(("CBF", "CBV", "RCBF", "RCBV", "RELCBF", "RELCBV", "CORRECTEDCBV"), _PERFUSION),
    **dict.fromkeys(("MTT", "RMTT", "RELMTT", "TTP", "TTD", "PBP", "NRBF", "NRBV", "TMAX"), _PERFUSION),
    **dict.fromkeys(("WASHIN", "WASHOUT", "KTRANS", "KEP", "IAUC", "IAUGC", "ENHANCEMENT"), _ENHANCEMENT),
    **dict.fromkeys(("SUB", "SUBTRACTION", "SUBTRACT", "SUBTRACTED"), _SUBTRACTION),
    **dict.fromkeys(("FUSED", "FUSION"), _FUSED),
    **dict.fromkeys(("FRACTION", "FATFRACTION"), _FAT),
    **dict.fromkeys(("QSM", "STIFFNESS", "ELASTOGRAM"), "a map"),
    "VELOCITY": "a velocity map",
    "MAP": "a map",
}
"""Words that mean a map wherever they stand in a value."""

MAP_WORDS = frozenset((*_VALUES, *_OF_NO_MAGNITUDE, *_OF_DERIVED, *_WORDS))
"""Values of ImageType, and words in them, that name a map or a part of a complex image."""
_IN_PHASE = frozenset(("IN", "OUT", "OPP", "OPPOSED", "OP", "CONTRAST"))
"""Words beside PHASE in the names of anatomy: in and opposed phase of Dixon, phase contrast."""

_JOINED = re.compile(r"K TRANS|IAUC\d*|[A-Z0-9]+MAP")


def map_in(image_type: Iterable[str], component: str = "") -> str:
    """What kind of map an image is; empty when it is none.

    Args:
        image_type: the values of ImageType or FrameType.
        component: ComplexImageComponent.
    """
    values = [re.sub(r"[^A-Z0-9]+", " ", value.upper()).strip() for value in image_type]
    if kind := _COMPONENTS.get(component.upper().strip()):
        return kind
    told = [_kind(value) for value in values[1:]]  # the first says how the image came to be
    if "M" not in values:
        told += [_OF_NO_MAGNITUDE.get(value, "") for value in values[1:]]
    if values[:1] == ["DERIVED"] and "NONE" not in values:
        told += [_OF_DERIVED.get(value, "") for value in values[1:]]
    return next((kind for kind in told if kind), "")


def _kind(value: str) -> str:
    words = value.split()
    if "PHASE" in words and not _IN_PHASE.intersection(words):
        return _PHASE
    for name, kind in _COMPONENTS.items():
        if words[:1] == [name] and len(words) > 1:
            return kind
    known = _VALUES.get(value) or next((_WORDS[word] for word in words if word in _WORDS), "")
    if known or not _JOINED.fullmatch(value):
        return known
    joined = value.replace(" ", "")
    return next((kind for word, kind in _WORDS.items() if joined.startswith(word)), "a map")
